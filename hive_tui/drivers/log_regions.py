"""Reads a log by regions of whole lines, in either direction, so that offsets are all it needs.

Knows no times and looks for nothing. Every read lets other threads run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from hive_tui.drivers.log_lines import LONGEST
from hive_tui.engine.log_match import data_from

REGION = 256 * 1024
"""Bytes that are read at once while a log is looked through."""
FARTHEST = 1024 * 1024
"""How far the end of a line is looked for."""
_HOLE = bytes(16)

Region = tuple[int, bytes]
"""Offset at which it begins, and its bytes."""

Piece = tuple[int, int, bytes]
"""Where a line, or a part of a very long one, begins; the offset past it; its text."""


def first_whole(fd: int) -> int:
    """Offset of the first line that is whole: 0, or the one after the hole at the head."""
    start = data_from(fd, 0)
    if start == 0:
        return 0
    found = os.pread(fd, FARTHEST, start).find(b"\n")
    return start + found + 1


def before(fd: int, low: int, at: int, size: int = REGION) -> Iterator[Region]:
    """Regions that lie in [low, at), the last one first. Both are where a line begins or ends.

    Ends where the head of the file was cut meanwhile.
    """
    while at > low:
        want = size
        while True:
            begin = max(low, at - want)
            block = os.pread(fd, at - begin, begin)
            if len(block) < at - begin:
                return
            cut = 0 if begin == low else block.find(b"\n", 0, -1) + 1
            if cut or begin == low or want >= FARTHEST:
                break
            want *= 2
        if block.startswith(_HOLE):  # either NULs that were written, or a hole that grew
            low = max(low, first_whole(fd))
            if low >= at:
                return
            cut = max(cut, low - begin)
        at = begin + cut
        yield at, block[cut:]


def after(fd: int, at: int, high: int, size: int = REGION) -> Iterator[Region]:
    """Regions that lie in [at, high), the first one first. Both are where a line begins or ends."""
    while at < high:
        want = size
        while True:
            block = os.pread(fd, min(want, high - at), at)
            cut = len(block) if at + len(block) >= high else block.rfind(b"\n") + 1
            if cut or not block or want >= FARTHEST:
                break
            want *= 2
        if not block:
            return
        if block.startswith(_HOLE) and (low := first_whole(fd)) > at:
            at = low
            continue
        block = block[:cut] if cut else block
        yield at, block
        at += len(block)


def pieces(begin: int, region: bytes) -> Iterator[Piece]:
    """The lines of a region, those that are too long in parts."""
    at = 0
    while at < len(region):
        end = region.find(b"\n", at)
        past = len(region) if end < 0 else end + 1
        yield from parts(begin + at, region[at : past if end < 0 else end], begin + past)
        at = past


def parts(begin: int, line: bytes, past: int) -> Iterator[Piece]:
    """One line, in parts where it is too long."""
    for at in range(0, len(line) - LONGEST, LONGEST):
        yield begin + at, begin + at + LONGEST, line[at : at + LONGEST]
    last = max(0, (len(line) - 1) // LONGEST * LONGEST)
    yield begin + last, past, line[last:]
