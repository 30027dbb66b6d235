"""One transition of one env while it runs: what each step does, waits for and came to.

It keeps the books and says which steps became possible; it starts nothing. The scheduler does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from hive_tui.engine import rank
from hive_tui.engine.node import Node, Phase, group
from hive_tui.engine.protocols import Clock
from hive_tui.model.environment import Failure, ProgressView, Waiting
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Outcome, Plan, Step, StepKind, Trace

_TIMED = frozenset(
    {
        StepKind.WORKTREE,
        StepKind.INSTALL,
        StepKind.TASK,
        StepKind.BUILD,
        StepKind.READY,
        StepKind.SEED,
        StepKind.SUITE,
    }
)
"""Kinds that take long enough for an ETA to be a guess where they were never measured."""


class StepFailedError(HiveError):
    """A step did not do what it had to; `tail` shows why."""

    default_code = "step_failed"

    def __init__(
        self,
        message: str,
        *,
        tail: tuple[str, ...] = (),
        hint: str | None = None,
        code: str | None = None,
        env: str | None = None,
    ) -> None:
        """Create the error.

        Args:
            message: What happened, without the step's name.
            tail: Last lines of the step's log, decoded and without control codes.
            hint: What to do next.
            code: Stable word for scripts; `step_failed` where left out.
            env: Name of the env.
        """
        super().__init__(message, hint=hint, code=code, env=env)
        self.tail = tail


class StepContext:
    """What an executor is told of one attempt, and what it may report of it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.step: Step = node.step
        self.attempt: int = node.attempt
        """Counts from 1."""

    def spawned(self) -> None:
        """Note that the step's process exists now."""
        self._node.spawned_s = self._node.operation.elapsed()

    @property
    def timed_out(self) -> bool:
        """True where the attempt is being ended because its time is over."""
        return self._node.timed_out

    def detected(self, late_s: float) -> None:
        """Note for how many seconds the thing was already true before it was seen."""
        self._node.detected_s = max(0.0, late_s)


Execute = Callable[[Step, StepContext], Awaitable[None]]
"""Carries out one attempt of a step.

It returns when the step is done and raises `HiveError` where it could not be; a `StepFailedError`
brings the end of a log along. A cancellation is a timeout or the operation's: it has to leave
nothing half done behind, and may raise a `StepFailedError` instead to show the end of the log.
"""


