"""What is written to logs from a place on, by the block, as it is written. Hides no secrets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hive_tui.drivers import log_regions
from hive_tui.drivers.log_index import LogTimes
from hive_tui.drivers.log_lines import LONGEST, grown
from hive_tui.drivers.logs import LogFiles
from hive_tui.model.log_block import LogBlock

BATCH_S = 0.05
"""Least time between two batches of a followed log, unless there is a whole batch to catch up."""
LINES_BYTES = 256 * 1024
"""Read for one batch for who takes line by line: more would hold the loop up."""
BLOCKS_BYTES = 1024 * 1024
"""The same for who takes blocks. The more is told at once, the less waits for a busy machine."""
_LEAST_BYTES = 64 * 1024
"""Read of one source at least."""
SKIP_BYTES = 16 * 1024 * 1024
"""Who is further behind than that, and lets lines be skipped, goes on near the end."""
NEAR_BYTES = 1024 * 1024
"""How near; less than that."""


class Batch(NamedTuple):
    """What is new."""

    blocks: list[LogBlock]
    """In the order of time."""
    skipped: dict[str, int]
    """Offset at which it goes on in each source of which a part was skipped."""


class LogFollower:
    """Follows some sources of an env."""

    def __init__(
        self,
        logs: LogFiles,
        uid: str,
        offsets: Mapping[str, int],
        *,
        most_bytes: int,
        skips: bool = False,
    ) -> None:
        """Create it; opens nothing.

        Args:
            logs: The files.
            uid: The env.
            offsets: Where to start in each source; 0 where one is missing.
            most_bytes: What is read for one batch, shared by the sources.
            skips: Whether it may leave a part out when it is far behind.
        """
        self._logs = logs
        self._uid = uid
        self._most_bytes = most_bytes
        self._skips = skips
        self._grown = asyncio.Event()
        self._stops: dict[str, Callable[[], None]] = {}
        self.reached = dict(offsets)
        """How far each source was read."""

    async def batches(
        self, sources: Sequence[str], *, halves: bool = False
    ) -> AsyncGenerator[Batch, None]:
        """Finished lines as they are written, in batches 50 ms apart or full ones, for ever.

        Args:
            sources: Names, which may not have a file yet; empty: all, also those that come later.
            halves: Also an empty batch when an unfinished line grew.
        """
        loop = asyncio.get_running_loop()
        stop_news = None if sources else self._logs.watch_new(self._uid, self._begin)
        try:
            for source in sources or self._logs.sources(self._uid):
                self._begin(source)
            told = not halves
            while True:
                self._grown.clear()
                batch = self._batch()
                if not batch.blocks and not batch.skipped and told:
                    await self._grown.wait()
                    told = not halves
                    continue
                told = True
                ended = loop.time()
                yield batch
                behind = sum(len(block.text) for block in batch.blocks) > self._most_bytes // 4
                await asyncio.sleep(0 if behind else max(0.0, ended + BATCH_S - loop.time()))
        finally:
            if stop_news is not None:
                stop_news()
            for stop in self._stops.values():
                stop()

    def _begin(self, source: str) -> None:
        if source not in self._stops:
            self._stops[source] = lambda: None
            self._stops[source] = self._logs.watch(self._uid, source, self._grown.set)
            self._grown.set()

    def _batch(self) -> Batch:
        batch = Batch([], {})
        for source in tuple(self._stops):
            try:
                fd = os.open(self._logs.file(self._uid, source), os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                self._drain(source, fd, batch)
            finally:
                os.close(fd)
        batch.blocks.sort(key=_at)
        return batch

    def _drain(self, source: str, fd: int, batch: Batch) -> None:
        """Add what is new in one source; sets `_grown` where there may be more at once."""
        stat = os.fstat(fd)
        offset = self.reached.get(source, 0)
        if self._skips and stat.st_size - offset > SKIP_BYTES:
            near = stat.st_size - NEAR_BYTES
            found = os.pread(fd, LONGEST, near).find(b"\n")
            batch.skipped[source] = offset = near + found + 1
        share = max(_LEAST_BYTES, self._most_bytes // len(self._stops))
        begin, data = grown(fd, offset, share)
        self.reached[source] = begin + len(data)
        if data:
            self._grown.set()
            index = self._logs.file(self._uid, source).with_suffix(".idx")
            batch.blocks.extend(blocks(source, begin, data, LogTimes(index, stat.st_mtime)))


def blocks(source: str, begin: int, data: bytes, times: LogTimes) -> Iterator[LogBlock]:
    """The lines that lie at `begin`, cut where the time changes; very long ones in parts.

    Args:
        source: Whose lines.
        begin: Their offset in its log.
        data: Whole lines, or part of one.
        times: When they were written.
    """
    at = 0
    while at < len(data):
        first = data.find(b"\n", at) + 1 or len(data)
        when, until = times.span(begin + first)
        past = first
        if until >= begin + len(data):
            past = len(data)
        elif until > begin + first:
            past = data.rfind(b"\n", at, int(until) - begin) + 1
        run = data[at:past]
        if _has_long(run):
            for _, end, text in log_regions.pieces(begin + at, run):
                yield LogBlock(when, source, end, text + b"\n", (end,))
        else:
            yield LogBlock(when, source, begin + past, run)
        at = past


def _has_long(run: bytes) -> bool:
    """Whether a line is too long to stay in one piece."""
    at = 0
    while len(run) - at > LONGEST:
        end = run.rfind(b"\n", at, at + LONGEST + 1)
        if end < 0:
            return True
        at = end + 1
    return False


def _at(block: LogBlock) -> float:
    return block.at
