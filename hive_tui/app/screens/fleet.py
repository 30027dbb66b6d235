"""The first screen: all envs at a glance, what needs a person, what runs."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.timer import Timer
from textual.widgets import Input

from hive_tui.app.actions import FLEET, bindings
from hive_tui.app.dossier import WORDS_S, Dossier
from hive_tui.app.lines import BLANK, Line, Span, cut, faded
from hive_tui.app.ordering import Sort, arranged
from hive_tui.app.screens.base import Deed, EnvDeeds
from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage.items import needs
from hive_tui.app.views.head import banner, fleet_head, fleet_view, needs_line, status_line
from hive_tui.app.views.preview import LEAST, preview
from hive_tui.app.widgets.field import Field
from hive_tui.app.widgets.fleet_grid import FleetGrid, arrange
from hive_tui.app.widgets.rows import Rows
from hive_tui.client.protocol import HiveClient
from hive_tui.model.environment import EnvDetail

_NO_ENV: tuple[Line | str, ...] = (
    BLANK,
    (Span("  No env yet.", "strong"),),
    BLANK,
    "  {env.new} makes one: a worktree, a branch, ports and services. {app.help} shows all keys.",
    (Span("  From a shell: ", "muted"), Span("hive spawn NAME --warm", "text")),
)
_NO_MATCH: tuple[Line | str, ...] = (
    BLANK,
    (Span("  No env holds that.", "strong"),),
    BLANK,
    "  {fleet.clear} shows all of them again.",
)

_RESTED_S = 0.15
"""How long the selection rests on an env before the daemon is asked about it."""

_SHARE = 0.4
"""What the preview takes of the height where it was asked for."""


class FleetScreen(EnvDeeds):
    """The fleet as tiles, and below them the selected env where there is room for it."""

    AREA = FLEET
    BINDINGS = bindings(FLEET)

    def __init__(self, client: HiveClient, *, id: str | None = None) -> None:
        """Create the screen: all envs, in the order in which they were made.

        Args:
            client: Whom to ask about the selected env.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._sort = Sort.MADE
        self._dossier = Dossier(self, client, self.redraw)
        self._wanted: bool | None = None
        """Whether the preview was asked for or sent away; `None`: as there is room."""
        self._preview_rows = 0
        """Rows of the preview; 0: there is none."""
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Head line, tiles, foot."""
        yield Rows(id="head")
        with Container(id="body"):
            yield FleetGrid(id="fleet")
            yield Rows(id="empty")
            yield Rows(id="preview")
        yield Field(id="search", placeholder="name, branch, state, broken service")
        yield Rows(id="foot")

    def on_mount(self) -> None:
        """Draw; the keys go to the tiles, not to the filter."""
        super().on_mount()
        self.query_one(FleetGrid).focus()
        self.set_interval(WORDS_S, lambda: self._dossier.forget("words"))

    def chosen(self) -> tuple[EnvDetail, ...]:
        """The marked envs."""
        envs = self.hive.state.envs
        return tuple(envs[env] for env in self.query_one(FleetGrid).marked if env in envs)

    def env(self) -> EnvDetail | None:
        """The selected env."""
        selected = self.query_one(FleetGrid).selected
        return self.hive.state.envs.get(selected) if selected else None

    def bring(self, env: str) -> None:
        """Select it."""
        self.query_one(FleetGrid).select(env)

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
            "fleet.filter": lambda _: self._open_filter(),
            "fleet.mark": lambda _: self._mark(),
            "fleet.sort": lambda _: self._sort_next(),
            "fleet.jump": self._jump,
            "fleet.clear": lambda _: self._clear(),
            "fleet.next_need": lambda _: self._next_need(1),
            "fleet.previous_need": lambda _: self._next_need(-1),
            "fleet.preview": lambda _: self._toggle_preview(),
        }

    def show(self, state: HiveState) -> None:
        """Draw head, tiles and foot."""
        look = self.hive.look()
        width = self.app.size.width
        words = self.query_one("#search", Input).value
        envs = arranged(state, self._sort, words)
        head = fleet_head(state, width, look, self._sort)
        notice = banner(state, width, look)
        with self.app.batch_update():
            self.query_one("#head", Rows).put(*((head, notice) if notice else (head,)))
            grid = self.query_one(FleetGrid)
            grid.put(envs, state.history, look, out_of_date=state.out_of_date)
            empty = not envs and state.link is Link.LIVE
            grid.display = not empty
            hint = self.query_one("#empty", Rows)
            hint.display = empty
            words_of = _NO_MATCH if state.envs else _NO_ENV
            hint.put(*(look.worded(w) if isinstance(w, str) else w for w in words_of))
            self._make_room()
            self._show_preview()
            self._show_foot(state)
        self._ask()

    @on(Input.Changed, "#search")
    def filtered(self) -> None:
        """Filter as it is typed."""
        self.redraw()

    @on(Input.Submitted, "#search")
    def filter_kept(self) -> None:
        """Back to the tiles; the filter stays."""
        self._close_filter()

    @on(FleetGrid.Opened)
    def open_clicked(self, message: FleetGrid.Opened) -> None:
        """Open what was clicked twice."""
        self.hive.open_env(message.env)

    @on(FleetGrid.Selected)
    def reselected(self) -> None:
        """What is possible depends on the selected env, and the preview is about it."""
        self._show_foot(self.hive.state)
        self._show_preview()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_RESTED_S, self._rested)

    def _show_foot(self, state: HiveState) -> None:
        look, width = self.hive.look(), self.app.size.width
        grid = self.query_one(FleetGrid)
        words = self.query_one("#search", Input).value
        shown = fleet_view(words, len(grid.marked), len(state.envs), grid.count, look)
        first = shown or needs_line(state, width, look)
        self.show_foot(cut(first, width), status_line(state, width, look))

    def _make_room(self) -> None:
        """Give the preview what the tiles leave, or its share where it was asked for."""
        grid = self.query_one(FleetGrid)
        body, screen = self.query_one("#body").size, self.app.size
        plan = arrange(grid.count, body.width, body.height, (screen.width, screen.height))
        room = body.height - plan.height(grid.count) - 1
        if self._wanted:
            room = max(room, int(body.height * _SHARE))
        fits = LEAST <= room < body.height - plan.pitch and plan.rows > 1
        self._preview_rows = room if fits and self._wanted is not False and grid.selected else 0
        shown = self.query_one("#preview", Rows)
        shown.display = self._preview_rows > 0
        shown.styles.height = self._preview_rows

    def _show_preview(self) -> None:
        env = self.env()
        if not self._preview_rows or env is None:
            return
        self._dossier.begin(env.id)
        state = self.hive.shown()
        lines = preview(
            self._dossier.complete(state.envs[env.id]),
            state.events,
            self._dossier.trace,
            (self.app.size.width - 1, self._preview_rows),
            self.hive.look(),
            self._dossier.words,
        )
        self.query_one("#preview", Rows).put(
            *(tuple(faded(line) for line in lines) if state.out_of_date else lines)
        )

    def _rested(self) -> None:
        self._resting = None
        self._ask()

    def _ask(self) -> None:
        """Ask about the selected env, unless the selection is on its way to another one."""
        env, shown = self.env(), self._preview_rows > 0
        live = self.hive.state.link is Link.LIVE
        if env and shown and live and self._resting is None and self.is_current:
            self._dossier.ask(env, ports=False)

    def _toggle_preview(self) -> None:
        self._wanted = not self._preview_rows
        self.redraw()
        if self._wanted and not self._preview_rows:
            self._wanted = None
            self.app.notify("the terminal is too small", timeout=3)

    def _open_filter(self) -> None:
        field = self.query_one("#search", Input)
        field.add_class("-open")
        self.set_focus(field)

    def _close_filter(self) -> None:
        field = self.query_one("#search", Input)
        field.set_class(bool(field.value), "-open")
        self.set_focus(self.query_one(FleetGrid))
        self.redraw()

    def _clear(self) -> None:
        """Marks first, then the filter."""
        grid, field = self.query_one(FleetGrid), self.query_one("#search", Input)
        if grid.marked and self.focused is not field:
            grid.unmark()
        else:
            field.value = ""
            self._close_filter()
        self.redraw()

    def _mark(self) -> None:
        self.query_one(FleetGrid).mark()
        self.redraw()

    def _sort_next(self) -> None:
        self._sort = self._sort.next
        self.redraw()

    def _jump(self, key: str) -> None:
        grid = self.query_one(FleetGrid)
        if key.isdigit() and int(key) > grid.count:
            self.app.notify(f"there is no tile {key}", timeout=3)
        elif key.isdigit():
            grid.select_at(int(key) - 1)

    def _next_need(self, by: int) -> None:
        """Select the next env that needs a person, or the one before."""
        grid, state = self.query_one(FleetGrid), self.hive.state
        found = [need.env for need in needs(state.envs.values(), state.put_off)]
        start = -1 if by > 0 else 0
        at = (found.index(grid.selected) if grid.selected in found else start) + by
        grid.select(found[at % len(found)])
