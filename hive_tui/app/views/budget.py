"""The memory of all envs as a bar: used, what is still to come, free. Pure."""

from __future__ import annotations

from hive_tui.app import figures
from hive_tui.app.lines import Line, Span, joined
from hive_tui.app.views.look import Look
from hive_tui.model.wire import HiveView

_BAR, _BAR_FROM = 12, 110
"""Cells of the bar, and of the narrowest terminal that has one."""

_FORECAST_FROM = 140
"""Cells of the narrowest terminal that has the forecast in words."""

_NOTABLE = 1.05
"""A forecast that is not so much above what is used is no news."""


def budget(hive: HiveView, width: int, look: Look) -> Line:
    """`mem ━━━━━━╍╍──── 9.1 GB of 12.0 GB, soon 10.4 GB`; blank where no limit is known.

    Args:
        hive: The figures.
        width: Cells of the terminal.
        look: Time and terminal.
    """
    used, limit = hive.memory_used_bytes, hive.memory_limit_bytes
    if not limit:
        return ()
    coming = max(0, hive.memory_forecast_bytes - used)
    role = _role(hive)
    parts: list[Line] = []
    if width >= _BAR_FROM:
        parts.append(bar(used, coming, limit, _BAR, role=role, plain=look.plain))
    words = f"{figures.size(used)} of {figures.size(limit)}"
    if width >= _FORECAST_FROM and used + coming > used * _NOTABLE:
        words += f", soon {figures.size(used + coming)}"
    parts.append((Span(words, role),))
    return (Span("mem ", "dim"), *joined(parts, " "))


def bar(
    used: int, coming: int, limit: int, width: int, *, role: str = "muted", plain: bool = False
) -> Line:
    """Three pieces, together `width` cells; what is above the limit is clipped.

    Args:
        used: Bytes that are taken.
        coming: Bytes that will be taken beside them.
        limit: Bytes that the whole bar stands for.
        width: In cells.
        role: Of the used piece.
        plain: True for ASCII.
    """
    full, soon, free = ("#", "+", "-") if plain else ("━", "╍", "─")
    first = min(width, round(width * used / limit))
    both = min(width, round(width * (used + coming) / limit))
    over = used + coming > limit
    return (
        Span(full * first, role),
        Span(soon * (both - first), "warning" if over else "moving"),
        Span(free * (width - both), "dim"),
    )


def _role(hive: HiveView) -> str:
    share = hive.memory_used_bytes / hive.memory_limit_bytes
    if share > 0.95:
        return "bad"
    return "warning" if share > 0.8 or hive.pressure is not None else "muted"
