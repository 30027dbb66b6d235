from __future__ import annotations

import pytest

from hive_tui.engine.folding import Facts, derive, stamp
from hive_tui.model.environment import EnvState, Failure, ServiceState, Wanted
from hive_tui.model.plan import Transition

Seen = tuple[ServiceState, str | None]

READY: Seen = (ServiceState.READY, None)
STOPPED: Seen = (ServiceState.STOPPED, None)
BACKOFF: Seen = (ServiceState.BACKOFF, "exit 1, 2 times in 3 s; next try in 0.4 s")
BUILD = Failure("build", "exit 3")


def facts(
    wanted: Wanted = Wanted.WARM,
    transition: Transition | None = None,
    services: dict[str, Seen] | None = None,
    failure: Failure | None = None,
    failed_service: str | None = None,
    trouble: str | None = None,
) -> Facts:
    found = services if services is not None else {"api": READY, "web": READY}
    expected = frozenset() if wanted is Wanted.STOPPED else frozenset({"api", "web"})
    return Facts(wanted, transition, found, expected, failure, failed_service, trouble)


@pytest.mark.parametrize(
    ("known", "state", "reason"),
    [
        (facts(), EnvState.WARM, None),
        (facts(wanted=Wanted.STOPPED, services={"api": STOPPED}), EnvState.STOPPED, None),
        (facts(transition=Transition.WARM), EnvState.WARMING, None),
        (facts(transition=Transition.DESTROY), EnvState.DESTROYING, None),
        (facts(transition=Transition.TEST), EnvState.WARM, None),
        (
            facts(services={"api": READY, "web": BACKOFF}),
            EnvState.DEGRADED,
            "web exit 1, 2 times in 3 s; next try in 0.4 s",
        ),
        (facts(services={"api": READY}), EnvState.DEGRADED, "web is stopped"),
        (facts(failure=BUILD), EnvState.FAILED, "build: exit 3"),
        (facts(trouble="the worktree is gone"), EnvState.DEGRADED, "the worktree is gone"),
        (facts(wanted=Wanted.STOPPED, services={"api": READY}), EnvState.COLD, None),
    ],
)
def test_the_state_follows_from_what_is_wanted_and_observed(
    known: Facts, state: EnvState, reason: str | None
) -> None:
    assert derive(known) == (state, reason)


def test_a_failure_is_over_once_the_service_that_failed_is_ready() -> None:
    failure = Failure("web", "not ready within 60 s")
    waiting = facts(services={"api": READY, "web": BACKOFF}, failure=failure, failed_service="web")
    assert derive(waiting)[0] is EnvState.FAILED
    assert derive(facts(failure=failure, failed_service="web"))[0] is EnvState.WARM


def test_a_frozen_env_whose_services_all_pause_is_frozen() -> None:
    paused: Seen = (ServiceState.FROZEN, None)
    known = facts(wanted=Wanted.FROZEN, services={"api": paused, "web": paused})
    assert derive(known)[0] is EnvState.FROZEN


def test_stamps_are_utc_with_milliseconds() -> None:
    assert stamp(0.0625) == "1970-01-01T00:00:00.062Z"
