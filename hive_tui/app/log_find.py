"""Finds lines in memory by what a filter keeps, a block at a time. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from hive_tui.app.stretch import Stretch
from hive_tui.model.log_block import LogBlock
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.log_probe import LogProbe


def kept(blocks: Iterable[LogBlock], wanted: LogFilter) -> list[LogBlock]:
    """What a filter leaves of blocks."""
    if not wanted:
        return list(blocks)
    probe = LogProbe(wanted)
    judged = ((block, _found(block, wanted, probe)) for block in blocks)
    return [
        block if len(found) == block.count else block.only(found)
        for block, found in judged
        if found
    ]


def counted(blocks: Iterable[LogBlock], wanted: LogFilter) -> int:
    """How many lines a filter keeps."""
    probe = LogProbe(wanted)
    return sum(len(_found(block, wanted, probe)) for block in blocks)


def nearest(lines: Stretch, wanted: LogFilter, start: int, direction: int) -> int | None:
    """Number of the nearest line that a filter keeps.

    Args:
        lines: Where to look.
        wanted: What it is to have.
        start: Looks at lines before this number (-1) or after it (1).
        direction: -1 or 1.
    """
    probe = LogProbe(wanted)
    back = direction < 0
    for first, block in lines.blocks_before(start) if back else lines.blocks_from(start + 1):
        if found := _found(block, wanted, probe):
            return first + found[-1 if back else 0]
    return None


def _found(block: LogBlock, wanted: LogFilter, probe: LogProbe) -> list[int]:
    """Positions of the lines that a filter keeps, in order."""
    found: list[int] = []
    at = counted_to = 0
    for start, end in probe.lines(block.text):
        at += block.text.count(b"\n", counted_to, start)
        counted_to = start
        if wanted.keeps(block.text[start:end]):
            found.append(at)
    return found
