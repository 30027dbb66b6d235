"""A stretch of one or more logs in memory: bounded, grown at either end, filtered. Asks nobody.

What it holds lies between two places, `start` and `end`, each an offset per source: every line in
between that is wanted is here, and what lies before and after can be asked for from there.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from hive_tui.app.log_find import kept
from hive_tui.app.stretch import Stretch
from hive_tui.model.log_block import LogBlock, packed
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.wire import LogLine

MARGIN = 2000
"""Lines beside the window that are not dropped for lines on its other side."""

Place = dict[str, int]

Window = tuple[int, int]
"""Number of the first visible line, and that past the last one."""


class Page(msgspec.Struct, frozen=True):
    """Lines and where they lie: an answer of the daemon."""

    blocks: tuple[LogBlock, ...] = ()
    start: Place = {}
    end: Place = {}
    low: Place = {}
    high: Place = {}
    halves: dict[str, bytes] = {}
    skipped: Place = {}
    """Where it goes on in each source of which a part was left out before."""
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
        self._lines = Stretch()
        self._placed: tuple[int, int, Place] | None = None
        """The last answer of `place`, with its number and what `first` was."""
        self.wanted = LogFilter()
        """Which lines are here."""
        self.hidden: frozenset[str] = frozenset()
        """Sources whose lines are not."""
        self.total = 0
        """Lines that ever followed, wanted or not."""
        self.skipped_bytes = 0
        """Of the logs, what was ever left out of what followed."""
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
    def shown(self) -> Stretch:
        """The lines, oldest first."""
        return self._lines

    @property
    def first(self) -> int:
        """Number of the first line."""
        return self._lines.first

    @property
    def last(self) -> int:
        """Number past the last line."""
        return self._lines.last

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
        self._lines = Stretch(block for page in pages for block in self.keeps(page.blocks))
        self._placed = None
        self.start = {**self.start, **pages[0].start}
        self.end = {**self.end, **pages[-1].end}
        self.halves = {}
        self.live = live
        self._know(pages[-1])

    def follow(self, page: Page, window: Window | None) -> None:
        """Take what was written since.

        Where a part of it was skipped, nothing from before stays; if something has to, what was
        written is not taken: it can be asked for.

        Args:
            page: Lines, and what changed beside them.
            window: Numbers of the lines that have to stay; `None`: the newest ones.
        """
        self._know(page)
        if page.skipped:
            if window is not None:
                self.live = False
                return
            self._skip(page.skipped)
        self.total += sum(block.count for block in page.blocks)
        self.end.update((block.source, block.end) for block in page.blocks)
        self.halves = page.halves
        self._lines.extend(self.keeps(page.blocks))
        self._bound((self.last, self.last) if window is None else window)

    def append(self, page: Page, window: Window) -> None:
        """Take the lines that come after the last one; those far above the window may go."""
        self.end.update(page.end)
        self._know(page)
        self._lines.extend(page.blocks)
        self._bound((window[0], self.last))

    def prepend(self, page: Page, window: Window) -> None:
        """Take the lines that come before the first one; those far below the window may go."""
        self.start.update(page.start)
        self._know(page)
        self._lines.prepend(page.blocks)
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
        before = [block for _, block in self._lines.blocks_before(end)]
        after = [block for _, block in self._lines.blocks_from(end)]
        self._lines = Stretch(self.keeps(reversed(before)), self.first)
        now = self._lines.last
        self._lines.extend(self.keeps(after))
        self._placed = None
        return now

    def clear(self) -> None:
        """Forget all lines and places; sources stay."""
        self._lines = Stretch()
        self._placed = None
        self.start, self.end, self.low, self.high, self.halves = {}, {}, {}, {}, {}
        self.live = False

    def keeps(self, blocks: Iterable[LogBlock]) -> list[LogBlock]:
        """What is wanted of blocks."""
        return kept((block for block in blocks if block.source not in self.hidden), self.wanted)

    def place(self, number: int) -> Place:
        """The place before the line of this number, or past the last line."""
        if number >= self.last:
            return dict(self.end)
        if self._placed is None or self._placed[:2] != (number, self.first):
            found: Place = {}
            for _, block in self._lines.blocks_before(number):
                found.setdefault(block.source, block.end)
                if len(found) == len(self.sources):
                    break
            self._placed = (number, self.first, {**self.start, **found})
        return dict(self._placed[2])

    def find(self, source: str, end: int) -> int | None:
        """Number of the line that ends there."""
        for first, block in self._lines.blocks():
            if block.source == source and block.end >= end:
                ends = block.offsets(block.texts())
                return first + ends.index(end) if end in ends else None
        return None

    def _know(self, page: Page) -> None:
        self.low.update(page.low)
        self.high.update(page.high)
        for name in dict.fromkeys(block.source for block in page.blocks):
            if name not in self.sources:
                self.sources.append(name)
        for name, high in page.high.items():
            if high > page.low.get(name, 0) and name not in self.sources:
                self.sources.append(name)
        if self.low:
            self.low.update((name, 0) for name in page.high if name not in self.low)

    def _skip(self, places: Place) -> None:
        """Let everything go, and begin anew at these places."""
        self.skipped_bytes += sum(max(0, at - self.end.get(name, 0)) for name, at in places.items())
        self.end.update(places)
        self.start = dict(self.end)
        self._lines = Stretch(first=self.last)
        self._placed = None

    def _bound(self, window: Window) -> None:
        """Drop what is too much: far above the window, and then far below it."""
        lines = self._lines
        if len(lines) <= self._most * 5 // 4 and lines.size_bytes <= self._most_bytes * 5 // 4:
            return
        first, last = window
        margin = 0 if first == last else MARGIN
        spare = max(0, first - self.first - margin)
        self._cut_head(min(spare, self._excess(block for _, block in lines.blocks())))
        if self.pageable:
            spare = max(0, self.last - last - margin)
            backwards = lines.blocks_before(self.last)
            self._cut_tail(min(spare, self._excess(block for _, block in backwards)))

    def _excess(self, blocks: Iterable[LogBlock]) -> int:
        """How many lines from one side have to go; a block for its bytes goes as a whole."""
        many = len(self._lines) - self._most
        much = self._lines.size_bytes - self._most_bytes
        count = 0
        for block in blocks:
            if count >= many and much <= 0:
                break
            count += block.count if much > 0 else min(block.count, many - count)
            much -= len(block.text)
        return count

    def _cut_head(self, count: int) -> None:
        if count > 0:
            gone = self._lines.cut_head(count)
            self.start.update((block.source, block.end) for block in gone)

    def _cut_tail(self, count: int) -> None:
        if count > 0:
            self.end = self.place(self.last - count)
            self._lines.cut_tail(count)
            self.live = False


def parse_page(event: Any) -> Page:
    """One event or answer about logs; what is not of its shape is left out."""
    if not isinstance(event, dict):
        return Page()
    halves = event.get("halves")
    return Page(
        (*_blocks(event.get("blocks")), *packed(parse_lines(event))),
        start=_place(event.get("start")),
        end=_place(event.get("end")),
        low=_place(event.get("low")),
        high=_place(event.get("high")),
        halves=_halves(halves) if isinstance(halves, dict) else {},
        skipped=_place(event.get("skipped")),
        complete=bool(event.get("complete")),
    )


def parse_lines(event: Any) -> list[LogLine]:
    """The lines of an event that tells them one by one, without places."""
    lines: list[LogLine] = []
    for row in event.get("lines") or () if isinstance(event, dict) else ():
        try:
            when, source, text = row
            lines.append(LogLine(float(when), str(source), base64.b64decode(text)))
        except (TypeError, ValueError, IndexError, binascii.Error):
            continue
    return lines


def _blocks(value: Any) -> Iterator[LogBlock]:
    for block in value if isinstance(value, list | tuple) else ():
        with contextlib.suppress(msgspec.ValidationError):
            yield msgspec.convert(block, LogBlock)


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
