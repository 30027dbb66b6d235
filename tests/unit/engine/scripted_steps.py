"""Steps, plans and executors that a test scripts, for a scheduler on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hive_tui.engine.node import Phase
from hive_tui.engine.operation import Operation, StepContext
from hive_tui.engine.scheduler import Scheduler
from hive_tui.model.plan import Plan, Step, StepKind, Transition
from tests.unit.engine.virtual_time import LoopClock, loop


def task(
    name: str,
    *needs: str,
    slots: int = 0,
    lane: str | None = None,
    timeout_s: float | None = None,
    retries: int = 0,
) -> Step:
    return Step(
        id=f"task:{name}",
        kind=StepKind.TASK,
        target=name,
        needs=tuple(f"task:{need}" for need in needs),
        slots=slots,
        lane=lane,
        timeout_s=timeout_s,
        retries=retries,
    )


def service(name: str, *needs: str) -> tuple[Step, Step, Step]:
    prepare, start, ready = (f"{kind}:{name}" for kind in ("prepare", "start", "ready"))
    return (
        Step(prepare, StepKind.PREPARE, name),
        Step(start, StepKind.START, name, needs=(prepare, *needs)),
        Step(ready, StepKind.READY, name, needs=(start,)),
    )


def plan(*steps: Step) -> Plan:
    return Plan(Transition.WARM, steps)


def scheduler(slots: int = 2, lanes: dict[str, int] | None = None) -> Scheduler:
    return Scheduler(LoopClock(), slots=slots, lanes=lanes or {})


class Script:
    """An executor whose steps end when the test says so, or after a number of seconds."""

    def __init__(self, seconds: dict[str, float] | None = None) -> None:
        self.seconds = seconds or {}
        self.began: list[str] = []
        self.left: list[str] = []
        self.began_turn: dict[str, int] = {}
        self.left_turn: dict[str, int] = {}
        self._ends: dict[str, asyncio.Future[None]] = {}

    async def __call__(self, step: Step, context: StepContext) -> None:
        name = step.target
        self.began.append(name)
        self.began_turn[name] = loop().turns
        try:
            if name in self.seconds:
                await asyncio.sleep(self.seconds[name])
            else:
                self._ends[name] = loop().create_future()
                await self._ends[name]
        finally:
            self.left.append(name)
            self.left_turn[name] = loop().turns

    def end(self, name: str, error: Exception | None = None) -> None:
        future = self._ends.pop(name)
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    @property
    def running(self) -> set[str]:
        return set(self._ends)


async def turns(count: int = 5) -> None:
    """Let the loop turn without any time passing."""
    for _ in range(count):
        await asyncio.sleep(0)


def failing(*errors: Exception) -> Callable[[Step, StepContext], Awaitable[None]]:
    """An executor whose n-th attempt raises the n-th error, and then succeeds."""

    async def execute(step: Step, context: StepContext) -> None:
        if context.attempt <= len(errors):
            raise errors[context.attempt - 1]

    return execute


def phases(operation: Operation) -> dict[str, Phase]:
    return {node.step.target: node.phase for node in operation.nodes.values()}
