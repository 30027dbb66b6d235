"""What envs take of the memory: kept by state and service, and what is to be expected of the next.

The forecast is a median of peaks, per service, of the last stays in a state of all envs of the
project. Where a service was never measured in it, that is said and not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median_high

import msgspec

from hive_tui.engine.protocols import Clock
from hive_tui.engine.state import Cost, Store

GROWN = 0.05
"""A peak is written again once it has grown by so much: a growing service costs few writes."""

Usual = Mapping[str, int]
"""Service -> bytes that it usually takes at most."""


class Forecast(msgspec.Struct, frozen=True):
    """What an env will take beside what it takes now."""

    need_bytes: int
    unknown: tuple[str, ...] = ()
    """Services that have to start and were never measured: their part is not in the need."""


def usual(costs: Iterable[Cost], state: str) -> dict[str, int]:
    """Median peak of each service in a state; the upper one of two."""
    peaks: dict[str, list[int]] = {}
    for cost in costs:
        if cost.state == state:
            peaks.setdefault(cost.service, []).append(cost.peak_bytes)
    return {service: median_high(some) for service, some in peaks.items()}


def forecast(services: Iterable[str], now: Mapping[str, int], known: Usual) -> Forecast:
    """What it will take more once all of these services are up.

    Args:
        services: Those that have to be up.
        now: What each takes that runs; those may still grow to what is usual.
        known: What is usual.
    """
    need, unknown = 0, []
    for service in sorted(services):
        if service in known:
            need += max(0, known[service] - now.get(service, 0))
        elif service not in now:
            unknown.append(service)
    return Forecast(need, tuple(unknown))


class Seen(msgspec.Struct, frozen=True):
    """One env in one pass over the processes."""

    env_uid: str
    project: str
    state: str | None
    """`None` while it is in no state whose cost is worth knowing."""
    memory: Mapping[str, int]
    """Service -> bytes."""


@dataclass(eq=False)
class _Stay:
    """An env in one state, without a break."""

    state: str
    began: float
    peaks: dict[str, int] = field(default_factory=dict)


class Costs:
    """The history of all projects. Written as it grows, so that a daemon may die at any time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Create it; what is known is read when it is first asked for."""
        self._store = store
        self._clock = clock
        self._stays: dict[str, _Stay | None] = {}
        """By env; `None` where it is in no state that counts. Missing: never seen."""
        self._known: dict[str, tuple[Cost, ...]] = {}
        self._usual: dict[tuple[str, str], dict[str, int]] = {}

    def usual(self, project: str, state: str) -> Usual:
        """What each service of a project's envs usually takes in a state."""
        key = (project, state)
        if key not in self._usual:
            self._usual[key] = usual(self._all(project), state)
        return self._usual[key]

    def note(self, seen: Iterable[Seen]) -> None:
        """Take one pass over the processes."""
        grown: list[Cost] = []
        for one in seen:
            stay = self._stay(one)
            if stay is not None:
                grown += self._grown(one, stay)
        if grown:
            self._store.put_costs(grown)
            for project in {cost.project for cost in grown}:
                self._known.pop(project, None)
            self._usual.clear()

    def forget(self, env_uid: str) -> None:
        """Let go of an env; its history stays its project's."""
        self._stays.pop(env_uid, None)

    def forget_project(self, project: str) -> None:
        """Let go of a project."""
        self._known.pop(project, None)
        self._usual.clear()

    def _stay(self, one: Seen) -> _Stay | None:
        first = one.env_uid not in self._stays
        stay = self._stays.get(one.env_uid)
        if one.state is None:
            stay = None
        elif first:
            stay = self._resumed(one, one.state)
        elif stay is None or stay.state != one.state:
            stay = _Stay(one.state, self._clock.now())
        self._stays[one.env_uid] = stay
        return stay

    def _resumed(self, one: Seen, state: str) -> _Stay:
        """A stay that an earlier daemon saw the begin of goes on."""
        mine = [c for c in self._all(one.project) if (c.env_uid, c.state) == (one.env_uid, state)]
        if not mine:
            return _Stay(state, self._clock.now())
        began = max(cost.began for cost in mine)
        return _Stay(state, began, {c.service: c.peak_bytes for c in mine if c.began == began})

    def _grown(self, one: Seen, stay: _Stay) -> Iterable[Cost]:
        for service, taken in one.memory.items():
            if taken > stay.peaks.get(service, 0) * (1 + GROWN):
                stay.peaks[service] = taken
                yield Cost(one.project, stay.state, service, one.env_uid, stay.began, taken)

    def _all(self, project: str) -> tuple[Cost, ...]:
        if project not in self._known:
            self._known[project] = self._store.costs(project)
        return self._known[project]
