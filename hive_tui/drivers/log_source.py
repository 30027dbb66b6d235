"""One log file that is written to: its length, its time index and its bound.

When to look at it is decided in `logs`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from hive_tui.drivers import holes
from hive_tui.drivers.log_index import LogIndex

KEPT = 0.75
"""Part of the bound that is left after a cut."""
SMALLEST_BOUND = 64 * 1024
INDEX_SHARE = 16
"""The index takes at most this part of the bound."""

_CANNOT_PUNCH = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTTY)


class LogSource:
    """A tracked file, told from another one of the same name by its inode."""

    def __init__(
        self, path: Path, stat: os.stat_result, max_bytes: Callable[[], int], *, copying: bool
    ) -> None:
        """Create it; opens nothing.

        Args:
            path: Of the log; the index lies beside it.
            stat: Of the file that is there now.
            max_bytes: What it may take on disk; less than 64 KiB counts as that.
            copying: Cut it by copying, without trying to punch a hole.
        """
        self.path = path
        self.inode = (stat.st_dev, stat.st_ino)
        self._index = LogIndex(path.with_suffix(".idx"))
        self._max_bytes = max_bytes
        self._copying = copying
        self._fd = -1
        self.size = self._index.end
        """Length at the last look."""
        self.wd: int | None = None
        """Number of the inotify watch; `None` where growth has to be looked for."""
        self.sampled_at = float("-inf")
        """When it was last timed, by the loop's clock."""
        self.timer: asyncio.TimerHandle | None = None
        """For the next sample, if one is due."""
        self.grown: list[Callable[[], None]] = []
        """Who wants to know of growth."""

    def open(self) -> None:
        """Keep the file open, so that it stays bounded even without a name.

        Does nothing where another file, or none, lies at its path.
        """
        if self._fd < 0:
            with contextlib.suppress(OSError):
                fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
                stat = os.fstat(fd)
                if (stat.st_dev, stat.st_ino) == self.inode:
                    self._fd = fd
                else:
                    os.close(fd)

    def stat(self) -> os.stat_result | None:
        """As it is now; `None` where it is gone."""
        with contextlib.suppress(OSError):
            stat = os.fstat(self._fd) if self._fd >= 0 else os.stat(self.path)
            if (stat.st_dev, stat.st_ino) == self.inode:
                return stat
        return None

    def rest(self) -> None:
        """Let the file go until it grows again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def close(self) -> None:
        """Let everything go."""
        self.rest()
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def sample(self, stat: os.stat_result) -> None:
        """Note when the file got as long as it is, and cut it where it got too big.

        The time is the file's own, of its last change: exact however late this looks. A file
        without a name is only cut: its index belongs to the one that may have its name now.
        """
        if stat.st_nlink:
            if stat.st_size < self._index.end:
                self._index.clear()
            if stat.st_size > self._index.end:
                self._index.append(stat.st_size, stat.st_mtime)
        bound = max(SMALLEST_BOUND, self._max_bytes())
        if holes.allocated_bytes(stat) > bound:
            start = stat.st_size - int(bound * KEPT)
            self._cut(start)
            if stat.st_nlink:
                self._index.compact(start, bound // INDEX_SHARE)
        elif self._index.size_bytes() > bound // INDEX_SHARE:
            self._index.compact(0, bound // INDEX_SHARE // 2)

    def _cut(self, start: int) -> None:
        """Take what lies before `start` off the disk; where it refuses, nothing happens."""
        self.open()
        end = start // holes.PAGE * holes.PAGE
        if self._fd < 0 or end <= 0:
            return
        if not self._copying:
            try:
                holes.punch(self._fd, end)
            except OSError as error:
                self._copying = error.errno in _CANNOT_PUNCH
        if self._copying:
            with contextlib.suppress(OSError):
                holes.cut_by_copy(self._fd, end)
