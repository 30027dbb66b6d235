"""The logs of one env: followed, held, filtered, searched to their start; one service or all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.events import Key
from textual.widgets import Input
from textual.worker import Worker

from hive_tui.app.actions import BY_ID, LOGS, bindings
from hive_tui.app.lines import Line, Span, safe
from hive_tui.app.log_feed import LogFeed
from hive_tui.app.log_find import kept
from hive_tui.app.ring import Page, Place, Ring, Window
from hive_tui.app.screens.base import Deed, HiveScreen
from hive_tui.app.state import HiveState, Link
from hive_tui.app.views.head import banner, env_head
from hive_tui.app.views.log_foot import LAG_BYTES, LogStatus, log_foot
from hive_tui.app.widgets.log_view import LogView
from hive_tui.app.widgets.rows import Rows
from hive_tui.model.environment import EnvDetail
from hive_tui.model.errors import HiveError
from hive_tui.model.levels import Level
from hive_tui.model.log_filter import LogFilter

FRAME_S = 1 / 25

Look = Callable[[], Coroutine[Any, Any, None]]
"""Reads something beside what follows."""

_HINTS = {
    "search": "text to mark; enter goes to the match above",
    "filter": "show only lines with this text; enter keeps it, esc does not",
}


class LogsScreen(HiveScreen):
    """Shows the logs of an env."""

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
        self._live = asyncio.Event()
        self._due = self._grew = False
        self._seen: tuple[float, int, bool] | None = None
        self._rate = 0.0
        self._found = 0
        self._typing = ""
        """What the field is for: `search` or `filter`; "" while it is closed."""
        self._before = LogFilter()
        """The filter as it was before one was typed."""
        self._looks = 0
        self._looking = False
        """Whether something is being read beside what follows."""
        self._searching = False
        """Whether that is for a text or an error."""
        self._resting = False
        """Whether the person cancelled what was read to fill the window."""

    def compose(self) -> ComposeResult:
        """Head line, log, field, foot."""
        yield Rows(id="head")
        yield LogView(self._ring, id="log")
        yield Input(id="search")
        yield Rows(id="foot")

    def env(self) -> EnvDetail | None:
        """The env whose logs these are."""
        return self.hive.state.envs.get(self._env)

    def service(self) -> str | None:
        """The service that the screen was opened for."""
        return self._source

    def deeds(self) -> Mapping[str, Deed]:
        """Moving in the log, holding it, choosing what is shown, searching."""
        view = self._view
        page = max(1, view.size.height - 1)
        return {
            **super().deeds(),
            "app.back": lambda _: self._back(),
            "logs.hold": lambda _: view.hold() if view.following else self._to_end(),
            "logs.search": lambda _: self._open("search", ""),
            "logs.filter": lambda _: self._open("filter", " ".join(self._ring.wanted.texts)),
            "logs.previous": lambda _: self._to_match(-1),
            "logs.next": lambda _: self._to_match(1),
            "logs.error": lambda _: self._seek(LogFilter((), Level.ERROR), -1, "error"),
            "logs.error_below": lambda _: self._seek(LogFilter((), Level.ERROR), 1, "error"),
            "logs.level": lambda _: self._next_level(),
            "logs.all": lambda _: self._widen(),
            "logs.source": self._toggle,
            "logs.left": lambda _: view.scroll_sideways(-1),
            "logs.right": lambda _: view.scroll_sideways(1),
            "view.up": lambda _: view.scroll_lines(-1),
            "view.down": lambda _: view.scroll_lines(1),
            "view.page_up": lambda _: view.scroll_lines(-page),
            "view.page_down": lambda _: view.scroll_lines(page),
            "view.start": lambda _: self._to_start(),
            "view.end": lambda _: self._to_end(),
        }

    def on_mount(self) -> None:
        """Draw, and begin to follow."""
        self._view = self.query_one(LogView)
        self._feed = LogFeed(self.hive.client, self._env, self._ring, self._soon)
        super().on_mount()
        self._view.taken = self._taken
        self.set_focus(self._view)
        self._start(None)
        self.set_interval(1.0, self._measure)

    def show(self, state: HiveState) -> None:
        """Draw head and foot; the log draws itself."""
        if state.link is Link.LIVE:
            self._live.set()
        else:
            self._live.clear()
        look, width = self.hive.look(), self.app.size.width
        env = self.env()
        line = env_head(env, width, look) if env else self._gone(state)
        notice = banner(state, width, look)
        self.query_one("#head", Rows).put(*((line, notice) if notice else (line,)))
        self._show_foot()

    def _gone(self, state: HiveState) -> Line:
        name: Line = (Span(f" {safe(self._env)}", "muted"),)
        if state.link is not Link.LIVE:
            return name
        return (*name, Span("   This env is gone. ", "strong"), Span("esc goes back.", "muted"))

    # --- what is typed -----------------------------------------------------------------------

    @on(Input.Changed, "#search")
    def typed(self, event: Input.Changed) -> None:
        """Show at once what it does."""
        if self._typing == "search":
            self._view.mark(event.value)
        elif self._typing == "filter":
            self._filter(event.value)

    @on(Input.Submitted, "#search")
    def entered(self, event: Input.Submitted) -> None:
        """Keep the filter, or mark the text and go to the nearest match above."""
        purpose = self._typing
        self._close()
        if purpose == "search":
            self._mark(event.value)
            if event.value:
                self._to_match(-1)

    def _taken(self, event: Key) -> bool:
        """Open a field in the instant of its key, and give it what was typed ahead.

        Keys come to the log until the focus has moved, which is a turn of two loops later.
        """
        if self._typing:
            self.query_one("#search", Input).post_message(Key(event.key, event.character))
            return True
        for action in ("logs.search", "logs.filter"):
            if event.key in BY_ID[action].keys:
                self.action_act(action, event.key)
                return True
        return False

    def _open(self, purpose: str, text: str) -> None:
        field = self.query_one("#search", Input)
        self._before = self._ring.wanted
        field.placeholder = _HINTS[purpose]
        with field.prevent(Input.Changed):
            field.value = text
        self._typing = purpose
        field.display = True
        field.cursor_blink = False
        self.set_focus(field)  # at once: what is typed ahead belongs to it already

    def _close(self) -> None:
        self._typing = ""
        self.query_one("#search", Input).display = False
        self.set_focus(self._view)

    def _back(self) -> None:
        """One step back: out of the field, of a look, of marks, of the filter, of the screen."""
        if self._typing:
            purpose = self._typing
            self._close()
            if purpose == "search":
                self._mark("")
            else:
                self._want(self._before, self._ring.hidden)
        elif self._looking and (look := self._feed.looking) is not None:
            self._stop_looking()
            self._resting = True
            self.app.notify(f"given up after {look.words}", markup=False, timeout=3)
        elif self._view.needle:
            self._mark("")
        elif self._ring.wanted:
            self._want(LogFilter(), self._ring.hidden)
        else:
            self.hive.back()

    def _mark(self, text: str) -> None:
        self._view.mark(text)
        self._count()
        self._show_foot()

    def _count(self) -> None:
        needle = self._view.needle
        self._found = len(kept(self._ring.shown, LogFilter((needle,)))) if needle else 0

    # --- what is shown -----------------------------------------------------------------------

    def _filter(self, text: str) -> None:
        self._want(LogFilter((text,) if text else (), self._ring.wanted.least), self._ring.hidden)

    def _next_level(self) -> None:
        wanted = self._ring.wanted
        self._want(LogFilter(wanted.texts, wanted.least.next), self._ring.hidden)

    def _toggle(self, key: str) -> None:
        at = int(key) - 1 if key.isdigit() else 0
        if at < len(self._ring.sources):
            self._want(self._ring.wanted, self._ring.hidden ^ {self._ring.sources[at]})
        else:
            self.app.notify(f"there is no source {key}", markup=False, timeout=3)

    def _want(self, wanted: LogFilter, hidden: frozenset[str]) -> None:
        """Show other lines, at the place one looks at."""
        ring, view = self._ring, self._view
        if (wanted, hidden) == (ring.wanted, ring.hidden):
            return
        place, covered = ring.place(view.end), ring.covers(wanted, hidden)
        end = ring.narrow(wanted, hidden, view.end)
        self._resting = False
        if not view.following:
            view.put(end)
        if not covered and not ring.pageable:
            self._start(None)
        elif not covered and ring.visible:
            follows = view.following and ring.live
            self._look(self._refill if follows else partial(self._surround, place))
        self._count()
        view.refresh()
        self._moved()

    def _widen(self) -> None:
        """From the chosen service to all of them, or back."""
        self._all = not self._all
        self._ring.clear()
        self._ring.sources.clear()
        self._view.follow()
        self._start(None)

    # --- where one looks ---------------------------------------------------------------------

    @on(LogView.Moved)
    def moved(self) -> None:
        """Say where one is, and see to it that there is more to scroll to."""
        self._resting = False
        self._moved()

    def _moved(self) -> None:
        if self._lacks() and not self._looking:
            self._look(self._fill)
        self._show_foot()

    def _to_match(self, direction: int) -> None:
        if self._view.needle:
            self._seek(LogFilter((self._view.needle,)), direction, "match")
        else:
            self.app.notify("nothing is marked: / searches", markup=False, timeout=3)

    def _to_start(self) -> None:
        if self._ring.begins or not self._ring.visible:
            self._view.to_start()
        else:
            self._look(partial(self._surround, dict(self._ring.low), start=True))

    def _to_end(self) -> None:
        late = sum(self._ring.high.values()) - sum(self._ring.end.values())
        self._stop_looking()
        self._view.follow()
        if not self._ring.live or late > LAG_BYTES:
            self._start(None)

    def _seek(self, wanted: LogFilter, direction: int, what: str) -> None:
        self._look(partial(self._sought, wanted, direction, what), searching=True)

    async def _sought(self, wanted: LogFilter, direction: int, what: str) -> None:
        view = self._view
        start = view.end if direction < 0 else view.end - 1
        start = start if view.cursor is None else view.cursor
        number = await self._feed.seek(wanted, start, direction)
        if number is None:
            side = "above" if direction < 0 else "below"
            self.app.notify(f"no {what} {side}", markup=False, timeout=3)
            return
        self._settle()
        view.show(number)

    async def _surround(self, place: Place, *, start: bool = False) -> None:
        end = await self._feed.around(place)
        self._settle()
        self._view.put(end)
        if start:
            self._view.to_start()

    async def _refill(self) -> None:
        await self._feed.refill()
        self._settle()

    async def _fill(self) -> None:
        """Read until there is enough above and below the window."""
        while lack := self._lacks():
            if lack < 0:
                await self._feed.older(self._window)
            elif await self._feed.newer(self._window):
                self._start(dict(self._ring.end))
                self._ring.live = True
            self._settle()

    def _lacks(self) -> int:
        """Where there is too little beside the window: -1 above, 1 below, 0 nowhere."""
        ring, view = self._ring, self._view
        if self._resting or not ring.visible:
            return 0
        near = 2 * view.size.height
        if not ring.begins and view.first - ring.first < near:
            return -1
        below = not (ring.live or view.following)
        return 1 if below and view.behind < near else 0

    def _look(self, look: Look, *, searching: bool = False) -> None:
        """Read something beside what follows, in place of what is being read."""
        self._searching = searching
        self._looks += 1
        self._looking = True
        self._begin("look", partial(self._looked, look, self._looks))

    async def _looked(self, look: Look, number: int) -> None:
        try:
            await look()
        except HiveError as error:
            self._resting = True
            if error.code != "disconnected":
                self._tell(error)
        if number == self._looks:  # else another one has taken its place
            self._rest()
            self._moved()

    def _stop_looking(self) -> None:
        self._looks += 1
        self.workers.cancel_group(self, "look")
        self._rest()

    def _rest(self) -> None:
        self._looking = self._searching = False
        self._feed.rest()
        self._show_foot()

    def _settle(self) -> None:
        """The ring has other lines."""
        if not self._ring.live and not self._view.following:
            self.workers.cancel_group(self, "follow")
        self._count()
        self._view.refresh()
        self._show_foot()

    # --- what follows ------------------------------------------------------------------------

    def _start(self, place: Place | None) -> None:
        self._begin("follow", partial(self._follow, place))

    def _begin(self, group: str, work: Look) -> None:
        """Run it in place of what runs in its group."""
        _: Worker[None] = self.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    async def _follow(self, place: Place | None) -> None:
        """Follow for as long as the screen lives; after a loss, go on where it ended."""
        while True:
            await self._live.wait()
            sources = (self._source,) if self._source and not self._all else ()
            try:
                await self._feed.follow(sources, place, self._held, self._take)
            except HiveError as error:
                if error.code != "disconnected":
                    self._tell(error)
                    return
            self._live.clear()
            place = None if self._view.following else dict(self._ring.end) or None

    def _window(self) -> Window:
        return self._view.first, self._view.end

    def _held(self) -> Window | None:
        return None if self._view.following else self._window()

    def _take(self, page: Page) -> None:
        if not self._ring.live:  # held for long: what follows is read again when one goes there
            self.workers.cancel_group(self, "follow")
        if self._view.needle:
            found = LogFilter((self._view.needle,))
            self._found += len(kept([line for line in page.lines if self._ring.keeps(line)], found))
        self._soon(grew=True)

    def _soon(self, *, grew: bool = False) -> None:
        """Draw the foot with the next frame, and the log if there are more lines."""
        self._grew |= grew
        if not self._due:
            self._due = True
            self.set_timer(FRAME_S, self._draw)

    def _draw(self) -> None:
        self._due = False
        if self._grew:
            self._grew = False
            self._view.grew()
        self._moved()

    def _measure(self) -> None:
        now, ring = asyncio.get_running_loop().time(), self._ring
        amount = ring.total if ring.live else sum(ring.high.values())
        if self._seen is not None and self._seen[2] == ring.live:
            self._rate = (amount - self._seen[1]) / max(0.001, now - self._seen[0])
        self._seen = (now, amount, ring.live)
        if not ring.live and ring.visible:
            self._begin("measure", self._measured)
        self._show_foot()

    async def _measured(self) -> None:
        try:
            await self._feed.measure()
        except HiveError:
            return  # the next second asks again

    def _tell(self, error: HiveError) -> None:
        self.app.notify(safe(error.message), severity="error", markup=False, timeout=10)

    def _show_foot(self) -> None:
        self.show_foot(log_foot(self._status(), self.app.size.width))

    def _status(self) -> LogStatus:
        ring, view = self._ring, self._view
        place = ring.place(view.end)
        size = {name: ring.high.get(name, 0) - ring.low[name] for name in ring.visible}
        above = {name: place.get(name, 0) - ring.low[name] for name in ring.visible}
        return LogStatus(
            following=view.following,
            live=ring.live or not ring.pageable,
            below_lines=view.behind,
            below_bytes=max(0, sum(size.values()) - sum(above.values())),
            above_bytes=max(0, sum(above.values())),
            rate=self._rate,
            looking=self._feed.looking,
            searching=self._searching,
            wanted=ring.wanted,
            needle=view.needle,
            found=self._found,
            whole=ring.begins and ring.live,
            column=view.column,
            sources=ring.sources,
            hidden=ring.hidden,
        )
