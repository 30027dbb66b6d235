"""What envs take of the memory and will take, with what several of them share counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hive_tui.engine.costs import Forecast, Usual, forecast
from hive_tui.engine.live import LiveEnv
from hive_tui.model.environment import ServiceState, Wanted

_UP = frozenset(
    {ServiceState.STARTING, ServiceState.READY, ServiceState.UNHEALTHY, ServiceState.FROZEN}
)
"""States of a service whose memory is measured."""

Key = tuple[str, str]
"""A service that is one: uid of whose it is, and its name."""


def up(live: LiveEnv, name: str) -> bool:
    """Whether a service takes memory and will go on to.

    What is shared and on its way down is not up: whoever needs it has to start it.
    """
    unit = live.units[name]
    return unit.state in _UP and not (unit.halting and live.shares(name))


def measured(live: LiveEnv) -> dict[str, int]:
    """Service -> bytes, of those that are up; what it shares takes nothing more for it."""
    found = {name: live.home_of(name).service_memory.get(name) for name in live.units}
    return {n: taken for n, taken in found.items() if taken is not None and up(live, n)}


def freed(live: LiveEnv) -> dict[str, int]:
    """Service -> bytes that would be free if it went; what others need as well would not go."""
    return {name: taken for name, taken in measured(live).items() if _alone(live, name)}


def _alone(live: LiveEnv, name: str) -> bool:
    if live.common is None or not live.shares(name):
        return True
    others = [user for user in live.common.users_of(name) if user is not live]
    return not others and not live.units[name].service.keep


def need(live: LiveEnv, known: Usual) -> Forecast:
    """What a warm of an env will take beside what it takes now, shared services that are down too.

    Args:
        live: The env.
        known: What is usual.
    """
    return forecast(live.level(Wanted.WARM), measured(live), known)


def together(
    some: Iterable[tuple[LiveEnv, frozenset[str]]],
    known: Callable[[LiveEnv], Usual],
    besides: Iterable[Key] = (),
) -> int:
    """What several envs will take more once services of each are up, and have grown.

    Args:
        some: Envs, each with the services that are to be up.
        known: What is usual for an env.
        besides: What is counted elsewhere.
    """
    counted, total = set(besides), 0
    for live, services in some:
        fresh = [name for name in services if key(live, name) not in counted]
        counted |= {key(live, name) for name in fresh}
        total += forecast(fresh, measured(live), known(live)).need_bytes
    return total


def key(live: LiveEnv, name: str) -> Key:
    """What tells a service from those of the same name in other envs."""
    whose = live.home_of(name) if name in live.units else live
    return whose.record.uid, name
