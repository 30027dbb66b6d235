"""Finds lines in memory by what a filter keeps, many at a time. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from hive_tui.model.log_filter import LogFilter
from hive_tui.model.log_probe import LogProbe
from hive_tui.model.wire import LogLine

_AT_ONCE = 1000


def kept(lines: Sequence[LogLine], wanted: LogFilter) -> list[int]:
    """Positions of the lines that a filter keeps, in order."""
    if not wanted:
        return list(range(len(lines)))
    probe = LogProbe(wanted)
    return [
        at
        for first in range(0, len(lines), _AT_ONCE)
        for at in _kept(lines, first, first + _AT_ONCE, wanted, probe)
    ]


def nearest(lines: Sequence[LogLine], wanted: LogFilter, start: int, direction: int) -> int | None:
    """Position of the nearest line that a filter keeps.

    Args:
        lines: Where to look.
        wanted: What it is to have.
        start: Looks at lines before this position (-1) or after it (1).
        direction: -1 or 1.
    """
    probe = LogProbe(wanted)
    start = max(-1, min(len(lines), start))
    if direction > 0:
        for first in range(start + 1, len(lines), _AT_ONCE):
            if found := _kept(lines, first, first + _AT_ONCE, wanted, probe):
                return found[0]
        return None
    for past in range(start, 0, -_AT_ONCE):
        if found := _kept(lines, max(0, past - _AT_ONCE), past, wanted, probe):
            return found[-1]
    return None


def _kept(
    lines: Sequence[LogLine], first: int, past: int, wanted: LogFilter, probe: LogProbe
) -> list[int]:
    part = [line.text for line in lines[first:past]]
    starts = list(accumulate((len(text) + 1 for text in part), initial=0))
    found: list[int] = []
    for start, _ in probe.lines(b"\n".join(part)):
        at = bisect_right(starts, start) - 1
        if (not found or found[-1] != first + at) and wanted.keeps(part[at]):
            found.append(first + at)
    return found
