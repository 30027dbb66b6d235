"""Reads logs for people: the last lines of several sources merged by time, and what follows.

Reads the files alone, so that what is written while nobody looks, or before this daemon lived,
is there too.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

from hive_tui.drivers.log_index import LogTimes
from hive_tui.drivers.log_lines import Line, backwards, forwards, last_whole
from hive_tui.drivers.log_scan import LogScan, Place
from hive_tui.drivers.logs import LogFiles
from hive_tui.engine.plain import plain
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.wire import LogLine

BATCH_S = 0.05
"""Least time between two batches of a followed log, unless there is a whole batch to catch up."""
BATCH_BYTES = 256 * 1024
"""Read of one source for one batch: more would hold the loop up."""
HALF_BYTES = 4096
"""Of an unfinished line that is shown."""


class LogReader:
    """Reads what `LogFiles` keeps."""

    def __init__(self, logs: LogFiles) -> None:
        self._logs = logs

    def sources(self, uid: str) -> list[str]:
        """Names of all sources of an env that have a file, in order."""
        return self._logs.sources(uid)

    def read(
        self,
        uid: str,
        sources: Sequence[str],
        *,
        lines: int,
        since: float | None = None,
        grep: re.Pattern[str] | None = None,
    ) -> list[LogLine]:
        """The last lines, oldest first, the unfinished ones included.

        May take a second on a big log with `grep` and is safe to call in a thread.

        Args:
            uid: The env.
            sources: Names of its sources; empty: all. One without a file has no lines.
            lines: At most so many in all; negative: all of them.
            since: Only lines from this time on, in seconds since the epoch.
            grep: Only lines whose `plain` text it is found in.
        """
        return self._read(uid, sources, lines, since, grep, whole=False)[0]

    def read_with_offsets(
        self,
        uid: str,
        sources: Sequence[str],
        *,
        lines: int,
        since: float | None = None,
        grep: re.Pattern[str] | None = None,
    ) -> tuple[list[LogLine], dict[str, int]]:
        """As `read` without unfinished lines, and the offsets at which `follow` goes on."""
        return self._read(uid, sources, lines, since, grep, whole=True)

    async def follow(
        self,
        uid: str,
        sources: Sequence[str] | None,
        *,
        offsets: Mapping[str, int],
        grep: re.Pattern[str] | None = None,
        halves: bool = False,
    ) -> AsyncGenerator[list[LogLine], None]:
        """Finished lines as they are written, in batches 50 ms apart or full ones, for ever.

        Each batch is in the order of time. A reader that is slower than a flood misses what is
        cut from the file meanwhile, and nothing else.

        Args:
            uid: The env.
            sources: Names of its sources, which may not have a file yet; `None` or empty: all,
                also those that come later.
            offsets: Where to start in each, from `read_with_offsets`; 0 where one is missing.
            grep: Only lines whose `plain` text it is found in.
            halves: Also an empty batch when an unfinished line grew.
        """
        loop = asyncio.get_running_loop()
        grown = asyncio.Event()
        stops: dict[str, Callable[[], None]] = {}
        reached = dict(offsets)

        def begin(source: str) -> None:
            if source not in stops:
                stops[source] = lambda: None
                stops[source] = self._logs.watch(uid, source, grown.set)
                grown.set()

        stop_news = None if sources else self._logs.watch_new(uid, begin)
        try:
            for source in sources or self._logs.sources(uid):
                begin(source)
            told = not halves
            while True:
                grown.clear()
                batch: list[LogLine] = []
                for source in tuple(stops):
                    batch += self._drain(uid, source, reached, grep, grown)
                if not batch and told:
                    await grown.wait()
                    told = not halves
                    continue
                told = True
                ended = loop.time()
                yield sorted(batch, key=_at)
                behind = sum(len(line.text) for line in batch) > BATCH_BYTES // 2
                await asyncio.sleep(0 if behind else max(0.0, ended + BATCH_S - loop.time()))
        finally:
            if stop_news is not None:
                stop_news()
            for stop in stops.values():
                stop()

    def half(self, uid: str, source: str, offset: int) -> bytes:
        """The unfinished line at `offset`, its first 4 KiB; empty where it is finished by now."""
        try:
            fd = os.open(self._logs.file(uid, source), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            text = os.pread(fd, HALF_BYTES, offset)
            return b"" if b"\n" in text else text.lstrip(b"\0")
        finally:
            os.close(fd)

    def end(self, uid: str, source: str) -> int:
        """How long the log of a source is."""
        return self._logs.end(uid, source)

    def scan(
        self,
        uid: str,
        sources: Sequence[str],
        *,
        at: Place | None,
        back: bool,
        lines: int,
        most_bytes: int,
        wanted: LogFilter,
        mask: Callable[[bytes], bytes],
    ) -> LogScan:
        """Begin to look through the logs from a place; see `LogScan`."""
        return LogScan(
            self._logs,
            uid,
            sources,
            at=at,
            back=back,
            lines=lines,
            most_bytes=most_bytes,
            wanted=wanted,
            mask=mask,
        )

    def _read(
        self,
        uid: str,
        sources: Sequence[str],
        lines: int,
        since: float | None,
        grep: re.Pattern[str] | None,
        *,
        whole: bool,
    ) -> tuple[list[LogLine], dict[str, int]]:
        merged: list[LogLine] = []
        offsets: dict[str, int] = {}
        for source in sources or self._logs.sources(uid):
            try:
                fd = os.open(self._logs.file(uid, source), os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                end = os.fstat(fd).st_size
                end = last_whole(fd, 0, end) if whole else end
                offsets[source] = end
                last: list[LogLine] = []
                if lines != 0:
                    times = self._times(uid, source, fd)
                    for line in backwards(fd, 0, end):
                        if since is not None and times.at(line[0]) < since:
                            break
                        if grep is None or grep.search(plain(line[1])):
                            last.append(_line(source, times, line))
                            if len(last) == lines:
                                break
            finally:
                os.close(fd)
            merged += reversed(last)
        merged.sort(key=_at)
        return (merged if lines < 0 else merged[len(merged) - min(lines, len(merged)) :]), offsets

    def _drain(
        self,
        uid: str,
        source: str,
        offsets: dict[str, int],
        grep: re.Pattern[str] | None,
        grown: asyncio.Event,
    ) -> list[LogLine]:
        """What is new in one source; sets `grown` where there may be more at once."""
        offset = offsets.get(source, 0)
        try:
            fd = os.open(self._logs.file(uid, source), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return []
        try:
            lines, offsets[source] = forwards(fd, offset, BATCH_BYTES)
            if lines:
                grown.set()
            times = self._times(uid, source, fd, offset)
        finally:
            os.close(fd)
        return [
            _line(source, times, line)
            for line in lines
            if grep is None or grep.search(plain(line[1]))
        ]

    def _times(self, uid: str, source: str, fd: int, offset: int = 0) -> LogTimes:
        index = self._logs.file(uid, source).with_suffix(".idx")
        return LogTimes(index, os.fstat(fd).st_mtime)


def _line(source: str, times: LogTimes, line: Line) -> LogLine:
    past, text = line
    return LogLine(times.at(past), source, text.removesuffix(b"\r"), past)


def _at(line: LogLine) -> float:
    return line.at
