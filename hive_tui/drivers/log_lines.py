"""Finds lines in a log file, from its end backwards and from an offset on, past any hole.

Lines longer than 16 KiB come in pieces. Watches nothing and knows no times.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from hive_tui.engine.log_match import data_from

LONGEST = 16 * 1024
"""Bytes of a line before it is split."""
_BLOCK = 64 * 1024
_FARTHEST = 1024 * 1024
"""How far back the start of a line is looked for."""
_HOLE = bytes(16)
"""What a line that starts in a hole reads as, where holes cannot be told from data."""

Line = tuple[int, bytes]
"""Offset past the line and its end, and its text without it."""


def backwards(fd: int, start: int, end: int) -> Iterator[Line]:
    """Lines that lie in [start, end), the last one first; each block is read once.

    An unfinished line at the end counts. A line whose beginning fell into a hole is left out.
    """
    first = data_from(fd, start)
    at, rest = end, b""
    closed = 0  # 1 where a line end follows `rest`
    while at > first:
        size = min(_BLOCK, at - first)
        block = os.pread(fd, size, at - size)
        if len(block) < size or not block.strip(b"\0"):
            return
        at -= size
        rest, *lines = (block + rest).split(b"\n")
        begin = at + len(rest) + sum(len(line) + 1 for line in lines) + 1
        for line in reversed(lines):
            begin -= len(line) + 1
            if line.startswith(_HOLE):
                return
            if line or closed:
                yield from reversed(_pieces(begin, line, begin + len(line) + closed))
            closed = 1
        if len(rest) > _FARTHEST:
            yield from reversed(_pieces(at, rest, at + len(rest) + closed))
            rest, closed = b"", 0
    begins_whole = first == start and not rest.startswith(_HOLE)
    if begins_whole and (rest or closed):
        yield from reversed(_pieces(at, rest, at + len(rest) + closed))


def _pieces(begin: int, line: bytes, past: int) -> list[Line]:
    """The line that begins at `begin`, in parts where it is too long."""
    if len(line) <= LONGEST:
        return [(past, line)]
    parts = [line[at : at + LONGEST] for at in range(0, len(line), LONGEST)]
    ends = [*range(begin + LONGEST, begin + len(line), LONGEST), past]
    return list(zip(ends, parts, strict=True))


def last_whole(fd: int, start: int, end: int) -> int:
    """Offset past the last finished line in [start, end).

    Looks back as far as a line may be long before it is split: then, and where no line is
    finished, it is `end`, or `start` if that is near.
    """
    near = max(start, end - LONGEST)
    found = os.pread(fd, end - near, near).rfind(b"\n")
    if found >= 0:
        return near + found + 1
    return start if near == start else end


def grown(fd: int, offset: int, most_bytes: int) -> tuple[int, bytes]:
    """Where finished lines begin from `offset` on, and they themselves as they lie in the file.

    Begins at 0 where the file became shorter, and after the hole where the head was cut past
    `offset`. Of a line that is not finished, the parts that it is too long for.

    Args:
        fd: The log.
        offset: Start of a line.
        most_bytes: Read at most so many; more than 16 KiB.
    """
    end = os.fstat(fd).st_size
    if offset > end:
        offset = 0
    at = data_from(fd, offset)
    chunk = os.pread(fd, min(most_bytes, max(0, end - at)), at)
    if at > offset:
        skipped = chunk.find(b"\n") + 1
        at, chunk = at + skipped, chunk[skipped:]
    past = chunk.rfind(b"\n") + 1 or len(chunk) // LONGEST * LONGEST
    return at, chunk[:past]
