"""What the scheduler itself costs: steps that do nothing, and the search for a good order."""

from __future__ import annotations

import asyncio
import contextlib
import time

from bench.figures import Figure, median
from bench.graphs import Graph, Kind, generate
from hive_tui.daemon.composition import SystemClock
from hive_tui.engine import rank
from hive_tui.engine.operation import StepContext
from hive_tui.engine.scheduler import Scheduler
from hive_tui.model.plan import Plan, Step, StepKind, Transition

THEME = "scheduler alone"

SIZES = (10, 50, 200)


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Time of an edge, alone and with thirty operations at once; time of the search."""
    rounds = 2 if quick else 5
    figures = []
    for operations in (1, 30):
        costs = [asyncio.run(_edge_s(200, operations)) * 1e6 for _ in range(rounds)]
        name = f"a step that does nothing, {operations} x 200 steps"
        figures.append(Figure(THEME, name, median(costs), "us"))
    for size in SIZES:
        plan, times = _plan(generate(size, seed=size + 1))
        took_ms = []
        for _ in range(rounds):
            began = time.perf_counter()
            rank.best_order(plan.steps, times, 2, {})
            took_ms.append((time.perf_counter() - began) * 1e3)
        name = f"search for the order of {size} steps, 2 slots"
        figures.append(Figure(THEME, name, median(took_ms), "ms"))
    return figures


def _plan(graph: Graph) -> tuple[Plan, dict[str, float]]:
    """The graph as a plan of tasks, and how long each takes."""
    steps = tuple(
        Step(
            f"task:{node.name}",
            StepKind.TASK,
            node.name,
            needs=tuple(f"task:{need}" for need in node.needs),
            slots=1 if node.kind is Kind.JOB else 0,
        )
        for node in graph.nodes
    )
    return Plan(Transition.WARM, steps), {f"task:{n.name}": n.takes_s for n in graph.nodes}


async def _edge_s(size: int, operations: int) -> float:
    """Seconds per step where the steps themselves do nothing."""

    async def execute(step: Step, context: StepContext) -> None:
        return

    scheduler = Scheduler(SystemClock(), slots=2, lanes={})
    plans = [_plan(generate(size, seed))[0] for seed in range(operations)]
    began = time.perf_counter()
    running = [scheduler.submit(f"env{number}", plan, execute) for number, plan in enumerate(plans)]
    for operation in running:
        await operation.wait()
    return (time.perf_counter() - began) / (size * operations)