class Operation:
    """A submitted plan. Made by `Scheduler.submit`; the methods down to `trace` are for anyone."""

    def __init__(
        self,
        env: str,
        plan: Plan,
        *,
        clock: Clock,
        expected: Mapping[str, float],
        slots: int,
        lanes: Mapping[str, int],
        stop: Callable[[Operation], None],
        queued_for: Callable[[Node], str],
    ) -> None:
        """Set up the books.

        Args:
            env: Whose transition it is, as events and logs name it.
            plan: Closed and acyclic.
            clock: Time of the trace.
            expected: Learned seconds by step id; what is missing is assumed from its kind.
            slots: CPU slots in all, for the order and the ETA.
            lanes: Places by lane, for the order and the ETA.
            stop: Cancels the steps that run; called at most once.
            queued_for: Says what a queued step waits for.
        """
        self.env = env
        self.plan = plan
        self.failures: tuple[Failure, ...] = ()
        """Steps that failed, in the order in which they did."""
        self.outcome: Outcome | None = None
        """`None` while it runs; `UNCHANGED` where the plan was empty."""
        self.cancelled: str | None = None
        """Why it was cancelled; `None` where it was not."""
        self._clock = clock
        self._stop = stop
        self._queued_for = queued_for
        self._slots = slots
        self._lanes = lanes
        self._started = clock.now()
        self._zero = clock.monotonic()
        self._makespan_s = 0.0
        self._done: asyncio.Future[Trace] = asyncio.get_running_loop().create_future()
        durations = rank.durations(plan.steps, expected)
        priorities, _ = rank.best_order(plan.steps, durations, slots, lanes)
        self.nodes: dict[str, Node] = {
            step.id: Node(
                operation=self,
                step=step,
                index=index,
                priority_s=priorities[step.id],
                expected_s=expected.get(step.id),
                duration_s=durations[step.id],
                unmet=len(step.needs),
            )
            for index, step in enumerate(plan.steps)
        }
        for node in self.nodes.values():
            for need in node.step.needs:
                self.nodes[need].dependents.append(node)
        self._left = len(self.nodes)
        self._version = 0
        self._estimate: tuple[int, float, float | None] | None = None

    def cancel(self, reason: str) -> None:
        """End it early: what waits never starts, what runs is cancelled. Idempotent.

        It has ended once every running step has left: `wait` for that.
        """
        if self.outcome is None and self.cancelled is None:
            self.cancelled = reason
            self._stop(self)

    async def wait(self) -> Trace:
        """Return once every step has ended. Cancelling the waiter leaves the operation alone."""
        return await asyncio.shield(self._done)

    def progress(self) -> ProgressView:
        """How far it is, in what a person counts: the three nodes of a service are one."""
        groups: dict[str, bool] = {}
        running: dict[str, float] = {}
        for node in self.nodes.values():
            key = group(node.step)
            groups[key] = groups.get(key, True) and node.phase is Phase.ENDED
            if node.phase is Phase.RUNNING and node.started_s is not None:
                running.setdefault(node.step.target, node.started_s)
        return ProgressView(
            transition=self.plan.transition.value,
            done=sum(groups.values()),
            all=len(groups),
            eta_s=self._eta_s(),
            running=tuple(sorted(running, key=running.__getitem__)),
        )

    def waiting(self) -> tuple[Waiting, ...]:
        """Every service, task or suite that could not start yet, and for what it waits."""
        entries = {}
        for node in self.nodes.values():
            reason = self._reason(node)
            if reason is not None:
                entries[group(node.step)] = Waiting(step=node.step.target, reason=reason)
        return tuple(entries.values())

    def trace(self) -> Trace:
        """What it did so far; times of steps that have not ended are missing."""
        return Trace(
            env=self.env,
            transition=self.plan.transition,
            outcome=self.outcome or Outcome.RUNNING,
            started=self._started,
            makespan_s=self._makespan_s if self.outcome else self.elapsed(),
            steps=tuple(node.trace() for node in self.nodes.values()),
            slots=self._slots,
        )

    # What follows is the scheduler's side.

    def elapsed(self) -> float:
        """Seconds since the submission."""
        return self._clock.monotonic() - self._zero

    def eligible(self, nodes: Iterable[Node]) -> list[Node]:
        """Those whose needs are all met and that have not ended; notes the time."""
        now = self.elapsed()
        found = [node for node in nodes if node.unmet == 0 and node.phase is Phase.WAITING]
        for node in found:
            node.eligible_s = now
        return found

    def begin(self, node: Node) -> None:
        """Note that an attempt starts now."""
        node.phase = Phase.RUNNING
        node.attempt += 1
        node.timed_out = False
        node.retry_s = None
        if node.started_s is None:
            node.started_s = self.elapsed()
        self._version += 1

    def back_off(self, node: Node, error: HiveError, delay_s: float) -> None:
        """Note that an attempt failed and that the next one comes in `delay_s`."""
        node.phase = Phase.BACKING_OFF
        node.error = error.message
        node.retry_s = self.elapsed() + delay_s
        self._version += 1

    def end(
        self, node: Node, outcome: Outcome, error: HiveError | None = None
    ) -> tuple[list[Node], list[Node]]:
        """Note that a step ended.

        Returns:
            The steps that ended by it (itself, and what needs it where it did not succeed), and
            the steps that became possible.
        """
        ended = [node]
        self._close(node, outcome, error.message if error else None)
        if outcome is Outcome.FAILED:
            tail = error.tail if isinstance(error, StepFailedError) else None
            hint = error.hint if error is not None and tail is None else None
            reason = node.error or "failed"
            failure = Failure(step=node.step.target, reason=reason, tail=tail or (), hint=hint)
            self.failures = (*self.failures, failure)
        if outcome is Outcome.SUCCEEDED:
            for dependent in node.dependents:
                dependent.unmet -= 1
            return ended, self.eligible(node.dependents)
        follows, why = Outcome.CANCELLED, node.error
        if outcome is Outcome.FAILED:
            follows, why = Outcome.SKIPPED, f"needs {node.step.target}, which failed"
        pending = list(node.dependents)
        while pending:
            dependent = pending.pop()
            if dependent.phase is not Phase.ENDED:
                self._close(dependent, follows, why)
                ended.append(dependent)
                pending.extend(dependent.dependents)
        return ended, []

    def finish(self) -> bool:
        """Decide the outcome if every step has ended; true where that ends the operation now."""
        if self._left or self.outcome is not None:
            return False
        outcomes = {node.outcome for node in self.nodes.values()}
        if not outcomes:
            self.outcome = Outcome.UNCHANGED
        elif Outcome.CANCELLED in outcomes:
            self.outcome = Outcome.CANCELLED
        elif Outcome.FAILED in outcomes:
            self.outcome = Outcome.FAILED
        else:
            self.outcome = Outcome.SUCCEEDED
        self._makespan_s = self.elapsed()
        return True

    def release(self) -> None:
        """Let those go who wait for the end."""
        if not self._done.done():
            self._done.set_result(self.trace())

    def _close(self, node: Node, outcome: Outcome, error: str | None) -> None:
        node.phase = Phase.ENDED
        node.outcome = outcome
        node.error = error
        node.retry_s = None
        node.ended_s = self.elapsed()
        self._left -= 1
        self._version += 1

    def _reason(self, node: Node) -> str | None:
        if node.phase is Phase.QUEUED:
            return self._queued_for(node)
        if node.phase is Phase.BACKING_OFF and node.retry_s is not None:
            left_s = max(0.0, node.retry_s - self.elapsed())
            return f"back-off, next try in {left_s:.1f} s"
        if node.phase is not Phase.WAITING:
            return None
        own = group(node.step)
        unmet = (
            self.nodes[need].step
            for need in node.step.needs
            if self.nodes[need].outcome is not Outcome.SUCCEEDED
        )
        names = dict.fromkeys(need.target for need in unmet if group(need) != own)
        if not names:
            return None
        if node.step.kind in (StepKind.HALT, StepKind.REMOVE):
            return f"stop of {', '.join(names)}"
        return f"need {', '.join(names)}"

    def _eta_s(self) -> float | None:
        if self.outcome is not None:
            return 0.0
        now = self.elapsed()
        if self._estimate is None or self._estimate[0] != self._version:
            self._estimate = (self._version, now, self._remaining_s(now))
        _, at, remaining_s = self._estimate
        return None if remaining_s is None else max(0.0, remaining_s - (now - at))

    def _remaining_s(self, now: float) -> float | None:
        steps: list[Step] = []
        durations: dict[str, float] = {}
        priorities: dict[str, float] = {}
        for node in self.nodes.values():
            if node.phase is Phase.ENDED:
                continue
            if node.expected_s is None and node.step.kind in _TIMED:
                return None
            running = node.phase is Phase.RUNNING and node.started_s is not None
            ran_s = now - node.started_s if running and node.started_s is not None else 0.0
            steps.append(node.step)
            durations[node.step.id] = max(0.0, node.duration_s - ran_s)
            priorities[node.step.id] = float("inf") if running else node.priority_s
        return rank.simulate(steps, durations, priorities, self._slots, self._lanes)[0]
