"""Decides from what the machine tells whether a person should know that memory is short. Pure."""

from __future__ import annotations

from hive_tui.engine.protocols import Strain

SOME_PERCENT, SOME_CALM = 10.0, 3.0
"""Some task waited so much of the last 10 s: raised at the first, over below the second."""

FULL_PERCENT, FULL_CALM = 5.0, 1.0

LEFT, LEFT_CALM = 0.04, 0.08
"""So much of the memory is available: raised below the first, over above the second."""

MAC_WARNING = 2


def judge(strain: Strain, before: bool) -> bool:
    """Whether memory is short. What was raised stays until it is clearly over.

    Args:
        strain: Of now.
        before: What the last answer was.
    """
    some, full, left = (
        (SOME_CALM, FULL_CALM, LEFT_CALM)
        if before
        else (
            SOME_PERCENT,
            FULL_PERCENT,
            LEFT,
        )
    )
    return (
        (strain.some_percent or 0.0) >= some
        or (strain.full_percent or 0.0) >= full
        or strain.available_bytes < left * strain.total_bytes
        or (strain.level or 0) >= MAC_WARNING
    )


def describe(strain: Strain, *, felt: bool = False) -> str:
    """Why, in words: what is worst first.

    Args:
        strain: Of now.
        felt: Whether the kernel said just now that somebody waits.
    """
    available = 100 * strain.available_bytes / max(1, strain.total_bytes)
    if (strain.full_percent or 0.0) >= FULL_CALM:
        return f"everything waited for memory {strain.full_percent:.0f} % of the last 10 s"
    if (strain.some_percent or 0.0) >= SOME_CALM:
        return f"processes waited for memory {strain.some_percent:.0f} % of the last 10 s"
    if (strain.level or 0) >= MAC_WARNING:
        return "the system reports memory pressure"
    if felt:
        return "processes began to wait for memory"
    return f"{available:.0f} % of the memory is available"
