"""How to start, for someone whose hive has no project yet."""

from __future__ import annotations

from textual.app import ComposeResult

from hive_tui.app.actions import WELCOME, bindings
from hive_tui.app.lines import BLANK, Line, Span
from hive_tui.app.screens.base import HiveScreen
from hive_tui.app.state import HiveState
from hive_tui.app.views.head import banner
from hive_tui.app.widgets.rows import Pages, Rows

_PAGE: tuple[Line, ...] = (
    (Span("  Welcome.", "strong"),),
    BLANK,
    (Span("  An env is a worktree, a branch, a block of ports and its own services.", "muted"),),
    (Span("  This screen shows all of them, once there is a project.", "muted"),),
    BLANK,
    (Span("  To look around first", "heading"),),
    (Span("    hive demo      ", "accent"), Span("a sample project with several envs", "muted")),
    BLANK,
    (Span("  To begin with your own", "heading"),),
    (Span("    cd your-repository", "accent"),),
    (
        Span("    hive init      ", "accent"),
        Span("writes a hive.toml out of what is there", "muted"),
    ),
    (Span("    hive           ", "accent"), Span("opens this dashboard on it", "muted")),
    BLANK,
    (Span("  This screen gives way by itself as soon as a project is known.", "dim"),),
)


class WelcomeScreen(HiveScreen):
    """Two ways to begin."""

    AREA = WELCOME
    BINDINGS = bindings(WELCOME)

    def compose(self) -> ComposeResult:
        """Head line, page, foot."""
        yield Rows(id="head")
        yield Pages(id="page")
        yield Rows(id="foot")

    def show(self, state: HiveState) -> None:
        """Draw the page."""
        look, width = self.hive.look(), self.app.size.width
        notice = banner(state, width, look)
        head: Line = (Span(" hive", "heading"),)
        self.query_one("#head", Rows).put(*((head, notice) if notice else (head,)))
        self.query_one(Pages).put(_PAGE)
        self.show_foot()
