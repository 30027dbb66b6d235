"""How to start, for someone whose hive has no project yet."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from textual.app import ComposeResult

from hive_tui.app.actions import WELCOME, bindings
from hive_tui.app.lines import BLANK, Line, Span, cut, safe
from hive_tui.app.possible import Situation
from hive_tui.app.screens.base import Deed, HiveScreen
from hive_tui.app.state import HiveState
from hive_tui.app.views.head import banner
from hive_tui.app.widgets.rows import Pages, Rows


class WelcomeScreen(HiveScreen):
    """Two ways to begin, each a key."""

    AREA = WELCOME
    BINDINGS = bindings(WELCOME)

    def compose(self) -> ComposeResult:
        """Head line, page, foot."""
        yield Rows(id="head")
        yield Pages(id="page")
        yield Rows(id="foot")

    def deeds(self) -> Mapping[str, Deed]:
        """The two ways."""
        return {
            **super().deeds(),
            "welcome.demo": lambda _: self._make_demo(),
            "welcome.init": lambda _: self.hive.write_toml(),
        }

    def situation(self) -> Situation:
        """With what there is to begin with."""
        repository = self.hive.repository
        return msgspec.structs.replace(
            super().situation(),
            repository=str(repository) if repository else None,
            making=self.hive.demo.running,
        )

    def show(self, state: HiveState) -> None:
        """Draw the page."""
        look, width = self.hive.look(), self.app.size.width
        notice = banner(state, width, look)
        head: Line = (Span(" hive", "heading"),)
        self.query_one("#head", Rows).put(*((head, notice) if notice else (head,)))
        self.query_one(Pages).put([cut(line, width) for line in self._page()])
        self.show_foot()

    def _make_demo(self) -> None:
        self.hive.demo.start()
        self.redraw()

    def _page(self) -> list[Line]:
        look, demo, repository = self.hive.look(), self.hive.demo, self.hive.repository
        lines: list[Line] = [
            (Span("  Welcome.", "strong"),),
            BLANK,
            _quiet("An env is a worktree, a branch, a block of ports and its own services."),
            _quiet("This screen shows all of them, once there is a project."),
            BLANK,
            (Span("  To look around first", "heading"),),
            look.worded("    {welcome.demo}  makes a sample project with several envs"),
            _command("hive demo", "does the same from a shell"),
        ]
        if demo.running:
            lines += [BLANK, (Span("    making it", "moving"),)]
            lines += [(Span(f"    {line}", "muted"),) for line in demo.lines[-4:]]
        lines += [BLANK, (Span("  To begin with your own", "heading"),)]
        if repository is not None:
            lines.append(look.worded("    {welcome.init}  writes a hive.toml for"))
            lines[-1] = (*lines[-1], Span(f" {safe(str(repository))}", "text"))
        else:
            lines.append((Span("    cd your-repository", "accent"),))
        return [
            *lines,
            _command("hive init", "writes a hive.toml out of what is there"),
            _command("hive", "opens this dashboard on it"),
            BLANK,
            (Span("  This screen gives way by itself as soon as a project is known.", "dim"),),
        ]


def _quiet(text: str) -> Line:
    return (Span(f"  {text}", "muted"),)


def _command(command: str, does: str) -> Line:
    return (Span(f"    {command:<15}", "accent"), Span(does, "muted"))
