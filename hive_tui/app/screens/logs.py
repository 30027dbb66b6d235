"""The logs of one env: followed, held, searched; one service or all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from hive_tui.app import figures
from hive_tui.app.actions import LOGS, bindings
from hive_tui.app.lines import BLANK, Line, Span, beside, cut, safe
from hive_tui.app.ring import Ring, parse_lines
from hive_tui.app.screens.base import Deed, HiveScreen
from hive_tui.app.state import HiveState, Link
from hive_tui.app.views.head import banner, env_head
from hive_tui.app.widgets.log_view import LogView, find
from hive_tui.app.widgets.rows import Rows
from hive_tui.model.environment import EnvDetail
from hive_tui.model.errors import HiveError
from hive_tui.model.levels import Level
from hive_tui.model.wire import LogLine

FRAME_S = 1 / 25
_FIRST_LINES = 2000


class LogsScreen(HiveScreen):
    """Follows the logs of an env."""

    AREA = LOGS
    BINDINGS = bindings(LOGS)

    def __init__(self, env: str, source: str | None = None) -> None:
        """Create the screen.

        Args:
            env: `project/name`.
            source: The only service, task or suite to follow; `None`: all.
        """
        super().__init__()
        self._env = env
        self._source = source
        self._all = source is None
        self._ring = Ring()
        self._newest: float | None = None
        self._known: frozenset[LogLine] = frozenset()
        self._live = asyncio.Event()
        self._due = False
        self._seen: tuple[float, int] | None = None
        self._rate = 0.0
        self._found: int | None = None

    def compose(self) -> ComposeResult:
        """Head line, log, search field, foot."""
        yield Rows(id="head")
        yield LogView(self._ring, id="log")
        yield Input(id="search", placeholder="text to mark; enter goes to the match above")
        yield Rows(id="foot")

    def env(self) -> EnvDetail | None:
        """The env whose logs these are."""
        return self.hive.state.envs.get(self._env)

    def service(self) -> str | None:
        """The service that the screen was opened for."""
        return self._source

    def deeds(self) -> Mapping[str, Deed]:
        """Moving in the log, holding it, choosing sources, searching."""
        view = self.query_one(LogView)
        page = max(1, view.size.height - 1)
        return {
            **super().deeds(),
            "app.back": lambda _: self._back(),
            "logs.hold": lambda _: view.hold() if view.following else view.follow(),
            "logs.search": lambda _: self._open_search(),
            "logs.previous": lambda _: self._jump(-1),
            "logs.next": lambda _: self._jump(1),
            "logs.error": lambda _: self._jump_to_error(-1),
            "logs.error_below": lambda _: self._jump_to_error(1),
            "logs.level": lambda _: self._next_level(),
            "logs.all": lambda _: self._widen(),
            "logs.source": self._toggle,
            "logs.left": lambda _: view.scroll_sideways(-1),
            "logs.right": lambda _: view.scroll_sideways(1),
            "view.up": lambda _: view.scroll_lines(-1),
            "view.down": lambda _: view.scroll_lines(1),
            "view.page_up": lambda _: view.scroll_lines(-page),
            "view.page_down": lambda _: view.scroll_lines(page),
            "view.start": lambda _: view.to_start(),
            "view.end": lambda _: view.follow(),
        }

    def on_mount(self) -> None:
        """Draw, and begin to follow."""
        super().on_mount()
        self.query_one(LogView).focus()
        self._start()
        self.set_interval(1.0, self._measure)

    def show(self, state: HiveState) -> None:
        """Draw head and foot; the log draws itself."""
        if state.link is Link.LIVE:
            self._live.set()
        else:
            self._live.clear()
        look, width = self.hive.look(), self.app.size.width
        env = self.env()
        line = env_head(env, width, look) if env else (Span(f" {safe(self._env)}", "muted"),)
        notice = banner(state, width, look)
        self.query_one("#head", Rows).put(*((line, notice) if notice else (line,)))
        self._show_foot()

    @on(LogView.Moved)
    def moved(self) -> None:
        """Say whether it follows."""
        self._show_foot()

    @on(Input.Submitted, "#search")
    def search(self, event: Input.Submitted) -> None:
        """Mark the text and go to the nearest match above."""
        view = self.query_one(LogView)
        self._found = view.mark(event.value) if event.value else None
        if not event.value:
            view.mark("")
        self._close_search()
        if self._found:
            view.jump(-1)
        self._show_foot()

    def _back(self) -> None:
        if self.query_one("#search", Input).has_class("-open"):
            self._close_search()
        elif self.query_one(LogView).needle:
            self.query_one(LogView).mark("")
            self._found = None
            self._show_foot()
        else:
            self.hive.back()

    def _open_search(self) -> None:
        field = self.query_one("#search", Input)
        field.add_class("-open")
        field.cursor_blink = False
        field.focus()

    def _close_search(self) -> None:
        self.query_one("#search", Input).remove_class("-open")
        self.query_one(LogView).focus()

    def _jump(self, direction: int) -> None:
        view = self.query_one(LogView)
        if not view.needle:
            self.app.notify("nothing is marked: / searches", markup=False, timeout=3)
        elif not view.jump(direction):
            side = "above" if direction < 0 else "below"
            self.app.notify(f"no match {side}", markup=False, timeout=3)

    def _jump_to_error(self, direction: int) -> None:
        if not self.query_one(LogView).jump_to_error(direction):
            side = "above" if direction < 0 else "below"
            self.app.notify(f"no error {side}", markup=False, timeout=3)

    def _next_level(self) -> None:
        self._ring.show_from(self._ring.least.next)
        self.query_one(LogView).replaced()

    def _toggle(self, key: str) -> None:
        at = int(key) - 1 if key.isdigit() else 0
        if at < len(self._ring.sources):
            self._ring.toggle(self._ring.sources[at])
            self.query_one(LogView).replaced()

    def _widen(self) -> None:
        """From the chosen service to all of them, or back."""
        self._all = not self._all
        self._ring.clear()
        self._newest, self._known = None, frozenset()
        self.query_one(LogView).follow()
        self._start()

    def _start(self) -> None:
        self.run_worker(self._follow(), group="follow", exclusive=True, exit_on_error=False)

    async def _follow(self) -> None:
        """Follow for as long as the screen lives; after a loss, go on where it ended."""
        while True:
            await self._live.wait()
            params: dict[str, Any] = {
                "env": self._env,
                "sources": [self._source] if self._source and not self._all else [],
                "lines": _FIRST_LINES,
                "since": self._newest,
                "grep": None,
                "follow": True,
            }
            try:
                await self.hive.client.call("logs", params, self._take)
            except HiveError as error:
                if error.code != "disconnected":
                    self.app.notify(safe(error.message), severity="error", markup=False, timeout=10)
                    return
            self._live.clear()
            self._known = frozenset(self._ring.shown[-_FIRST_LINES:])

    def _take(self, event: Any) -> None:
        lines = parse_lines(event)
        if self._known:  # the first answer after a loss overlaps with what is here
            lines = [line for line in lines if line not in self._known]
            self._known = frozenset()
        if not lines:
            return
        self._newest = max(self._newest or 0.0, lines[-1].at)
        self._ring.extend(lines)
        if self._found is not None:
            self._found += len(find(lines, self.query_one(LogView).needle))
        if not self._due:
            self._due = True
            self.set_timer(FRAME_S, self._draw)

    def _draw(self) -> None:
        self._due = False
        self.query_one(LogView).grew()
        self._show_foot()

    def _measure(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._seen is not None:
            self._rate = (self._ring.total - self._seen[1]) / max(0.001, now - self._seen[0])
        self._seen = (now, self._ring.total)
        self._show_foot()

    def _show_foot(self) -> None:
        view, width = self.query_one(LogView), self.app.size.width
        if view.following:
            state: Line = (Span(" following", "good"),)
        else:
            state = (
                Span(" held", "warning"),
                Span(f"  {figures.count(view.behind, 'line')} below", "muted"),
            )
        rate = f"  {self._rate:.0f} lines/s" if self._rate >= 1 else ""
        left: Line = (*state, Span(f"  {figures.count(self._ring.total, 'line')}{rate}", "dim"))
        if self._ring.least is not Level.ALL:
            left = (*left, Span(f"  {self._ring.least.words}", "match"))
        if view.column:
            left = (*left, Span(f"  from column {view.column + 1}", "muted"))
        if view.needle:
            found = figures.count(self._found or 0, "line")
            left = (*left, Span(f"  {found} with “{safe(view.needle)}”", "match"))
        names: list[Span] = []
        for at, name in enumerate(self._ring.sources[:9], 1):
            off = name in self._ring.hidden
            names.append(Span(f"{at}", "dim" if off else "accent"))
            names.append(Span(f" {safe(name)}{' off' if off else ''}  ", "dim" if off else "muted"))
        line = beside(left, cut(names, max(10, width // 2)), width) if names else left
        self.show_foot(line or BLANK)
