"""Random graphs, durations, failures and cancellations on virtual time: what always holds."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine import rank
from hive_tui.engine.operation import StepContext, StepFailedError
from hive_tui.engine.scheduler import Scheduler
from hive_tui.model.plan import Outcome, Plan, Step, StepKind, Trace, Transition
from tests.unit.engine.virtual_time import LoopClock, run

LANES = {"shared": 2}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    steps: list[Step] = []
    for index in range(draw(st.integers(0, 12))):
        ids = [step.id for step in steps]
        needs = tuple(sorted(draw(st.sets(st.sampled_from(ids), max_size=3)))) if ids else ()
        steps.append(
            Step(
                id=f"task:t{index}",
                kind=StepKind.TASK,
                target=f"t{index}",
                needs=needs,
                slots=draw(st.integers(0, 4)),
                lane=draw(st.sampled_from([None, None, "shared", "own"])),
                retries=draw(st.integers(0, 1)),
                timeout_s=draw(st.sampled_from([None, 4.0])),
            )
        )
    return Plan(Transition.WARM, tuple(steps))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Plan], list[list[float]], list[list[int]]]:
    """Plans of several envs; seconds of each step; how many of its first attempts fail."""
    chosen = draw(st.lists(plans(), min_size=1, max_size=3))
    seconds = [[draw(st.floats(0, 6)) for _ in plan.steps] for plan in chosen]
    failures = [[draw(st.sampled_from([0, 0, 0, 1, 2])) for _ in plan.steps] for plan in chosen]
    return chosen, seconds, failures


class World:
    """Executes by script and checks at every start that nothing is overbooked."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.taken = 0
        self.lanes: Counter[str] = Counter()
        self.begun: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    async def execute(
        self, env: str, step: Step, context: StepContext, seconds: float, failures: int
    ) -> None:
        held = min(step.slots, self.slots)
        lane = f"{'' if step.lane in LANES else env}{step.lane}"
        self.begun[f"{env} {step.id}"] += 1
        self.taken += held
        self.lanes[lane] += step.lane is not None
        assert self.taken <= self.slots
        assert self.lanes["shared"] <= LANES["shared"]
        assert self.lanes[f"{env}own"] <= 1
        try:
            await asyncio.sleep(seconds)
            if context.attempt <= failures:
                raise StepFailedError("scripted")
        finally:
            self.taken -= held
            self.lanes[lane] -= step.lane is not None


async def play(
    scene: tuple[list[Plan], list[list[float]], list[list[int]]],
    slots: int,
    cancel_at_s: float | None,
) -> tuple[list[Trace], World]:
    one = Scheduler(LoopClock(), slots=slots, lanes=LANES)
    world = World(slots)
    operations = []
    for number, (plan, seconds, failures) in enumerate(zip(*scene, strict=True)):
        env = f"env{number}"
        times = {step.id: took for step, took in zip(plan.steps, seconds, strict=True)}
        fails = {step.id: count for step, count in zip(plan.steps, failures, strict=True)}

        async def execute(
            step: Step,
            context: StepContext,
            env: str = env,
            times: dict[str, float] = times,
            fails: dict[str, int] = fails,
        ) -> None:
            await world.execute(env, step, context, times[step.id], fails[step.id])

        operation = one.submit(
            env,
            plan,
            execute,
            expected=times,
            ended=lambda o, step: world.ended.update([f"{o.env} {step.id}"]),
        )
        operations.append(operation)
    if cancel_at_s is not None:
        asyncio.get_running_loop().call_later(cancel_at_s, operations[0].cancel, "enough")
    traces = [await operation.wait() for operation in operations]
    assert one.slots_taken == 0
    assert one.operations == ()
    assert world.taken == 0
    return traces, world


@given(scenes(), st.integers(1, 3), st.one_of(st.none(), st.floats(0, 8)))
def test_whatever_happens_needs_come_first_nothing_is_overbooked_and_each_step_ends_once(
    scene: tuple[list[Plan], list[list[float]], list[list[int]]],
    slots: int,
    cancel_at_s: float | None,
) -> None:
    traces, world = run(lambda: play(scene, slots, cancel_at_s))
    for trace in traces:
        by_id = {step.id: step for step in trace.steps}
        for step in trace.steps:
            assert world.ended[f"{trace.env} {step.id}"] == 1
            assert step.outcome is not Outcome.RUNNING
            if step.started_s is not None:
                for need in step.needs:
                    assert by_id[need].outcome is Outcome.SUCCEEDED
                    assert (by_id[need].ended_s or 0.0) <= step.started_s
            failed_need = any(by_id[n].outcome is not Outcome.SUCCEEDED for n in step.needs)
            if step.outcome is Outcome.SKIPPED:
                assert failed_need
                assert step.started_s is None


@given(scenes(), st.integers(1, 3))
def test_without_cancellation_a_step_runs_unless_something_it_needs_failed(
    scene: tuple[list[Plan], list[list[float]], list[list[int]]], slots: int
) -> None:
    traces, _ = run(lambda: play(scene, slots, None))
    for trace in traces:
        by_id = {step.id: step for step in trace.steps}
        for step in trace.steps:
            unmet = any(by_id[n].outcome is not Outcome.SUCCEEDED for n in step.needs)
            assert (step.outcome is Outcome.SKIPPED) == unmet
        failed = any(step.outcome is Outcome.FAILED for step in trace.steps)
        if trace.steps:
            assert trace.outcome is (Outcome.FAILED if failed else Outcome.SUCCEEDED)


@given(plans(), st.integers(1, 3), st.data())
def test_the_simulation_foretells_what_the_scheduler_does(
    plan: Plan, slots: int, data: st.DataObject
) -> None:
    # Fractions that make no two sums equal: what ends in one instant may end in either order.
    seconds = [[data.draw(st.integers(1, 3)) + 0.5 ** (n + 1) for n, _ in enumerate(plan.steps)]]
    failures = [[0 for _ in plan.steps]]
    times = {step.id: took for step, took in zip(plan.steps, seconds[0], strict=True)}
    traces, _ = run(lambda: play(([plan], seconds, failures), slots, None))
    foretold = rank.best_order(plan.steps, times, slots, LANES)[1]
    assert traces[0].makespan_s == foretold
