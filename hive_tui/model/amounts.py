"""Amounts and times in the words of messages: `3.9 GB`, `25 min`. Pure."""

from __future__ import annotations


def size(value: int) -> str:
    """An amount of memory: `212 MB`, `1.2 GB`. Decimal units."""
    if value >= 999_500_000:
        return f"{value / 1e9:.1f} GB"
    if value >= 999_500:
        return f"{round(value / 1e6)} MB"
    return f"{round(value / 1e3)} kB"


def lapse(seconds: float) -> str:
    """A length of time in one unit, rounded down: `40 s`, `25 min`, `3 h`, `2 d`."""
    whole = max(0, int(seconds))
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if whole >= length:
            return f"{whole // length} {unit}"
    return f"{whole} s"
