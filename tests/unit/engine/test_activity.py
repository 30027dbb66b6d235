from __future__ import annotations

import pytest

from hive_tui.engine.activity import PASS_MAX_S, Activity, busy, restored
from hive_tui.engine.state import Lease
from hive_tui.model.environment import AgentView


def test_idle_time_is_counted_in_passes() -> None:
    activity = Activity()
    for _ in range(30):
        activity.passed(2.0, None)
    assert activity.idle_s == 60.0


@pytest.mark.parametrize("gap_s", [3600.0, 1e9], ids=["slept an hour", "a broken clock"])
def test_a_gap_between_two_passes_makes_nobody_idle_at_once(gap_s: float) -> None:
    activity = Activity()
    activity.passed(gap_s, None)
    assert activity.idle_s == PASS_MAX_S


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    activity = Activity(idle_s=50.0)
    activity.passed(-3600.0, None)
    assert activity.idle_s == 50.0


def test_what_works_is_never_idle_and_counts_from_its_end() -> None:
    activity = Activity(idle_s=500.0)
    activity.passed(2.0, "unit runs")
    assert (activity.idle_s, activity.last) == (0.0, "unit runs")
    activity.passed(2.0, None)
    assert activity.idle_s == 2.0


def test_being_put_to_rest_is_no_touch() -> None:
    activity = Activity(idle_s=500.0)
    with activity.resting():
        activity.passed(2.0, "freeze is under way")
    assert activity.idle_s == 502.0


def test_a_hold_ends_with_its_block_and_a_lease_with_its_number() -> None:
    activity = Activity()
    with activity.hold("its logs are followed"):
        assert activity.holder() == "its logs are followed"
    assert activity.holder() is None
    number = activity.lease(Lease("hive run npm", 42, "b.1"))
    assert activity.holder() == "hive run npm (pid 42) runs"
    del activity.leases[number]
    assert activity.holder() is None


def test_the_next_daemon_knows_idle_time_pin_and_leases() -> None:
    activity = Activity(idle_s=77.26, pinned=True)
    activity.leases[1] = Lease("a shell", 7, "b.1")
    back = restored(activity.record("u"))
    assert (back.idle_s, back.pinned) == (77.3, True)
    assert list(back.leases.values()) == [Lease("a shell", 7, "b.1")]


@pytest.mark.parametrize(
    ("transition", "suites", "agent", "waits", "expected"),
    [
        (None, (), None, None, None),
        ("warm", (), None, None, "warm is under way"),
        (None, ("unit",), None, None, "unit runs"),
        (None, ("unit", "e2e"), None, None, "e2e, unit run"),
        (None, (), "working", None, "claude is working"),
        (None, (), "starting", None, "claude is starting"),
        (None, (), "waiting", None, None),
        (None, (), "idle", None, None),
        (None, (), None, "needs ~1 GB", "it waits for room"),
    ],
)
def test_what_keeps_an_env_awake(
    transition: str | None,
    suites: tuple[str, ...],
    agent: str | None,
    waits: str | None,
    expected: str | None,
) -> None:
    found = busy(
        Activity(),
        transition=transition,
        suites=frozenset(suites),
        agent=AgentView("claude", agent) if agent else None,
        waits=waits,
    )
    assert found == expected
