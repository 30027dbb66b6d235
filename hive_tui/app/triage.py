"""Which envs need a person, and for what. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hive_tui.app.marks import Mark, of_agent, of_env
from hive_tui.model.environment import (
    EnvDetail,
    EnvState,
    EnvView,
    ServiceState,
    ServiceView,
)

_ASKING = {"waiting": 0, "error": 1, "stuck": 2}
"""Agent states that want a person, dearest first."""


_BROKEN = (ServiceState.CRASHED, ServiceState.BACKOFF, ServiceState.UNHEALTHY)
"""States of a service that is not as it should be, worst first."""


class Need(msgspec.Struct, frozen=True):
    """One env that needs a person."""

    env: str
    """`project/name`."""
    name: str
    mark: Mark
    text: str
    since: str | None
    """RFC 3339; since when."""
    rank: int
    """Smaller comes first."""


def need_of(detail: EnvDetail) -> Need | None:
    """What the env wants of a person; `None`: nothing."""
    view = detail.view
    agent = view.agent
    if agent is not None and agent.state in _ASKING:
        text = agent.reason or f"{agent.kind} is {agent.state}"
        mark = of_agent(agent.state)
        return Need(detail.id, view.name, mark, text, agent.since, _ASKING[agent.state])
    if view.state in (EnvState.FAILED, EnvState.DEGRADED):
        text = view.reason or (detail.failure.reason if detail.failure else view.state.value)
        rank = 3 if view.state is EnvState.FAILED else 4
        return Need(detail.id, view.name, of_env(view.state), text, detail.since, rank)
    return None


def broken(view: EnvView) -> tuple[ServiceView, ...]:
    """Services that are not as they should be, the worst first."""
    found = [service for service in view.services if service.state in _BROKEN]
    return tuple(sorted(found, key=lambda service: _BROKEN.index(service.state)))


def needs(envs: Iterable[EnvDetail]) -> tuple[Need, ...]:
    """All envs that need a person, dearest first."""
    found = [need for detail in envs if (need := need_of(detail)) is not None]
    return tuple(sorted(found, key=lambda need: (need.rank, need.since or "", need.env)))
