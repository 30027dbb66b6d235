"""A transition as data: the graph of steps that it has to run, and what became of them."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Transition(StrEnum):
    """What can be asked of an env."""

    SPAWN = "spawn"
    WARM = "warm"
    COOL = "cool"
    START = "start"
    STOP = "stop"
    FREEZE = "freeze"
    THAW = "thaw"
    DESTROY = "destroy"
    TEST = "test"
    """Not asked for by that name: what a suite needs, then the suite."""


class StepKind(StrEnum):
    """What a step does; the executor has one room per kind."""

    WORKTREE = "worktree"
    COPY = "copy"
    LINK = "link"
    INSTALL = "install"
    """Fill a dependency folder of the env's own."""
    TASK = "task"
    BUILD = "build"
    """Build the image of a service that is a container."""
    PREPARE = "prepare"
    """First node of a service: everything that waits for nothing (folders, port checks)."""
    START = "start"
    """Second node: the process is launched once the needs are met."""
    READY = "ready"
    """Third node: dependents start when this ends."""
    SEED = "seed"
    """Make the template that the env's part of a shared service is a copy of."""
    CREATE = "create"
    """Make the env's part of a shared service."""
    HALT = "halt"
    """Stop a service."""
    FREEZE = "freeze"
    THAW = "thaw"
    SUITE = "suite"
    REMOVE = "remove"
    """Take the worktree, the branch and the ports away."""


class Outcome(StrEnum):
    """How a step or a transition ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """Steps only: something it needs failed."""
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    """Transitions only: nothing was missing."""
    RUNNING = "running"
    """Not ended yet, or not even begun: only in a trace taken meanwhile."""


class Step(msgspec.Struct, frozen=True):
    """One node of a plan."""

    id: str
    """Unique in the plan: `kind:target`, for example `start:api`."""
    kind: StepKind
    target: str
    """Name of the service, task, suite or folder; the name a person sees."""
    needs: tuple[str, ...] = ()
    """Ids of the steps that have to succeed first."""
    slots: int = 0
    """CPU slots that it takes while it runs."""
    lane: str | None = None
    """Name of the lane that it needs a place in; `None` for no lane."""
    timeout_s: float | None = None
    retries: int = 0

    @property
    def key(self) -> str:
        """Under which its durations are learned, per project."""
        return self.id


class Plan(msgspec.Struct, frozen=True):
    """The steps that are missing, in no particular order. Acyclic; every need is a step of it."""

    transition: Transition
    steps: tuple[Step, ...]

    @property
    def empty(self) -> bool:
        """True where nothing is missing."""
        return not self.steps


class StepTrace(msgspec.Struct, frozen=True):
    """What one step did. Times are seconds since the transition was asked for."""

    id: str
    kind: StepKind
    target: str
    needs: tuple[str, ...]
    outcome: Outcome
    eligible_s: float | None = None
    """When its last need was met."""
    started_s: float | None = None
    spawned_s: float | None = None
    """When its process existed; `None` for steps without one."""
    ended_s: float | None = None
    detected_s: float | None = None
    """How long the thing was already true before it was seen; `None` where that is unknown."""
    expected_s: float | None = None
    error: str | None = None
    attempts: int = 1


class Trace(msgspec.Struct, frozen=True):
    """What one transition did."""

    env: str
    transition: Transition
    outcome: Outcome
    started: float
    """Seconds since the epoch, UTC."""
    makespan_s: float
    steps: tuple[StepTrace, ...]
    slots: int
    """CPU slots of the scheduler at that time."""
