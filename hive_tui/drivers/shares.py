"""What each process takes of the memory, with its part of the pages that it shares with others.

That part (PSS) is what adds up: libraries and forked pages count once over all who share them. But
the kernel walks all pages of a process to tell it, about 10 ms a GB, while RSS less what is shared
costs 5 µs. So it is read sparsely, within a fixed share of a core and beside the loop, and what
changed since is taken from the cheap figure.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from hive_tui.drivers.procfs import Entry, ProcessTable

PORTION = 0.002
"""Share of a core that the readings may take, on average."""

BURST_S = 0.02
"""Processor seconds that may be spent at once after a rest."""

OLD_S = 120.0
"""After so long a reading is taken again although nothing seems to have moved."""

_AT_REST = 3
_MOVED = 0.1
_MOVED_BYTES = 1 << 20

_Key = tuple[int, int]


class _Reading(NamedTuple):
    share: int
    private: int
    """The cheap figure at the same moment."""
    at: float


class Shares:
    """Readings of all processes that are asked about. Lives on one event loop."""

    def __init__(self, table: ProcessTable, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Create it; nothing is read yet.

        Args:
            table: Where the figures come from.
            clock: Seconds that never go backwards.
        """
        self._table = table
        self._clock = clock
        self._readings: dict[_Key, _Reading] = {}
        self._private: dict[_Key, int] = {}
        """The cheap figures of this pass."""
        self._seen: dict[_Key, tuple[Entry, int]] = {}
        """Each process as it was when its cheap figure was read last, and the figure."""
        self._left_s = BURST_S
        self._filled_at = clock()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin a pass: who is not asked about in it is forgotten at its end."""
        self._private = {}

    def memory_bytes(self, entry: Entry) -> int:
        """What a process takes, as far as it is known now; 0 where it is gone."""
        key = (entry.pid, entry.start_ticks)
        before, private = self._seen.get(key, _NEVER)
        if before is None or _moved(before, entry):
            private = self._table.memory_bytes(entry.pid)
            self._seen[key] = (entry, private)
        self._private[key] = private
        return estimate(self._readings.get(key), private)

    def sure(self, entry: Entry) -> bool:
        """Whether its part of shared pages was ever read: a fresh fork seems to own all of them."""
        return (entry.pid, entry.start_ticks) in self._readings

    def end(self) -> None:
        """End a pass: read anew what is most out of date, beside the loop."""
        self._readings = {key: r for key, r in self._readings.items() if key in self._private}
        self._seen = {key: seen for key, seen in self._seen.items() if key in self._private}
        now = self._clock()
        self._left_s = min(BURST_S, self._left_s + PORTION * (now - self._filled_at))
        self._filled_at = now
        if self._left_s > 0 and (self._task is None or self._task.done()):
            chosen = due(self._private, self._readings, now)
            if chosen:
                self._task = asyncio.ensure_future(self._read(chosen))

    async def close(self) -> None:
        """Wait for a reading that is under way."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, chosen: Sequence[_Key]) -> None:
        found, spent_s = await asyncio.to_thread(self._look, chosen, self._left_s)
        self._left_s -= spent_s
        self._readings.update(found)

    def _look(self, chosen: Iterable[_Key], budget_s: float) -> tuple[dict[_Key, _Reading], float]:
        """Read until the budget is used up; the reading that exceeds it is paid back later."""
        found: dict[_Key, _Reading] = {}
        began = time.thread_time()
        for key in chosen:
            share = self._table.share_bytes(key[0])
            private = self._table.memory_bytes(key[0])
            told = private if share is None else share
            found[key] = _Reading(told, private, self._clock())
            if time.thread_time() - began > budget_s:
                break
        return found, time.thread_time() - began


_NEVER: tuple[Entry | None, int] = (None, 0)


def _moved(before: Entry, now: Entry) -> bool:
    """Whether its memory may have changed: without a page more or less, and at rest, it has not."""
    return now.rss_pages is None or (before.rss_pages, before.cpu_s) != (now.rss_pages, now.cpu_s)


def estimate(reading: _Reading | None, private: int) -> int:
    """The last reading, moved by as much as the cheap figure has moved since."""
    if reading is None:
        return private
    return max(0, reading.share + private - reading.private)


def due(private: dict[_Key, int], readings: dict[_Key, _Reading], now: float) -> tuple[_Key, ...]:
    """Who is to be read, the most urgent first: never read, moved, longest ago."""

    def urgency(key: _Key) -> tuple[int, float]:
        reading = readings.get(key)
        if reading is None:
            return (0, -private[key])
        moved = abs(private[key] - reading.private)
        if moved > max(_MOVED_BYTES, _MOVED * reading.share):
            return (1, -moved)
        return (2, reading.at) if now - reading.at > OLD_S else (_AT_REST, 0.0)

    found = [(rank, key) for key in private if (rank := urgency(key))[0] < _AT_REST]
    return tuple(key for _, key in sorted(found))
