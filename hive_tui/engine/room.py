"""Decides whether an env fits into the memory, and which others would have to make room. Pure.

Only what ends gives memory back: cooling and stopping. A frozen process keeps all of it; the
kernel may swap it out, where there is swap, which is nothing to count on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hive_tui.engine.costs import Forecast
from hive_tui.model.amounts import lapse, size
from hive_tui.model.plan import Transition


class Tenant(msgspec.Struct, frozen=True):
    """An env that takes memory, as far as it matters to others."""

    env: str
    """`project/name`."""
    name: str
    idle_s: float
    kept: str | None = None
    """Why it must not be touched; `None`: it may."""
    cool_bytes: int = 0
    """What cooling it would free."""
    stop_bytes: int = 0
    """What stopping it would free; not less than `cool_bytes`."""


class Relief(msgspec.Struct, frozen=True):
    """One env put to rest so that another one fits."""

    env: str
    name: str
    transition: Transition
    """COOL or STOP."""
    frees_bytes: int
    idle_s: float

    @property
    def words(self) -> str:
        """`cool billing (idle 3 h, frees 1.2 GB)`."""
        how = f"idle {lapse(self.idle_s)}, frees {size(self.frees_bytes)}"
        return f"{self.transition} {self.name} ({how})"


class Room(msgspec.Struct, frozen=True):
    """Whether an env fits, and what would make it fit."""

    need: Forecast
    free_bytes: int
    """What is left of the limit; negative where it is exceeded."""
    limit_bytes: int
    relief: tuple[Relief, ...] = ()
    """What would make room; none where it fits or nothing would do."""
    kept: tuple[str, ...] = ()
    """Names of those that take memory and may not be touched, each with the reason."""
    starts: bool = True
    """False where nothing has to be started: that always fits."""

    @property
    def fits(self) -> bool:
        """Whether it may be started now. What is unknown is let in while anything is free."""
        short = self.need.need_bytes > self.free_bytes or self.free_bytes <= 0
        return not (self.starts and short)

    @property
    def words(self) -> str:
        """`needs ~3.9 GB, 2.1 GB free of 12.0 GB`."""
        if self.need.need_bytes:
            needs = f"needs ~{size(self.need.need_bytes)}"
            if self.need.unknown:
                needs += f" and what {', '.join(self.need.unknown)} will take (never measured)"
        elif self.need.unknown:
            needs = "needs an unknown amount (never measured)"
        else:
            needs = "needs nothing more"
        free, limit = size(max(0, self.free_bytes)), size(self.limit_bytes)
        return f"{needs}, {free} free of {limit}"


def free_bytes(limit: int, used: int, promised: int, available: int) -> int:
    """What may still be given out.

    Args:
        limit: What all envs together may take.
        used: What they take.
        promised: What those will take more that were just let in.
        available: What the machine could give: other programs take memory as well.
    """
    return min(limit - used, available) - promised


def decide(
    need: Forecast, free: int, limit: int, tenants: Iterable[Tenant], *, starts: bool = True
) -> Room:
    """Whether it fits and, where it does not, who would have to make room.

    Args:
        need: What it will take more.
        free: From `free_bytes`.
        limit: What all envs together may take.
        tenants: The other envs.
        starts: Whether anything has to be started at all.
    """
    room = Room(need, free, limit, starts=starts)
    if room.fits:
        return room
    others = tuple(tenants)
    short = max(need.need_bytes, 1) - free
    relief = make_room(short, others)
    kept = tuple(f"{t.name} ({t.kept})" for t in others if t.kept and t.stop_bytes)
    return msgspec.structs.replace(room, relief=relief, kept=kept)


def make_room(short_bytes: int, tenants: Sequence[Tenant]) -> tuple[Relief, ...]:
    """The envs to put to rest for so many bytes, idle longest first; none where it is no use.

    All are cooled before one is stopped, and none is touched without which it would do.
    """
    free = [tenant for tenant in tenants if tenant.kept is None]
    order = sorted(free, key=lambda tenant: (-tenant.idle_s, tenant.env))
    chosen: dict[str, Relief] = {}
    for transition in (Transition.COOL, Transition.STOP):
        for tenant in order:
            if _sum(chosen) >= short_bytes:
                break
            frees = tenant.cool_bytes if transition is Transition.COOL else tenant.stop_bytes
            before = chosen.get(tenant.env)
            if frees > (before.frees_bytes if before else 0):
                chosen[tenant.env] = Relief(
                    tenant.env, tenant.name, transition, frees, tenant.idle_s
                )
    if _sum(chosen) < short_bytes:
        return ()
    for tenant in reversed(order):
        relief = chosen.get(tenant.env)
        if relief is not None and _sum(chosen) - relief.frees_bytes >= short_bytes:
            del chosen[tenant.env]
    return tuple(chosen[tenant.env] for tenant in order if tenant.env in chosen)


def _sum(chosen: dict[str, Relief]) -> int:
    return sum(relief.frees_bytes for relief in chosen.values())
