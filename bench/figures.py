"""What a benchmark found, and the table that shows it beside what it should be.

Measures nothing itself.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured value."""

    theme: str
    name: str
    value: float
    unit: str = ""
    """Empty for a ratio."""
    aim: float | None = None
    """What it should be at most, or at least; `None`: printed for comparison only."""
    at_least: bool = False
    beside: str = ""
    """A peer, a floor or a spread, as text."""

    @property
    def ok(self) -> bool | None:
        """Whether the aim is reached; `None` without one."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.at_least else self.value <= self.aim


def quantile(values: Sequence[float], fraction: float) -> float:
    """The smallest value that at least this fraction of them does not exceed.

    Args:
        values: At least one.
        fraction: 0 to 1; 0.99 of fewer than 100 values is the largest.
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


def spread(values: Sequence[float], unit: str = "") -> str:
    """Least and greatest of some values, as text."""
    return f"{_number(min(values))}-{_number(max(values))}{unit} in {len(values)}"


def median(values: Sequence[float]) -> float:
    """The middle one; the mean of two."""
    return statistics.median(values)


def table(figures: Sequence[Figure]) -> str:
    """All figures as aligned text, one line each."""
    rows = [("figure", "value", "aim", "", "beside it")]
    theme = ""
    for figure in figures:
        if figure.theme != theme:
            theme = figure.theme
            rows.append((f"{theme}", "", "", "", ""))
        sign = ">=" if figure.at_least else "<="
        aim = "" if figure.aim is None else f"{sign} {_number(figure.aim)}"
        ok = {None: "", True: "ok", False: "MISSED"}[figure.ok]
        value = f"{_number(figure.value)} {figure.unit}".rstrip()
        rows.append((f"  {figure.name}", value, aim, ok, figure.beside))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        (
            f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}"
            f"  {row[3]:<{widths[3]}}  {row[4]}"
        ).rstrip()
        for row in rows
    )


def _number(value: float) -> str:
    """Four digits that count."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 3)}f}"
