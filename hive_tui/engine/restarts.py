"""Decides whether and when a service that ended by itself is started again. Pure.

The figures are those of `design.md`'s peers that people do not complain about: 100 ms doubled up to
30 s, forgotten after 10 s of running, and no more tries after 5 ends within a minute.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

import msgspec

from hive_tui.model.project import Restart

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 30.0
JITTER = 0.2
"""Largest share by which a delay is longer or shorter, so that services do not beat together."""
STEADY_S = 10.0
"""After so long a run the next delay is the first one again."""
WINDOW_S = 60.0
LIMIT = 5
"""So many ends within the window are a crash loop."""


class Again(msgspec.Struct, frozen=True):
    """Start it again after that time."""

    delay_s: float


class GiveUp(msgspec.Struct, frozen=True):
    """It crash-loops: leave it until somebody asks."""

    reason: str


class Rest(msgspec.Struct, frozen=True):
    """Its policy says that it stays ended."""


Choice = Again | GiveUp | Rest


def remember(failures: tuple[float, ...], now: float) -> tuple[float, ...]:
    """The ends of the last minute, with one more at `now`."""
    return (*(at for at in failures if now - WINDOW_S < at <= now), now)


def decide(
    policy: Restart,
    exit_code: int | None,
    failures: tuple[float, ...],
    now: float,
    *,
    up_s: float,
    why: str | None = None,
    jitter: Callable[[], float] = lambda: 0.5,
) -> Choice:
    """What happens after an end that nobody asked for.

    Args:
        policy: What the file says.
        exit_code: Of the run; `None` where it is unknown, which counts as a failure.
        failures: Ends by itself within the last minute, this one included, in seconds since the
            epoch. With the policy `always` an exit 0 is one too.
        now: Seconds since the epoch.
        up_s: How long the run lasted.
        why: What went wrong, where the exit status does not say it or no process ended at all.
        jitter: A number from 0 to 1 out of an even distribution; 0.5 is none.
    """
    if policy is Restart.NO or (policy is Restart.ON_FAILURE and exit_code == 0):
        return Rest()
    if len(failures) >= LIMIT:
        return GiveUp(account(why or describe(exit_code), failures, now))
    doublings = 0 if up_s >= STEADY_S else max(len(failures) - 1, 0)
    delay_s = min(FIRST_DELAY_S * 2.0**doublings, LONGEST_DELAY_S)
    return Again(delay_s * (1.0 + JITTER * (2.0 * jitter() - 1.0)))


def account(what: str, failures: tuple[float, ...], now: float) -> str:
    """The failures in words: `exit 1`, or `exit 1, 5 times in 40 s`."""
    if len(failures) < 2:
        return what
    return f"{what}, {len(failures)} times in {max(now - failures[0], 1.0):.0f} s"


def describe(exit_code: int | None) -> str:
    """An exit status in words: `exit 1`, `killed by SIGKILL`."""
    if exit_code is None:
        return "ended while nobody watched"
    if exit_code >= 0:
        return f"exit {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"killed by signal {-exit_code}"
