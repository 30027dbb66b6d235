"""One step of an operation while it runs, as the operation and the scheduler see it.

Nothing here decides anything.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from hive_tui.model.plan import Outcome, Step, StepKind, StepTrace

if TYPE_CHECKING:
    from hive_tui.engine.operation import Operation

SERVICE_NODES = frozenset({StepKind.PREPARE, StepKind.START, StepKind.READY})
"""The kinds of step that together bring one service up: a person counts them as one."""


class Phase(Enum):
    """Where a step stands in its operation."""

    WAITING = "waiting"
    """For a need."""
    QUEUED = "queued"
    """For a place in its lane, then for CPU slots."""
    RUNNING = "running"
    BACKING_OFF = "backing off"
    """Failed, and will be tried again."""
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Node:
    """One step of an operation, and its run so far. Seconds count from the submission."""

    operation: Operation
    step: Step
    index: int
    priority_s: float
    """Longest remaining path, own time included; the higher goes first."""
    expected_s: float | None
    """Learned duration; `None` where it was never measured."""
    duration_s: float
    """Learned or assumed duration."""
    phase: Phase = Phase.WAITING
    unmet: int = 0
    dependents: list[Node] = field(default_factory=list)
    attempt: int = 0
    outcome: Outcome | None = None
    error: str | None = None
    eligible_s: float | None = None
    started_s: float | None = None
    spawned_s: float | None = None
    ended_s: float | None = None
    detected_s: float | None = None
    retry_s: float | None = None
    """When the next attempt is due."""
    timed_out: bool = False
    in_lane: bool = False
    """True while it holds a place in its lane."""
    slots: int = 0
    """CPU slots that it holds now."""
    task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None
    """Ends the attempt, or the back-off."""

    def trace(self) -> StepTrace:
        """What it did so far."""
        return StepTrace(
            id=self.step.id,
            kind=self.step.kind,
            target=self.step.target,
            needs=self.step.needs,
            outcome=self.outcome or Outcome.RUNNING,
            eligible_s=self.eligible_s,
            started_s=self.started_s,
            spawned_s=self.spawned_s,
            ended_s=self.ended_s,
            detected_s=self.detected_s,
            expected_s=self.expected_s,
            error=self.error,
            attempts=max(1, self.attempt),
        )


def group(step: Step) -> str:
    """What a person counts a step under: the nodes of one service share a group."""
    return f"service:{step.target}" if step.kind in SERVICE_NODES else step.id
