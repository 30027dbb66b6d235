"""Folds what is observed of an env into the state, the reason and the value that screens show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from hive_tui.model.environment import EnvState, Failure, ServiceState, Wanted
from hive_tui.model.plan import Transition

MOVING: Mapping[Transition, EnvState] = {
    Transition.SPAWN: EnvState.SPAWNING,
    Transition.WARM: EnvState.WARMING,
    Transition.START: EnvState.WARMING,
    Transition.THAW: EnvState.WARMING,
    Transition.COOL: EnvState.COOLING,
    Transition.FREEZE: EnvState.COOLING,
    Transition.STOP: EnvState.STOPPING,
    Transition.DESTROY: EnvState.DESTROYING,
}
"""State of an env while the transition runs. A test run is none: the env stays what it is."""

_RUNNING = frozenset({ServiceState.STARTING, ServiceState.READY, ServiceState.UNHEALTHY})
_AT_REST = {
    Wanted.STOPPED: EnvState.STOPPED,
    Wanted.COLD: EnvState.COLD,
    Wanted.WARM: EnvState.WARM,
    Wanted.FROZEN: EnvState.FROZEN,
}


class Facts(msgspec.Struct, frozen=True):
    """What the state of an env follows from."""

    wanted: Wanted
    transition: Transition | None
    """The one that runs."""
    services: dict[str, tuple[ServiceState, str | None]]
    """Name -> state and reason, of every service that has one."""
    expected: frozenset[str]
    """Services that should be ready where the env is what it is wanted to be."""
    failure: Failure | None = None
    """Of the last transition."""
    failed_service: str | None = None
    """Service whose step failed, where it was a service's."""
    trouble: str | None = None
    """What is wrong with the env itself, for example that its worktree is gone."""


def derive(facts: Facts) -> tuple[EnvState, str | None]:
    """The env's state and, where it is not as wanted, the reason.

    A failed transition stays `failed` until the next one, or until the service that failed is
    ready after all.
    """
    if facts.transition is not None and facts.transition in MOVING:
        return MOVING[facts.transition], None
    if facts.trouble is not None:
        return EnvState.DEGRADED, facts.trouble
    if facts.failure is not None and not _recovered(facts):
        return EnvState.FAILED, f"{facts.failure.step}: {facts.failure.reason}"
    return _at_rest(facts)


def _recovered(facts: Facts) -> bool:
    if facts.failed_service is None:
        return False
    return all(
        facts.services.get(name, (ServiceState.STOPPED, None))[0] is ServiceState.READY
        for name in {facts.failed_service, *facts.expected}
    )


def _at_rest(facts: Facts) -> tuple[EnvState, str | None]:
    good = ServiceState.FROZEN if facts.wanted is Wanted.FROZEN else ServiceState.READY
    for name in sorted(facts.expected):
        state, reason = facts.services.get(name, (ServiceState.STOPPED, None))
        if state is not good:
            return EnvState.DEGRADED, f"{name} {reason or f'is {state.value}'}"
    if facts.wanted is Wanted.STOPPED and any(s in _RUNNING for s, _ in facts.services.values()):
        return EnvState.COLD, None
    return _AT_REST[facts.wanted], None


def stamp(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 with milliseconds, UTC."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
