"""Numbers and times for the eye: short, of stable width, without false precision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

_MOMENT_S = 3.0

_BARS = "▁▂▃▄▅▆▇█"
_BARS_ASCII = "._-=+*%#"


def seconds(value: float) -> str:
    """A duration: `0.8 s`, `12 s`, `3m20`, `2h14`, `3d`."""
    value = max(0.0, value)
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}"
    return f"{whole // 86_400}d"


def left(value: float) -> str:
    """Time that is left by the scheduler's reckoning: `~4 s`, `~3m20`.

    At the end of it `any moment`; `overdue` once it has been over for longer than a moment.
    """
    if value <= 0:
        return "any moment" if value > -_MOMENT_S else "overdue"
    return f"~{seconds(value)}" if value >= 9.95 else f"~{max(1, round(value))} s"


def age(value: float) -> str:
    """How long something has been so, in one unit: `40s`, `3m`, `2h`, `5d`."""
    whole = max(0, int(value))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def size(value: int) -> str:
    """An amount of memory: `212 MB`, `1.2 GB`. Decimal units."""
    if value >= 999_500_000:
        return f"{value / 1e9:.1f} GB"
    if value >= 999_500:
        return f"{round(value / 1e6)} MB"
    return f"{round(value / 1e3)} kB"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 env`, `2 envs`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def epoch(text: str | None) -> float | None:
    """Seconds since the epoch of an RFC 3339 time; `None` where there is none or it is broken."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def since(text: str | None, now: float) -> str:
    """Age of an RFC 3339 time; "" where there is none."""
    start = epoch(text)
    return "" if start is None else age(now - start)


def clock(text: str) -> str:
    """Local time of day of an RFC 3339 time: `09:24:11`."""
    start = epoch(text)
    return "" if start is None else time_of_day(start)


def time_of_day(at: float) -> str:
    """Local time of day of seconds since the epoch: `09:24:11`."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


def meter(share: float, width: int, *, plain: bool = False) -> tuple[str, str]:
    """A bar in two pieces, filled and empty, together `width` cells.

    Args:
        share: From 0 to 1; what lies outside is clipped.
        width: In cells.
        plain: True for ASCII.
    """
    filled = round(min(1.0, max(0.0, share)) * width)
    full, empty = ("#", "-") if plain else ("━", "─")
    return full * filled, empty * (width - filled)


def spark(values: Sequence[float], *, plain: bool = False, least: float = 0.0) -> str:
    """A small history, one cell per value, scaled from 0 to the largest.

    Args:
        values: Oldest first.
        plain: True for ASCII.
        least: What fills a cell at least: a flicker of small figures is no mountain.
    """
    bars = _BARS_ASCII if plain else _BARS
    top = max(*values, least) if values else least
    if top <= 0:
        return bars[0] * len(values)
    return "".join(bars[min(7, int(max(0.0, value) / top * 7.999))] for value in values)


def span(value: float) -> str:
    """A time that adds up over a day: `40s`, `12m`, `1h05`."""
    minutes = int(value) // 60
    return f"{minutes // 60}h{minutes % 60:02d}" if minutes >= 60 else age(value)


def thousands(value: int) -> str:
    """A large count: `980`, `12k`, `1.2M`."""
    if value >= 999_500:
        return f"{value / 1e6:.1f}M"
    return f"{round(value / 1e3)}k" if value >= 1000 else str(value)


def moment(at: float, now: float) -> str:
    """A time that comes: `14:30`, or `Tue 09:00` on another day. Local."""
    then = datetime.fromtimestamp(at).astimezone()
    same = then.date() == datetime.fromtimestamp(now).astimezone().date()
    return then.strftime("%H:%M" if same else "%a %H:%M")
