"""Steps over time as lines of text, for `hive plan` and `hive trace`. Pure; it asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hive_tui.cli.text import Ink, clip, pad, seconds

_NAME_COLUMNS = 24
_BAR_COLUMNS = 40
_LEAST_BAR_COLUMNS = 10
_NUMBER_COLUMNS = 30
"""What stands right of the bar: the length and a note."""


class Bar(NamedTuple):
    """One step. Times are seconds since the transition was asked for."""

    name: str
    start_s: float | None
    """`None` for a step that never started: it gets no bar."""
    end_s: float | None
    """`None` for a step that never ended: its bar goes to the end of the chart."""
    ready_s: float | None = None
    """When nothing but a slot or a lane was missing; the wait from there on is drawn lighter."""
    known: bool = True
    """False where the length is a guess: it is not written out."""
    critical: bool = False
    note: str = ""


def waterfall(bars: Sequence[Bar], *, width: int | None, ink: Ink) -> list[str]:
    """Draw steps one below the other, in the order of their starts.

    The steps of the critical path are solid and marked with `*`, all others are shaded: they can
    be told apart without colour.

    Args:
        bars: Steps with harmless names and notes.
        width: Columns of the terminal; `None` where there is none.
        ink: Colours.
    """
    if not bars:
        return []
    ends = [value for bar in bars for value in (bar.start_s, bar.end_s) if value is not None]
    whole = max(ends, default=0.0) or 1.0
    named = min(_NAME_COLUMNS, max(len(bar.name) for bar in bars))
    columns = _BAR_COLUMNS
    if width is not None:
        columns = max(_LEAST_BAR_COLUMNS, min(columns, width - named - _NUMBER_COLUMNS))
    ordered = sorted(bars, key=lambda bar: (bar.start_s is None, bar.start_s or 0.0))
    return [_line(bar, named, columns, whole, ink) for bar in ordered]


def _line(bar: Bar, named: int, columns: int, whole: float, ink: Ink) -> str:
    mark = "*" if bar.critical else " "
    name = pad(clip(bar.name, named), named)
    if bar.start_s is None:
        return f"{mark} {name} {' ' * columns}  {bar.note}".rstrip()
    end = whole if bar.end_s is None else bar.end_s
    at = min(columns - 1, int(bar.start_s / whole * columns))
    length = max(1, round((end - bar.start_s) / whole * columns))
    length = min(length, columns - at)
    waited = 0
    if bar.ready_s is not None and bar.ready_s < bar.start_s:
        waited = at - min(at, int(bar.ready_s / whole * columns))
    body = ink("cyan" if bar.critical else "dim", ("█" if bar.critical else "▒") * length)
    chart = " " * (at - waited) + "·" * waited + body + " " * (columns - at - length)
    length_s = end - bar.start_s if bar.known else None
    return f"{mark} {name} {chart} {seconds(length_s):>8}  {bar.note}".rstrip()
