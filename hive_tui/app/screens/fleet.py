"""The first screen: all envs at a glance, what needs a person, what runs."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from hive_tui.app.actions import FLEET, bindings
from hive_tui.app.lines import BLANK, Line, Span
from hive_tui.app.screens.base import Deed, EnvDeeds
from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage import needs
from hive_tui.app.views.head import banner, fleet_head, needs_line, status_line
from hive_tui.app.widgets.fleet_grid import FleetGrid
from hive_tui.app.widgets.rows import Rows
from hive_tui.model.environment import EnvDetail

_NO_ENV: tuple[Line, ...] = (
    BLANK,
    (Span("  No env yet.", "strong"),),
    BLANK,
    (Span("  n", "accent"), Span(" makes one: a worktree, a branch, ports and services.", "muted")),
    (Span("  From a shell: ", "muted"), Span("hive spawn NAME --warm", "text")),
)


class FleetScreen(EnvDeeds):
    """The fleet as tiles."""

    AREA = FLEET
    BINDINGS = bindings(FLEET)

    def compose(self) -> ComposeResult:
        """Head line, tiles, foot."""
        yield Rows(id="head")
        with Container(id="body"):
            yield FleetGrid(id="fleet")
            yield Rows(id="empty")
        yield Rows(id="foot")

    def env(self) -> EnvDetail | None:
        """The selected env."""
        selected = self.query_one(FleetGrid).selected
        return self.hive.state.envs.get(selected) if selected else None

    def deeds(self) -> Mapping[str, Deed]:
        """Moving about, opening, making; and the intents of the selected env."""
        grid = self.query_one(FleetGrid)
        return {
            **super().deeds(),
            "env.open": lambda _: self.hive.open_env(self._target().id),
            "env.new": lambda _: self.hive.ask_new(self.env()),
            "env.undo": lambda _: self.hive.intents.undo(),
            "fleet.left": lambda _: grid.move(columns=-1),
            "fleet.right": lambda _: grid.move(columns=1),
            "fleet.up": lambda _: grid.move(rows=-1),
            "fleet.down": lambda _: grid.move(rows=1),
            "fleet.page_up": lambda _: grid.move_page(-1),
            "fleet.page_down": lambda _: grid.move_page(1),
            "fleet.first": lambda _: grid.select_at(0),
            "fleet.last": lambda _: grid.select_at(-1),
            "fleet.next_need": lambda _: self._next_need(),
        }

    def show(self, state: HiveState) -> None:
        """Draw head, tiles and foot."""
        look = self.hive.look()
        width = self.app.size.width
        out_of_date = state.link is Link.LOST
        head = fleet_head(state, width, look)
        notice = banner(state, width, look)
        with self.app.batch_update():
            self.query_one("#head", Rows).put(*((head, notice) if notice else (head,)))
            grid = self.query_one(FleetGrid)
            grid.put(state.envs, state.history, look, out_of_date=out_of_date)
            empty = not state.envs and state.link is Link.LIVE
            grid.display = not empty
            hint = self.query_one("#empty", Rows)
            hint.display = empty
            hint.put(*_NO_ENV)
            self._show_foot(state)

    @on(FleetGrid.Opened)
    def open_clicked(self, message: FleetGrid.Opened) -> None:
        """Open what was clicked twice."""
        self.hive.open_env(message.env)

    @on(FleetGrid.Selected)
    def reselected(self) -> None:
        """What is possible depends on the selected env."""
        self._show_foot(self.hive.state)

    def _show_foot(self, state: HiveState) -> None:
        look, width = self.hive.look(), self.app.size.width
        self.show_foot(needs_line(state, width, look), status_line(state, width, look))

    def _next_need(self) -> None:
        grid = self.query_one(FleetGrid)
        found = [need.env for need in needs(self.hive.state.envs.values())]
        at = found.index(grid.selected) + 1 if grid.selected in found else 0
        grid.select(found[at % len(found)])
