"""Decides what happens to an env that nobody touches, and when. Pure.

How long it has been idle is counted, not read off a clock: see `activity`.
"""

from __future__ import annotations

import msgspec

from hive_tui.model.environment import Wanted
from hive_tui.model.plan import Transition
from hive_tui.model.project import IdleLimits

_REST: dict[Wanted, tuple[Transition, ...]] = {
    Wanted.WARM: (Transition.FREEZE, Transition.COOL, Transition.STOP),
    Wanted.FROZEN: (Transition.COOL, Transition.STOP),
    Wanted.COLD: (Transition.STOP,),
    Wanted.STOPPED: (),
}
"""What may still be done for rest, the lightest first."""


class Rest(msgspec.Struct, frozen=True):
    """What comes next for an env that stays untouched."""

    transition: Transition | None
    """`None`: nothing any more."""
    in_s: float = 0.0
    """Seconds until it is due; 0: now."""
    blocked: str | None = None
    """Why it does not happen although it is due or will be; `None`: it does."""

    @property
    def due(self) -> bool:
        """True where it is to be done now."""
        return self.transition is not None and self.in_s <= 0 and self.blocked is None


def judge(
    wanted: Wanted,
    idle_s: float,
    limits: IdleLimits,
    *,
    sound: bool = True,
    blocked: str | None = None,
) -> Rest:
    """What comes next.

    Of what is due the deepest is done: who has slept for a day is stopped, and not frozen first.

    Args:
        wanted: What is wanted of the env.
        idle_s: How long nobody has touched it.
        limits: After which time what happens.
        sound: False where it is not as wanted: half of it cannot be frozen in peace.
        blocked: What keeps it awake.
    """
    after = {
        Transition.FREEZE: limits.freeze_s if sound else None,
        Transition.COOL: limits.cool_s,
        Transition.STOP: limits.stop_s,
    }
    steps = [(t, limit) for t in _REST[wanted] if (limit := after[t]) is not None]
    due = [transition for transition, limit in steps if limit <= idle_s]
    if due:
        return Rest(due[-1], 0.0, blocked)
    if not steps:
        return Rest(None, 0.0, blocked)
    transition, limit = min(steps, key=lambda step: step[1])
    return Rest(transition, limit - idle_s, blocked)
