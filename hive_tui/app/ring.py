"""A stretch of one or more logs in memory: bounded, grown at either end, filtered. Asks nobody.

What it holds lies between two places, `start` and `end`, each an offset per source: every line in
between that is wanted is here, and what lies before and after can be asked for from there.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hive_tui.app.log_find import kept
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.wire import LogLine

MARGIN = 2000
"""Lines beside the window that are not dropped for lines on its other side."""

Place = dict[str, int]

Window = tuple[int, int]
"""Number of the first visible line, and that past the last one."""


class Page(msgspec.Struct, frozen=True):
    """Lines and where they lie: an answer of the daemon."""

    lines: tuple[LogLine, ...] = ()
    start: Place = {}
    end: Place = {}
    low: Place = {}
    high: Place = {}
    halves: dict[str, bytes] = {}
    complete: bool = False


class Ring:
    """Holds lines, and numbers them so that a number stays with its line for ever.

    Whoever shows it passes the numbers of its window where lines may have to go.
    """

    def __init__(self, most: int = 50_000, most_bytes: int = 12_000_000) -> None:
        """Create an empty ring.

        Args:
            most: Lines kept at least; up to a quarter more are held before some go.
            most_bytes: The same for the bytes of their texts.
        """
        self._most = most
        self._most_bytes = most_bytes
        self._lines: list[LogLine] = []
        self._bytes = 0
        self._placed: tuple[int, int, Place] | None = None
        """The last answer of `place`, with its number and what `first` was."""
        self.wanted = LogFilter()
        """Which lines are here."""
        self.hidden: frozenset[str] = frozenset()
        """Sources whose lines are not."""
        self.first = 0
        """Number of the first line."""
        self.total = 0
        """Lines that ever followed, wanted or not."""
        self.sources: list[str] = []
        """Names of sources that have lines, in the order in which they were first seen."""
        self.start: Place = {}
        self.end: Place = {}
        self.low: Place = {}
        """Where each log begins; empty where the daemon gives no places."""
        self.high: Place = {}
        """How long each log is."""
        self.live = False
        """Whether what follows is appended."""
        self.halves: dict[str, bytes] = {}
        """What is there of lines that are not finished yet, by source."""

    @property
    def shown(self) -> Sequence[LogLine]:
        """The lines, oldest first."""
        return self._lines

    @property
    def last(self) -> int:
        """Number past the last line."""
        return self.first + len(self._lines)

    @property
    def pageable(self) -> bool:
        """Whether more can be asked for."""
        return bool(self.low)

    @property
    def visible(self) -> tuple[str, ...]:
        """Sources that are not hidden, of those with a log."""
        return tuple(name for name in self.low if name not in self.hidden)

    @property
    def begins(self) -> bool:
        """Whether nothing lies before the first line."""
        return all(self.start.get(name, 0) <= self.low[name] for name in self.visible)

    def replace(self, *pages: Page, live: bool) -> None:
        """Hold these pages, oldest first, and nothing else."""
        self._lines = [line for page in pages for line in page.lines if self.keeps(line)]
        self._bytes = _size(self._lines)
        self._placed = None
        self.first = 0
        self.start = {**self.start, **pages[0].start}
        self.end = {**self.end, **pages[-1].end}
        self.halves = {}
        self.live = live
        self._know(pages[-1])

    def follow(self, page: Page, window: Window | None) -> None:
        """Take what was written since.

        Args:
            page: Lines, and what changed beside them.
            window: Numbers of the lines that have to stay; `None`: the newest ones.
        """
        self.total += len(page.lines)
        self.end.update((line.source, line.end) for line in page.lines)
        self._know(page)
        self.halves = page.halves
        picky = self.wanted or self.hidden
        new = [line for line in page.lines if self.keeps(line)] if picky else page.lines
        self._lines.extend(new)
        self._bytes += _size(new)
        self._bound((self.last, self.last) if window is None else window)

    def append(self, page: Page, window: Window) -> None:
        """Take the lines that come after the last one; those far above the window may go."""
        self.end.update(page.end)
        self._know(page)
        self._lines.extend(page.lines)
        self._bytes += _size(page.lines)
        self._bound((window[0], self.last))

    def prepend(self, page: Page, window: Window) -> None:
        """Take the lines that come before the first one; those far below the window may go."""
        self.start.update(page.start)
        self._know(page)
        self._lines[:0] = page.lines
        self._bytes += _size(page.lines)
        self.first -= len(page.lines)
        self._bound((self.first, window[1]))

    def covers(self, wanted: LogFilter, hidden: frozenset[str]) -> bool:
        """Whether all lines of the stretch that would be wanted are here."""
        return wanted.narrows(self.wanted) and hidden >= self.hidden

    def narrow(self, wanted: LogFilter, hidden: frozenset[str], end: int) -> int:
        """Drop what is not wanted any more.

        Returns:
            What the number `end` has become: that past the last line that is left before it.
        """
        self.wanted, self.hidden = wanted, hidden
        sides = self._lines[: end - self.first], self._lines[end - self.first :]
        before, after = ([line for line in side if line.source not in hidden] for side in sides)
        if wanted:
            before, after = ([side[at] for at in kept(side, wanted)] for side in (before, after))
        self._lines = [*before, *after]
        self._bytes = _size(self._lines)
        self._placed = None
        return self.first + len(before)

    def clear(self) -> None:
        """Forget all lines and places; sources stay."""
        self._lines = []
        self._bytes = 0
        self._placed = None
        self.first = 0
        self.start, self.end, self.low, self.high, self.halves = {}, {}, {}, {}, {}
        self.live = False

    def keeps(self, line: LogLine) -> bool:
        """Whether a line is wanted."""
        return line.source not in self.hidden and (not self.wanted or self.wanted.keeps(line.text))

    def place(self, number: int) -> Place:
        """The place before the line of this number, or past the last line."""
        if number >= self.last:
            return dict(self.end)
        if self._placed is None or self._placed[:2] != (number, self.first):
            found: Place = {}
            for at in range(number - self.first - 1, -1, -1):
                line = self._lines[at]
                if line.source not in found:
                    found[line.source] = line.end
                    if len(found) == len(self.sources):
                        break
            self._placed = (number, self.first, {**self.start, **found})
        return dict(self._placed[2])

    def find(self, source: str, end: int) -> int | None:
        """Number of the line that ends there."""
        for at, line in enumerate(self._lines):
            if line.end == end and line.source == source:
                return self.first + at
        return None

    def _know(self, page: Page) -> None:
        self.low.update(page.low)
        self.high.update(page.high)
        for name in dict.fromkeys(line.source for line in page.lines):
            if name not in self.sources:
                self.sources.append(name)
        for name, high in page.high.items():
            if high > page.low.get(name, 0) and name not in self.sources:
                self.sources.append(name)
        if self.low:
            self.low.update((name, 0) for name in page.high if name not in self.low)

    def _bound(self, window: Window) -> None:
        """Drop what is too much: far above the window, and then far below it."""
        if len(self._lines) <= self._most * 5 // 4 and self._bytes <= self._most_bytes * 5 // 4:
            return
        first, last = window
        margin = 0 if first == last else MARGIN
        spare = max(0, first - self.first - margin)
        self._cut_head(min(spare, self._excess(self._lines)))
        if self.pageable:
            spare = max(0, self.last - last - margin)
            self._cut_tail(min(spare, self._excess(reversed(self._lines))))

    def _excess(self, lines: Iterable[LogLine]) -> int:
        """How many lines from one side have to go."""
        many = len(self._lines) - self._most
        much = self._bytes - self._most_bytes
        count = 0
        for line in lines:
            if count >= many and much <= 0:
                break
            count += 1
            much -= len(line.text)
        return count

    def _cut_head(self, count: int) -> None:
        gone = self._lines[:count]
        del self._lines[:count]
        self._bytes -= _size(gone)
        self.first += count
        self.start.update((line.source, line.end) for line in gone)

    def _cut_tail(self, count: int) -> None:
        if count <= 0:
            return
        self.end = self.place(self.last - count)
        gone = self._lines[-count:]
        del self._lines[-count:]
        self._bytes -= _size(gone)
        self.live = False


def parse_page(event: Any) -> Page:
    """One event or answer about logs; what is not of its shape is left out."""
    if not isinstance(event, dict):
        return Page()
    ends = event.get("ends") or ()
    rows = event.get("lines") or ()
    lines: list[LogLine] = []
    for at, row in enumerate(rows):
        try:
            when, source, text = row
            end = ends[at] if ends else 0
            lines.append(LogLine(float(when), str(source), base64.b64decode(text), int(end)))
        except (TypeError, ValueError, IndexError, binascii.Error):
            continue
    halves = event.get("halves")
    return Page(
        tuple(lines),
        start=_place(event.get("start")),
        end=_place(event.get("end")),
        low=_place(event.get("low")),
        high=_place(event.get("high")),
        halves=_halves(halves) if isinstance(halves, dict) else {},
        complete=bool(event.get("complete")),
    )


def parse_lines(event: Any) -> list[LogLine]:
    """The lines of one event."""
    return list(parse_page(event).lines)


def _place(value: Any) -> Place:
    if not isinstance(value, Mapping):
        return {}
    return {str(name): at for name, at in value.items() if isinstance(at, int)}


def _halves(value: Mapping[str, Any]) -> dict[str, bytes]:
    halves = {}
    for name, text in value.items():
        try:
            halves[str(name)] = base64.b64decode(text)
        except (TypeError, ValueError, binascii.Error):
            continue
    return halves


def _size(lines: Iterable[LogLine]) -> int:
    return sum(len(line.text) for line in lines)
