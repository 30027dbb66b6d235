"""The order of steps and the time they take, on graphs small enough to work out by hand."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine import rank
from hive_tui.model.plan import Step, StepKind


def step(
    name: str, *needs: str, slots: int = 1, lane: str | None = None, kind: StepKind = StepKind.TASK
) -> Step:
    return Step(id=name, kind=kind, target=name, needs=needs, slots=slots, lane=lane)


DIAMOND = (step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"))
TIMES = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 3.0}


def test_the_rank_of_a_step_is_the_longest_path_from_its_start() -> None:
    assert rank.ranks(DIAMOND, TIMES) == {"a": 9.0, "b": 8.0, "c": 5.0, "d": 3.0}


def test_the_critical_path_names_its_steps_in_order() -> None:
    assert rank.critical_path(DIAMOND, TIMES) == (9.0, ("a", "b", "d"))


def test_nothing_has_a_critical_path_of_no_length() -> None:
    assert rank.critical_path((), {}) == (0.0, ())


def test_a_cycle_is_an_error() -> None:
    with pytest.raises(ValueError, match="cycle"):
        rank.ranks((step("a", "b"), step("b", "a")), {})


def test_an_unmeasured_step_takes_as_long_as_the_measured_ones_of_its_kind() -> None:
    steps = (step("a"), step("b"), step("c"), step("d", kind=StepKind.SUITE))
    times = rank.durations(steps, {"a": 1.0, "b": 3.0})
    assert times == {"a": 1.0, "b": 3.0, "c": 2.0, "d": rank.ASSUMED_S[StepKind.SUITE]}


def test_every_kind_of_step_has_an_assumed_duration_above_zero() -> None:
    assert all(rank.ASSUMED_S[kind] > 0 for kind in StepKind)


def test_the_lower_bound_is_the_longer_of_critical_path_and_shared_work() -> None:
    assert rank.lower_bound(DIAMOND, TIMES, 4) == 9.0
    assert rank.lower_bound(DIAMOND, TIMES, 1) == 11.0
    wide = (step("wide", slots=8),)
    assert rank.lower_bound(wide, {"wide": 2.0}, 2) == 2.0


def test_simulation_starts_each_step_at_the_last_end_of_its_needs() -> None:
    makespan, starts = rank.simulate(DIAMOND, TIMES, TIMES, 4, {})
    assert makespan == 9.0
    assert starts == {"a": 0.0, "b": 1.0, "c": 1.0, "d": 6.0}


def test_simulation_gives_slots_by_priority() -> None:
    priority = {"a": 9.0, "b": 1.0, "c": 2.0, "d": 0.0}
    makespan, starts = rank.simulate(DIAMOND, TIMES, priority, 1, {})
    assert makespan == 11.0
    assert starts == {"a": 0.0, "c": 1.0, "b": 3.0, "d": 8.0}


def test_simulation_gives_a_lane_as_many_places_as_it_has() -> None:
    steps = [step(name, slots=0, lane="lane") for name in "abc"]
    times = dict.fromkeys("abc", 2.0)
    assert rank.simulate(steps, times, times, 1, {"lane": 2})[0] == 4.0
    assert rank.simulate(steps, times, times, 1, {})[0] == 6.0


def test_needs_outside_of_what_is_simulated_count_as_met() -> None:
    assert rank.simulate(DIAMOND[3:], TIMES, TIMES, 1, {})[0] == 3.0


def test_without_contention_the_order_is_that_of_the_ranks() -> None:
    order, makespan = rank.best_order(DIAMOND, TIMES, 4, {})
    assert order == rank.ranks(DIAMOND, TIMES)
    assert makespan == 9.0


def trap() -> tuple[tuple[Step, ...], dict[str, float]]:
    """With two slots, longest path first pairs the pieces badly: 10 s instead of 9."""
    names = {"a": 5.0, "b": 4.0, "c": 3.0, "d": 3.0, "e": 3.0}
    return tuple(step(name) for name in names), names


def test_a_better_order_than_the_ranks_is_found_where_there_is_one() -> None:
    steps, times = trap()
    assert rank.best_order(steps, times, 2, {}, tries=0)[1] == 10.0
    order, makespan = rank.best_order(steps, times, 2, {})
    assert makespan == 9.0
    assert rank.simulate(steps, times, order, 2, {})[0] == 9.0


def test_the_same_seed_finds_the_same_order() -> None:
    steps, times = trap()
    found = [rank.best_order(steps, times, 2, {}, seed=7) for _ in range(2)]
    assert found[0] == found[1]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[tuple[Step, ...], dict[str, float]]:
    steps: list[Step] = []
    for index in range(draw(st.integers(1, 12))):
        earlier = [each.id for each in steps]
        needs = draw(st.sets(st.sampled_from(earlier), max_size=3)) if earlier else set()
        slots = draw(st.integers(0, 3))
        lane = draw(st.sampled_from([None, None, "x", "y"]))
        steps.append(step(f"s{index}", *sorted(needs), slots=slots, lane=lane))
    times = {each.id: draw(st.floats(0.0, 9.0)) for each in steps}
    return tuple(steps), times


@given(graphs(), st.integers(1, 4))
def test_a_simulated_schedule_keeps_needs_slots_and_lanes(
    graph: tuple[tuple[Step, ...], dict[str, float]], slots: int
) -> None:
    steps, times = graph
    lanes = {"x": 2}
    order, makespan = rank.best_order(steps, times, slots, lanes, tries=5)
    again, starts = rank.simulate(steps, times, order, slots, lanes)
    assert again == makespan
    assert makespan >= rank.lower_bound(steps, times, slots) * (1 - 1e-9)
    for each in steps:
        assert all(starts[each.id] >= starts[need] + times[need] for need in each.needs)
    for moment in starts.values():
        running = [s for s in steps if starts[s.id] <= moment < starts[s.id] + times[s.id]]
        assert sum(min(s.slots, slots) for s in running) <= slots
        assert sum(s.lane == "x" for s in running) <= 2
        assert sum(s.lane == "y" for s in running) <= 1


@given(graphs())
def test_the_critical_path_is_a_chain_as_long_as_it_says(
    graph: tuple[tuple[Step, ...], dict[str, float]],
) -> None:
    steps, times = graph
    length, chain = rank.critical_path(steps, times)
    assert length == pytest.approx(sum(times[name] for name in chain))
    needs = {each.id: each.needs for each in steps}
    assert all(first in needs[then] for first, then in itertools.pairwise(chain))
