"""Looks through logs merged by time, from any place in either direction, a slice at a time.

A place is an offset per source, so it stays valid however the files grow or are cut. What a scan
returns and what it went past is told apart by places alone: nothing comes twice or is left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hive_tui.drivers import log_regions
from hive_tui.drivers.log_index import LogTimes
from hive_tui.drivers.log_lines import last_whole
from hive_tui.drivers.log_search import LogSearch
from hive_tui.drivers.logs import LogFiles
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.wire import LogLine

Place = Mapping[str, int]
"""Offset in the log of each source, where a line begins or ends."""

_NEAR = 64 * 1024
"""Bytes that are read at once where every line is wanted."""


class Page(NamedTuple):
    """What a scan brought."""

    lines: list[LogLine]
    """Oldest first."""
    start: Place
    """Before the first line, as far as the scan looked back."""
    end: Place
    """Past the last line; as far as the scan looked, where it looked forward."""
    low: Place
    """Where each log begins."""
    high: Place
    """Where the last finished line of each log ends."""
    complete: bool
    """Whether there is nothing more in this direction."""


class _Step(NamedTuple):
    """The next thing on the way through one source: a line, or how far nothing was found."""

    at: float
    before: int
    """Offset on the side from which the scan came."""
    behind: int
    """Offset on the other side."""
    text: bytes | None


class _Track:
    """One source on the way."""

    def __init__(self, source: str, fd: int, low: int, high: int, times: LogTimes) -> None:
        self.source = source
        self.fd = fd
        self.low = low
        self.high = high
        self.times = times
        self.offset = 0
        self.head: _Step | None = None
        self.steps: Iterator[_Step] = iter(())

    def begin(self, offset: int, search: LogSearch, *, back: bool, size: int) -> None:
        self.offset = offset = max(self.low, min(self.high, offset))
        self.steps = self._back(offset, search, size) if back else self._on(offset, search, size)

    def advance(self) -> None:
        """Go past the head."""
        if self.head is not None:
            self.offset = self.head.behind
        self.head = next(self.steps, None)

    def _back(self, offset: int, search: LogSearch, size: int) -> Iterator[_Step]:
        for region in log_regions.before(self.fd, self.low, offset, size):
            for begin, past, text in reversed(list(search.found(region))):
                yield _Step(self.times.at(past), past, begin, text)
            yield _Step(self.times.at(region[0] + 1), region[0], region[0], None)

    def _on(self, offset: int, search: LogSearch, size: int) -> Iterator[_Step]:
        for region in log_regions.after(self.fd, offset, self.high, size):
            for begin, past, text in search.found(region):
                yield _Step(self.times.at(past), begin, past, text)
            past = region[0] + len(region[1])
            yield _Step(self.times.at(past), past, past, None)


class LogScan:
    """One look through the logs of an env. Its steps may be made in any thread, one at a time."""

    def __init__(
        self,
        logs: LogFiles,
        uid: str,
        sources: Sequence[str],
        *,
        at: Place | None,
        back: bool,
        lines: int,
        most_bytes: int,
        wanted: LogFilter,
        mask: Callable[[bytes], bytes],
    ) -> None:
        """Open the files; reads hardly anything.

        Args:
            logs: The files.
            uid: The env.
            sources: Names of its sources; empty: all. One without a file has no lines.
            at: Where to begin, in each source; one that is missing begins at 0. `None`: at the end
                of the last finished lines, or where it looks forward, at the start.
            back: Whether it looks towards the start.
            lines: It ends after so many, 0 for none.
            most_bytes: It ends after so many bytes of lines.
            wanted: Which lines it brings.
            mask: What hides secrets.
        """
        self._back = back
        self._most = lines
        self._most_bytes = most_bytes
        self._lines: list[LogLine] = []
        self._bytes = 0
        self._begun = False
        self._near: dict[str, int] | None = None
        self._tracks: list[_Track] = []
        self.complete = False
        """Whether there is nothing more in this direction."""
        search = LogSearch(wanted, mask)
        size = log_regions.REGION if wanted else _NEAR
        for source in sources or logs.sources(uid):
            try:
                fd = os.open(logs.file(uid, source), os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            stat = os.fstat(fd)
            low = min(log_regions.first_whole(fd), stat.st_size)
            high = max(low, last_whole(fd, low, stat.st_size))
            times = LogTimes(logs.file(uid, source).with_suffix(".idx"), stat.st_mtime)
            opened = _Track(source, fd, low, high, times)
            self._tracks.append(opened)
            begin = (high if back else low) if at is None else at.get(source, 0)
            opened.begin(begin, search, back=back, size=size)
        self._from = self._place()
        self.total = sum(
            offset - track.low if back else track.high - offset
            for track, offset in zip(self._tracks, self._from.values(), strict=True)
        )
        """Bytes that lie in its direction."""

    @property
    def done(self) -> int:
        """Bytes that it has gone past."""
        now = self._place()
        return sum(abs(now[source] - offset) for source, offset in self._from.items())

    def run(self, seconds: float) -> bool:
        """Look on for so long; true once it is at its end."""
        deadline = time.monotonic() + seconds
        if not self._begun:
            self._begun = True
            for track in self._tracks:
                track.head = next(track.steps, None)
        while self._bytes < self._most_bytes and len(self._lines) < self._most:
            step = self._step()
            if step is None:
                self.complete = True
                break
            if step.text is None and time.monotonic() > deadline:
                return False
        return True

    def page(self) -> Page:
        """What it brought so far."""
        here = self._place()
        lines = self._lines[::-1] if self._back else self._lines
        low = {track.source: track.low for track in self._tracks}
        high = {track.source: track.high for track in self._tracks}
        near = self._near or here
        start, end = (here, near) if self._back else (near, here)
        return Page(lines, start, end, low, high, self.complete)

    def close(self) -> None:
        """Let the files go."""
        for track in self._tracks:
            os.close(track.fd)
        self._tracks = []

    def _step(self) -> _Step | None:
        """Take the step that is next in time; of equals the last source's where it looks back."""
        waiting = [(track.head.at, track) for track in self._tracks if track.head is not None]
        if not waiting:
            return None
        choose, order = (max, reversed(waiting)) if self._back else (min, iter(waiting))
        track = choose(order, key=_time)[1]
        step = track.head
        if step is not None and step.text is not None:
            self._take(track.source, step, step.text)
        track.advance()
        return step

    def _take(self, source: str, step: _Step, text: bytes) -> None:
        if self._near is None:
            self._near = {**self._place(), source: step.before}
        past = step.before if self._back else step.behind
        self._lines.append(LogLine(step.at, source, text.removesuffix(b"\r"), past))
        self._bytes += len(text)

    def _place(self) -> dict[str, int]:
        return {track.source: track.offset for track in self._tracks}


def _time(pair: tuple[float, _Track]) -> float:
    return pair[0]
