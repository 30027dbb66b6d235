from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.idleness import Rest, judge
from hive_tui.model.environment import Wanted
from hive_tui.model.plan import Transition
from hive_tui.model.project import IdleLimits

LIMITS = IdleLimits(freeze_s=100, cool_s=200, stop_s=300)
FREEZE, COOL, STOP = Transition.FREEZE, Transition.COOL, Transition.STOP
WARM, FROZEN, COLD, STOPPED = Wanted.WARM, Wanted.FROZEN, Wanted.COLD, Wanted.STOPPED


@pytest.mark.parametrize(
    ("wanted", "idle_s", "limits", "expected"),
    [
        (WARM, 0, LIMITS, Rest(FREEZE, 100)),
        (WARM, 99, LIMITS, Rest(FREEZE, 1)),
        (WARM, 100, LIMITS, Rest(FREEZE, 0)),
        (WARM, 250, LIMITS, Rest(COOL, 0)),
        (WARM, 5000, LIMITS, Rest(STOP, 0)),
        (FROZEN, 150, LIMITS, Rest(COOL, 50)),
        (FROZEN, 200, LIMITS, Rest(COOL, 0)),
        (COLD, 250, LIMITS, Rest(STOP, 50)),
        (COLD, 300, LIMITS, Rest(STOP, 0)),
        (STOPPED, 5000, LIMITS, Rest(None)),
        (WARM, 5000, IdleLimits(None, None, None), Rest(None)),
        (WARM, 150, IdleLimits(None, 200, None), Rest(COOL, 50)),
        (FROZEN, 5000, IdleLimits(100, None, None), Rest(None)),
        (WARM, 150, IdleLimits(100, 100, None), Rest(COOL, 0)),
    ],
)
def test_what_comes_next(wanted: Wanted, idle_s: float, limits: IdleLimits, expected: Rest) -> None:
    assert judge(wanted, idle_s, limits) == expected


def test_an_env_that_is_not_as_wanted_is_not_frozen_but_cooled_and_stopped() -> None:
    assert judge(WARM, 150, LIMITS, sound=False) == Rest(COOL, 50)
    assert judge(WARM, 200, LIMITS, sound=False).due


limits = st.builds(
    IdleLimits,
    *[st.none() | st.floats(1, 1e6, allow_nan=False) for _ in range(3)],
)


@given(st.sampled_from(Wanted), st.floats(0, 1e7), limits)
def test_nothing_that_is_blocked_is_ever_due(
    wanted: Wanted, idle_s: float, some: IdleLimits
) -> None:
    rest = judge(wanted, idle_s, some, blocked="unit runs")
    assert not rest.due
    assert rest.transition is judge(wanted, idle_s, some).transition


@given(st.sampled_from(Wanted), st.floats(0, 1e7), limits)
def test_nothing_is_done_before_its_time_and_nothing_that_is_due_waits(
    wanted: Wanted, idle_s: float, some: IdleLimits
) -> None:
    after = {FREEZE: some.freeze_s, COOL: some.cool_s, STOP: some.stop_s}
    rest = judge(wanted, idle_s, some)
    if rest.transition is not None:
        limit = after[rest.transition]
        assert limit is not None
        assert rest.due == (limit <= idle_s)
        assert rest.due or rest.in_s == limit - idle_s


_DEPTH = {FREEZE: 1, COOL: 2, STOP: 3}
_LEVEL = {WARM: 0, FROZEN: 1, COLD: 2, STOPPED: 3}


@given(st.sampled_from(Wanted), st.floats(0, 1e7), limits)
def test_rest_only_ever_goes_down(wanted: Wanted, idle_s: float, some: IdleLimits) -> None:
    rest = judge(wanted, idle_s, some)
    if rest.transition is not None:
        assert _DEPTH[rest.transition] > _LEVEL[wanted]
