"""Makespan against the lower bound on generated graphs of sleeping steps, and the cost of an edge.

Run alone: `python bench/scheduler.py`. The steps sleep, so that what is over the bound is the
scheduler's and the event loop's. A second figure for few slots is what the simulation promised.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time

from hive_tui.engine import rank
from hive_tui.engine.operation import StepContext
from hive_tui.engine.scheduler import Scheduler
from hive_tui.model.plan import Plan, Step, StepKind, Transition

SIZES = (10, 50, 200)
RUNS = 5
UNIT_S = 0.0437
"""No multiple of anybody's poll step."""


class SystemClock:
    """The machine's time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds for intervals."""
        return time.monotonic()


def graph(size: int, seed: int) -> tuple[Plan, dict[str, float]]:
    """A layered graph like a project's: each step needs up to three of the last dozen."""
    rng = random.Random(seed)
    steps: list[Step] = []
    times: dict[str, float] = {}
    for index in range(size):
        recent = [step.id for step in steps[-12:]]
        needs = rng.sample(recent, min(len(recent), rng.choice((0, 1, 1, 2, 3))))
        name = f"s{index}"
        step = Step(f"task:{name}", StepKind.TASK, name, needs=tuple(needs), slots=1)
        times[step.id] = UNIT_S * rng.choice((1, 1, 2, 3, 5)) * rng.uniform(0.9, 1.1)
        steps.append(step)
    return Plan(Transition.WARM, tuple(steps)), times


async def makespan_s(plan: Plan, times: dict[str, float], slots: int) -> float:
    """Run the plan once with steps that sleep."""

    async def execute(step: Step, context: StepContext) -> None:
        await asyncio.sleep(times[step.id])

    scheduler = Scheduler(SystemClock(), slots=slots, lanes={})
    trace = await scheduler.submit("bench", plan, execute, expected=times).wait()
    return trace.makespan_s


async def edge_s(size: int, operations: int) -> float:
    """Scheduler seconds per step where the steps themselves do nothing."""

    async def execute(step: Step, context: StepContext) -> None:
        return

    scheduler = Scheduler(SystemClock(), slots=2, lanes={})
    plans = [graph(size, seed)[0] for seed in range(operations)]
    started = [scheduler.submit(f"env{number}", plan, execute) for number, plan in enumerate(plans)]
    began = time.perf_counter()
    for operation in started:
        await operation.wait()
    return (time.perf_counter() - began) / (size * operations)


async def main() -> None:
    """Print every figure."""
    print(
        f"{'steps':>6} {'slots':>6} {'bound s':>9} {'makespan s':>11} {'ratio':>7} {'planned':>8}"
    )
    for size in SIZES:
        plan, times = graph(size, seed=size)
        for slots in (size, 2):
            bound = rank.lower_bound(plan.steps, times, slots)
            _, planned = rank.best_order(plan.steps, times, slots, {})
            runs = [await makespan_s(plan, times, slots) for _ in range(RUNS)]
            took = statistics.median(runs)
            name = "free" if slots == size else str(slots)
            ratio, promised = took / bound, planned / bound
            print(f"{size:>6} {name:>6} {bound:>9.3f} {took:>11.3f} {ratio:>7.4f} {promised:>8.4f}")
    for size, operations in ((200, 1), (200, 30)):
        cost_us = await edge_s(size, operations) * 1e6
        print(f"{operations} operations of {size} empty steps: {cost_us:.0f} us a step")
    for size in SIZES:
        plan, times = graph(size, seed=size)
        began = time.perf_counter()
        rank.best_order(plan.steps, times, 2, {})
        took_ms = (time.perf_counter() - began) * 1e3
        print(f"search for the order of {size} steps with 2 slots: {took_ms:.1f} ms")


if __name__ == "__main__":
    asyncio.run(main())
