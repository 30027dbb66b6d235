"""When each part of a log was written: pairs of (offset, time) in a file beside it.

A pair says that by this time the log had grown to this offset. Knows nothing of lines.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

_PAIR_BYTES = 16
_NEAR_BYTES = 256 * _PAIR_BYTES
"""Read first by who asks for the end of a log alone."""


class LogIndex:
    """Writes the pairs. Whatever the disk refuses is left out: the log is not the worse for it."""

    def __init__(self, path: Path) -> None:
        """Open or make the index at `path`; `end` is then what it covers."""
        self._path = path
        offsets, _ = _load(path)
        self.end = int(offsets[-1]) if offsets else 0

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
    """Reads the pairs once, and tells when what lies at an offset was written."""

    def __init__(self, path: Path, last: float, start: int = 0) -> None:
        """Load the index.

        Args:
            path: Of the index.
            last: Time of all that it does not cover yet.
            start: Only what lies after this offset will be asked for.
        """
        self._offsets, self._times = _load(path, _NEAR_BYTES)
        if not self._offsets or self._offsets[0] > start:
            self._offsets, self._times = _load(path)
        self._last = last

    def at(self, end: int) -> float:
        """Seconds since the epoch at which the line that ends at `end` was complete."""
        place = bisect_left(self._offsets, end)
        return self._times[place] if place < len(self._times) else self._last


def _load(path: Path, most_bytes: int | None = None) -> tuple[array[float], array[float]]:
    """Offsets and times, or the last of them; without what was written by half."""
    flat = array("d")
    with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
        whole = file.seek(0, os.SEEK_END) // _PAIR_BYTES * _PAIR_BYTES
        file.seek(0 if most_bytes is None else max(0, whole - most_bytes))
        data = file.read(whole - file.tell())
        flat.frombytes(data[: len(data) // _PAIR_BYTES * _PAIR_BYTES])
    return flat[0::2], flat[1::2]
