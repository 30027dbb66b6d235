"""The logs of one env: followed, held, filtered, searched to their start; one service or all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.events import Key
from textual.widgets import Input

from hive_tui.app.actions import LOGS, bindings
from hive_tui.app.lines import Line, Span, safe
from hive_tui.app.log_feed import LogFeed
from hive_tui.app.log_find import counted
from hive_tui.app.log_reads import LogReads
from hive_tui.app.ring import Page, Ring
from hive_tui.app.screens.base import Deed, HiveScreen
from hive_tui.app.state import HiveState, Link
from hive_tui.app.views.head import banner, env_head
from hive_tui.app.views.log_foot import LAG_BYTES, LogStatus, log_foot
from hive_tui.app.widgets.log_field import LogField
from hive_tui.app.widgets.log_view import LogView
from hive_tui.app.widgets.rows import Rows
from hive_tui.model.environment import EnvDetail
from hive_tui.model.levels import Level
from hive_tui.model.log_filter import LogFilter

FRAME_S = 1 / 25
_LATELY_S = 5
"""For so long it is told that lines were skipped."""

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
        self._due = self._grew = False
        self._seen: tuple[float, int, bool] | None = None
        self._rate = 0.0
        self._skipped = [0] * _LATELY_S
        """Bytes that had been skipped, in each of the last seconds."""
        self._found = 0
        self._before = LogFilter()
        """The filter as it was before one was typed."""

    def compose(self) -> ComposeResult:
        """Head line, log, field, foot."""
        yield Rows(id="head")
        yield LogView(self._ring, id="log")
        yield LogField(id="search")
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
            "logs.error": lambda _: self._reads.seek(LogFilter((), Level.ERROR), -1, "error"),
            "logs.error_below": lambda _: self._reads.seek(LogFilter((), Level.ERROR), 1, "error"),
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
        self._field = self.query_one(LogField)
        self._feed = LogFeed(self.hive.client, self._env, self._ring, self._soon)
        self._reads = LogReads(
            self,
            self._view,
            self._ring,
            self._feed,
            taken=self._take,
            settled=self._settled,
            rested=self._show_foot,
        )
        super().on_mount()
        self._view.taken = self._taken
        self._field.entered = self._entered
        self.set_focus(self._view)
        self._follow()
        self.set_interval(1.0, self._measure)

    def show(self, state: HiveState) -> None:
        """Draw head and foot; the log draws itself."""
        if state.link is Link.LIVE:
            self._reads.live.set()
        else:
            self._reads.live.clear()
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
        if self._field.purpose == "search":
            self._view.mark(event.value)
        elif self._field.purpose == "filter":
            self._filter(event.value)

    def _entered(self, purpose: str, text: str) -> None:
        """Keep the filter, or mark the text and go to the nearest match above."""
        self.set_focus(self._view)
        if purpose == "search":
            self._mark(text)
            if text:
                self._to_match(-1)
        else:
            self._filter(text)

    def _taken(self, event: Key) -> bool:
        """Open a field in the instant of its key, and give it what was typed ahead.

        Keys come to the log until the focus has moved, which is a turn of two loops later.
        """
        if self._field.purpose:
            self._field.post_message(Key(event.key, event.character))
            return True
        for action in ("logs.search", "logs.filter"):
            if event.key in self.hive.keys.by_id[action].keys:
                self.action_act(action, event.key)
                return True
        return False

    def _open(self, purpose: str, text: str) -> None:
        self._before = self._ring.wanted
        self._field.open(purpose, text, _HINTS[purpose])

    def _close(self) -> None:
        self._field.shut()
        self.set_focus(self._view)

    def _back(self) -> None:
        """One step back: out of the field, of a look, of marks, of the filter, of the screen."""
        if purpose := self._field.purpose:
            self._close()
            if purpose == "search":
                self._mark("")
            else:
                self._want(self._before, self._ring.hidden)
        elif self._reads.looking and self._feed.looking is not None:
            self._reads.give_up()
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
        blocks = (block for _, block in self._ring.shown.blocks())
        self._found = counted(blocks, LogFilter((needle,))) if needle else 0

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
        self._reads.wake()
        if not view.following:
            view.put(end)
        if not covered and not ring.pageable:
            self._reads.restart()
        elif not covered and ring.visible:
            if view.following and ring.live:
                self._reads.refill()
            else:
                self._reads.to_place(place)
        self._count()
        view.refresh()
        self._moved()

    def _widen(self) -> None:
        """From the chosen service to all of them, or back."""
        self._all = not self._all
        self._ring.clear()
        self._ring.sources.clear()
        self._view.follow()
        self._follow()

    # --- where one looks ---------------------------------------------------------------------

    @on(LogView.Moved)
    def moved(self) -> None:
        """Say where one is, and see to it that there is more to scroll to."""
        self._reads.wake()
        self._moved()

    def _moved(self) -> None:
        self._reads.fill()
        self._show_foot()

    def _to_match(self, direction: int) -> None:
        if self._view.needle:
            self._reads.seek(LogFilter((self._view.needle,)), direction, "match")
        else:
            self.app.notify("nothing is marked: / searches", markup=False, timeout=3)

    def _to_start(self) -> None:
        if self._ring.begins or not self._ring.visible:
            self._view.to_start()
        else:
            self._reads.to_start()

    def _to_end(self) -> None:
        late = sum(self._ring.high.values()) - sum(self._ring.end.values())
        self._reads.stop()
        self._view.follow()
        if not self._ring.live or late > LAG_BYTES:
            self._reads.restart()

    # --- what follows ------------------------------------------------------------------------

    def _follow(self) -> None:
        self._reads.follow((self._source,) if self._source and not self._all else ())

    def _settled(self) -> None:
        """The ring has other lines."""
        self._count()
        self._view.refresh()
        self._show_foot()

    def _take(self, page: Page) -> None:
        if self._view.needle:
            found = LogFilter((self._view.needle,))
            self._found += counted(self._ring.keeps(page.blocks), found)
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
        self._skipped = [*self._skipped[1:], ring.skipped_bytes]
        self._reads.measure()
        self._show_foot()

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
            skipped_bytes=ring.skipped_bytes - self._skipped[0],
            rate=self._rate,
            looking=self._feed.looking,
            searching=self._reads.searching,
            given_up=self._reads.given_up,
            wanted=ring.wanted,
            needle=view.needle,
            found=self._found,
            whole=ring.begins and ring.live,
            column=view.column,
            sources=ring.sources,
            hidden=ring.hidden,
        )
