"""What is broken in an env, the worst of it first. Pure."""

from __future__ import annotations

import msgspec

from hive_tui.app.marks import Mark, of_env, of_service
from hive_tui.model.environment import EnvDetail, EnvState, EnvView, ServiceState, ServiceView

_BROKEN = (ServiceState.CRASHED, ServiceState.BACKOFF, ServiceState.UNHEALTHY)
"""States of a service that is not as it should be, worst first."""


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
