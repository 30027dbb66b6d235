"""When each part of a log was written: pairs of (offset, time) in a file beside it.

A pair says that by this time the log had grown to this offset. Knows nothing of lines.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

_PAIR_BYTES = 16
_WINDOW = 256
"""Pairs that a reader holds: of a log that was long in the making there may be millions."""


class LogIndex:
    """Writes the pairs. Whatever the disk refuses is left out: the log is not the worse for it."""

    def __init__(self, path: Path) -> None:
        """Open or make the index at `path`; `end` is then what it covers."""
        self._path = path
        self.end = 0
        with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
            pairs = file.seek(0, os.SEEK_END) // _PAIR_BYTES
            self.end = int(_offset(file, pairs - 1)) if pairs else 0

    def append(self, end: int, at: float) -> None:
        """Note that the log reached `end` by `at` (seconds since the epoch)."""
        self.end = end
        pair = array("d", (end, at)).tobytes()
        with contextlib.suppress(OSError), self._path.open("ab", buffering=0) as file:
            whole = file.tell() // _PAIR_BYTES * _PAIR_BYTES
            file.truncate(whole)  # a crash or a full disk may have left half a pair
            if file.write(pair) != len(pair):
                file.truncate(whole)

    def size_bytes(self) -> int:
        """What the index takes."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def compact(self, start: int, most_bytes: int) -> None:
        """Forget what lies before `start`, and then every other pair until it fits."""
        offsets, times = _load(self._path)
        first = max(0, bisect_left(offsets, start) - 1)
        pairs = list(zip(offsets[first:], times[first:], strict=True))
        while len(pairs) > 2 and len(pairs) * _PAIR_BYTES > most_bytes:
            pairs = pairs[:-1:2] + pairs[-1:]
        self._replace(pairs)

    def clear(self) -> None:
        """Forget everything: the log starts anew."""
        self.end = 0
        self._replace(())

    def _replace(self, pairs: Iterable[tuple[float, float]]) -> None:
        flat = array("d", (number for pair in pairs for number in pair))
        draft = self._path.with_suffix(".idx.new")
        try:
            draft.write_bytes(flat.tobytes())
            draft.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink()


class LogTimes:
    """Tells when what lies at an offset was written. Reads a window of the pairs at a time."""

    def __init__(self, path: Path, last: float) -> None:
        """Create it; the index is read when the first time is asked for.

        Args:
            path: Of the index.
            last: Time of all that it does not cover yet.
        """
        self._path = path
        self._last = last
        self._offsets = array("d")
        self._times = array("d")
        self._begin = self._end = -1.0
        """What lies past the first offset and not past the second one is in the window."""

    def at(self, end: int) -> float:
        """Seconds since the epoch at which the line that ends at `end` was complete."""
        if not self._begin < end <= self._end:
            self._load(end)
        place = bisect_left(self._offsets, end)
        return self._times[place] if place < len(self._times) else self._last

    def _load(self, end: int) -> None:
        """Take the window in which the pair for `end` lies: the last one if it is near."""
        self._offsets, self._times = array("d"), array("d")
        self._begin, self._end = -1.0, float("inf")
        with contextlib.suppress(OSError), self._path.open("rb", buffering=0) as file:
            pairs = file.seek(0, os.SEEK_END) // _PAIR_BYTES
            first = max(0, pairs - _WINDOW)
            if first and _offset(file, first) >= end:
                low, high = 0, first  # the pair at `high` is not before `end`
                while low < high:
                    middle = (low + high) // 2
                    low, high = (
                        (low, middle) if _offset(file, middle) >= end else (middle + 1, high)
                    )
                first = max(0, low - _WINDOW // 2)
            self._offsets, self._times = _pairs(file, first, _WINDOW)
            if first and self._offsets:
                self._begin = self._offsets[0]
            if first + len(self._offsets) < pairs:
                self._end = self._offsets[-1]


def _offset(file: FileIO, pair: int) -> float:
    """The offset of one pair; infinite where the file became shorter."""
    file.seek(pair * _PAIR_BYTES)
    data = file.read(_PAIR_BYTES)
    return float(array("d", data)[0]) if len(data) == _PAIR_BYTES else float("inf")


def _pairs(file: FileIO, first: int, most: int) -> tuple[array[float], array[float]]:
    flat = array("d")
    file.seek(first * _PAIR_BYTES)
    data = file.read(most * _PAIR_BYTES)
    flat.frombytes(data[: len(data) // _PAIR_BYTES * _PAIR_BYTES])
    return flat[0::2], flat[1::2]


def _load(path: Path) -> tuple[array[float], array[float]]:
    """Offsets and times, without what was written by half."""
    with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
        return _pairs(file, 0, file.seek(0, os.SEEK_END) // _PAIR_BYTES)
    return array("d"), array("d")
