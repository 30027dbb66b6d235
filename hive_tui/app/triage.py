"""Which envs need a person, and for what. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hive_tui.app.marks import Mark, of_agent, of_env, of_service, of_test
from hive_tui.model.environment import (
    EnvDetail,
    EnvState,
    EnvView,
    ServiceState,
    ServiceView,
    TestState,
    TestView,
)

_ASKING = {"waiting": 0, "error": 1, "stuck": 2}
"""Agent states that want a person, dearest first."""


_BROKEN = (ServiceState.CRASHED, ServiceState.BACKOFF, ServiceState.UNHEALTHY)
"""States of a service that is not as it should be, worst first."""


_RED = frozenset({TestState.FAILED, TestState.ERROR})
"""Verdicts that want a person while they are of the code as it is."""


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


class Trouble(msgspec.Struct, frozen=True):
    """One broken thing of an env."""

    name: str
    """Of the service or step; "" where it is the env as a whole."""
    reason: str
    tail: tuple[str, ...]
    """Last lines of its log, as far as they are known."""
    mark: Mark

    @property
    def text(self) -> str:
        """Name and reason, the name once."""
        named = not self.name or self.reason.startswith(self.name)
        return self.reason if named else f"{self.name}  {self.reason}"


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
    if detail.trespasses:
        first, more = detail.trespasses[0], len(detail.trespasses) - 1
        text = f"out of bounds: {first.path}" + (f" and {more} more" if more else "")
        return Need(detail.id, view.name, of_env(EnvState.DEGRADED), text, None, 5)
    red = [test for test in view.tests if test.state in _RED and not test.stale]
    if red:
        text = ", ".join(map(_verdict, red))
        return Need(detail.id, view.name, of_test(red[0].state), text, None, 6)
    return None


def broken(view: EnvView) -> tuple[ServiceView, ...]:
    """Services that are not as they should be, the worst first."""
    found = [service for service in view.services if service.state in _BROKEN]
    return tuple(sorted(found, key=lambda service: _BROKEN.index(service.state)))


def trouble(detail: EnvDetail) -> Trouble | None:
    """What is broken in the env, the worst of it; `None` where nothing is.

    A service that is down counts also while a transition is under way.
    """
    view = detail.view
    worst = next(iter(broken(view)), None)
    failure = detail.failure
    if worst is not None:
        more = next((service for service in detail.services if service.name == worst.name), None)
        reason = more.reason if more and more.reason else worst.state.value
        tail = more.tail if more else ()
        if not tail and failure is not None and failure.step == worst.name:
            tail = failure.tail
        return Trouble(worst.name, reason, tail, of_service(worst.state))
    if view.state not in (EnvState.FAILED, EnvState.DEGRADED):
        return None
    if failure is not None:
        return Trouble(failure.step, failure.reason, failure.tail, of_env(view.state))
    return Trouble("", view.reason or view.state.value, (), of_env(view.state))


def _verdict(test: TestView) -> str:
    if test.state is TestState.ERROR or test.failed is None:
        return f"{test.name} {test.state.value}"
    return f"{test.name} {test.failed}/{test.failed + (test.passed or 0)} failed"


def needs(envs: Iterable[EnvDetail]) -> tuple[Need, ...]:
    """All envs that need a person, dearest first."""
    found = [need for detail in envs if (need := need_of(detail)) is not None]
    return tuple(sorted(found, key=lambda need: (need.rank, need.since or "", need.env)))
