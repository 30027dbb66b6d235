"""Looks for a pattern in a log while it is written. Reads files; watches nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hive_tui.engine.plain import strip_escapes

_LONGEST_LINE = 64 * 1024
_OVERLAP = 4 * 1024
_CHUNK_BYTES = 256 * 1024


class LogMatch:
    """Feeds a log to a pattern, line by line, however the bytes arrive."""

    def __init__(self, pattern: str) -> None:
        """Create it.

        Args:
            pattern: Regular expression, searched in each line without its end and without escape
                sequences; lines past 64 KiB are searched in pieces that overlap by 4 KiB.

        Raises:
            re.error: The pattern is not valid.
        """
        self._pattern = re.compile(pattern.encode())
        self._rest = b""

    def feed(self, chunk: bytes) -> bool:
        """Whether the pattern is found, now that these bytes were added.

        The unfinished last line counts as far as it goes: a program that is ready need not say so
        in a whole line.
        """
        *lines, rest = (self._rest + chunk).split(b"\n")
        if any(self._found(line) for line in lines) or self._found(rest):
            return True
        self._rest = rest if len(rest) <= _LONGEST_LINE else rest[-_OVERLAP:]
        return False

    def _found(self, line: bytes) -> bool:
        return self._pattern.search(strip_escapes(line).rstrip(b"\r")) is not None


def data_from(fd: int, offset: int) -> int:
    """First offset from `offset` on that holds data: past the hole that bounding leaves.

    Returns `offset` itself where the system cannot tell, and the end where there is none.
    """
    if not hasattr(os, "SEEK_DATA"):
        return offset
    try:
        return os.lseek(fd, offset, os.SEEK_DATA)
    except OSError:
        return max(offset, os.fstat(fd).st_size)


def read_grown(path: Path, offset: int) -> tuple[bytes, int]:
    """What a log holds from `offset` on, at most 256 KiB, and the offset after it.

    Nothing where the file is not there; from its start where it became shorter than `offset`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b"", offset
    try:
        end = os.fstat(fd).st_size
        start = data_from(fd, offset if offset <= end else 0)
        chunk = os.pread(fd, min(_CHUNK_BYTES, max(0, end - start)), start)
        return chunk, start + len(chunk)
    finally:
        os.close(fd)
