"""Runs the plans of all envs side by side: when a step may start, and what follows its end.

Event-driven: the end of a step starts what waited for it in the same callback. Nothing polls.
How a step is done is the executor's business; what is missing is the plan's.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import math
from collections.abc import Callable, Iterable, Mapping

from hive_tui.engine.node import Node, Phase
from hive_tui.engine.operation import Execute, Operation, StepContext, StepFailedError
from hive_tui.engine.protocols import Clock
from hive_tui.engine.slots import Order, Pool
from hive_tui.model.errors import HiveError, NotAvailableError
from hive_tui.model.plan import Outcome, Plan, StepTrace

FIRST_BACK_OFF_S = 0.5
"""Pause before the first retry; doubles with each."""

LONGEST_BACK_OFF_S = 30.0

ALIKE = 1.25
"""Ranks within this factor count as equal between envs: learned times are no better than that."""

log = logging.getLogger(__name__)


class Scheduler:
    """One for all envs. Lives on one event loop.

    Of the steps that could start, the one with the longest remaining path goes first; between
    envs whose paths are about as long the focused one, then the one that was asked for first.
    A step first takes a place in its lane, then its CPU slots, and holds both while it runs.
    A step without lane and slots never waits.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        slots: int,
        lanes: Mapping[str, int],
        checkpoint: Callable[[str], None] = lambda name: None,
    ) -> None:
        """Create a scheduler with nothing to do.

        Args:
            clock: Time of the traces. Timeouts and back-offs are the event loop's.
            slots: CPU slots, at least 1; a step that wants more than all runs alone.
            lanes: Places by lane, for all envs together. A lane that is not named here has one
                place in each env.
            checkpoint: Called with `begin:<step id>` and `end:<step id>` around every attempt.
                An error that it raises is the attempt's.
        """
        self.slots = max(1, slots)
        self._clock = clock
        self.lanes: Mapping[str, int] = dict(lanes)
        """Places by lane, of the lanes that all envs share."""
        self._checkpoint = checkpoint
        self._cpu = Pool(self.slots)
        self._lanes: dict[tuple[str | None, str], Pool] = {}
        self._jobs: dict[Operation, _Job] = {}
        self._touched: dict[Operation, None] = {}
        """Operations that changed since their listeners were last told."""
        self._submitted = 0
        self._focus: str | None = None

    @property
    def slots_taken(self) -> int:
        """CPU slots that running steps hold."""
        return self._cpu.taken

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Those that run, oldest first."""
        return tuple(self._jobs)

    def submit(
        self,
        env: str,
        plan: Plan,
        execute: Execute,
        *,
        expected: Mapping[str, float] | None = None,
        changed: Callable[[Operation], None] | None = None,
        ended: Callable[[Operation, StepTrace], None] | None = None,
        background: bool = False,
    ) -> Operation:
        """Start a plan. What can start has been started when this returns.

        Args:
            env: Whose plan it is: for the focus, the trace and lanes of its own.
            plan: Closed and acyclic; an empty one has ended at once, `UNCHANGED`.
            execute: Does one attempt of one step.
            expected: Learned seconds by step id.
            changed: Called soon after anything about the operation changed, also at its end.
            ended: Called once for every step that ended, whether it ran or not: soon after, when
                what follows has had its first turn, and before `wait` returns.
            background: True to let every other operation's steps go first.
        """
        operation = Operation(
            env,
            plan,
            clock=self._clock,
            expected=expected or {},
            slots=self.slots,
            lanes=self.lanes,
            stop=self._stop,
            queued_for=self._queued_for,
        )
        self._submitted += 1
        job = _Job(execute, changed, ended, background, self._submitted)
        self._jobs[operation] = job
        self._enqueue(operation.eligible(operation.nodes.values()))
        self._settle(operation, ())
        return operation

    def focus(self, env: str | None) -> None:
        """Prefer one env's steps from now on; `None` for none."""
        if env != self._focus:
            self._focus = env
            for pool in (self._cpu, *self._lanes.values()):
                pool.reorder(self._order)

    async def close(self, reason: str) -> None:
        """Cancel everything and return once every step has left."""
        operations = self.operations
        for operation in operations:
            operation.cancel(reason)
        for operation in operations:
            await operation.wait()

    # --- from eligible to running --------------------------------------------------------------

    def _enqueue(self, nodes: Iterable[Node]) -> None:
        """Start what waits for nothing and queue the rest."""
        for node in nodes:
            node.phase = Phase.QUEUED
            if node.step.lane is not None:
                self._lane(node).join(node, 1, self._order(node))
            elif node.step.slots:
                self._cpu.join(node, node.step.slots, self._order(node))
            else:
                self._start(node)

    def _dispatch(self) -> None:
        """Give out all free places."""
        for key, lane in list(self._lanes.items()):
            for node, _ in lane.admit():
                node.in_lane = True
                if node.step.slots:
                    self._cpu.join(node, node.step.slots, self._order(node))
                else:
                    self._start(node)
            if key[0] is not None and lane.unused:
                del self._lanes[key]
        for node, slots in self._cpu.admit():
            node.slots = slots
            self._start(node)

    def _start(self, node: Node) -> None:
        operation, step = node.operation, node.step
        operation.begin(node)
        loop = asyncio.get_running_loop()
        if step.timeout_s is not None:
            node.timer = loop.call_later(step.timeout_s, self._time_out, node)
        node.task = loop.create_task(self._run(node), name=f"{operation.env} {step.id}")
        node.task.add_done_callback(functools.partial(self._task_done, node))
        self._touched[operation] = None

    async def _run(self, node: Node) -> None:
        """One attempt. The books are kept in here, not in a callback: that is one turn earlier."""
        step = node.step
        execute = self._jobs[node.operation].execute
        error: BaseException | None = None
        try:
            self._checkpoint(f"begin:{step.id}")
            try:
                await execute(step, StepContext(node))
            finally:
                self._checkpoint(f"end:{step.id}")
        except (HiveError, asyncio.CancelledError) as caught:
            error = caught
        except Exception as caught:
            log.exception("%s: step %s broke", node.operation.env, step.id)
            error = _BrokenError(f"internal error: {type(caught).__name__}: {caught}")
        self._attempt_ended(node, error)

    def _task_done(self, node: Node, task: asyncio.Task[None]) -> None:
        """See to a task that was cancelled before its first turn: nothing of it ran."""
        if node.task is task:
            self._attempt_ended(node, asyncio.CancelledError())

    def _time_out(self, node: Node) -> None:
        if node.task is not None:
            node.timed_out = True
            node.task.cancel()

    # --- from running to ended -----------------------------------------------------------------

    def _attempt_ended(self, node: Node, error: BaseException | None) -> None:
        node.task = None
        self._release(node)
        operation, step = node.operation, node.step
        if node.timed_out and error is not None:
            tail = error.tail if isinstance(error, StepFailedError) else ()
            error = StepFailedError(f"timed out after {step.timeout_s:g} s", tail=tail)
        if error is None:
            self._end(node, Outcome.SUCCEEDED)
        elif operation.cancelled is not None or not isinstance(error, HiveError):
            self._end(node, Outcome.CANCELLED, HiveError(operation.cancelled or "interrupted"))
        elif node.attempt > step.retries or isinstance(error, NotAvailableError | _BrokenError):
            self._end(node, Outcome.FAILED, error)
        else:
            delay_s = min(FIRST_BACK_OFF_S * 2 ** (node.attempt - 1), LONGEST_BACK_OFF_S)
            operation.back_off(node, error, delay_s)
            loop = asyncio.get_running_loop()
            node.timer = loop.call_later(delay_s, self._retry, node)
            self._settle(operation, ())

    def _retry(self, node: Node) -> None:
        node.timer = None
        self._enqueue((node,))
        self._settle(node.operation, ())

    def _end(self, node: Node, outcome: Outcome, error: HiveError | None = None) -> None:
        ended, eligible = node.operation.end(node, outcome, error)
        self._enqueue(eligible)
        self._settle(node.operation, ended)

    def _stop(self, operation: Operation) -> None:
        """Carry out a cancellation: end what does not run, cancel what does."""
        ended: list[Node] = []
        reason = HiveError(operation.cancelled or "cancelled")
        for node in operation.nodes.values():
            if node.phase is Phase.RUNNING:
                if node.task is not None:
                    node.task.cancel()
            elif node.phase is not Phase.ENDED:
                self._release(node)
                ended += operation.end(node, Outcome.CANCELLED, reason)[0]
        self._settle(operation, ended)

    def _release(self, node: Node) -> None:
        """Give back what a node holds: places and its timer."""
        if node.timer is not None:
            node.timer.cancel()
            node.timer = None
        self._cpu.leave(node.slots)
        node.slots = 0
        if node.in_lane:
            self._lane(node).leave(1)
            node.in_lane = False

    def _settle(self, operation: Operation, ended: Iterable[Node]) -> None:
        """Hand out places; then, after the first turn of what has just started, tell who listens.

        In that order because listeners write to disk, and the next step should not wait for it.
        """
        self._touched[operation] = None
        self._dispatch()
        touched, self._touched = self._touched, {}
        finished = operation.finish()
        jobs = [(each, self._jobs[each]) for each in touched if each in self._jobs]
        if finished:
            del self._jobs[operation]
        loop = asyncio.get_running_loop()
        loop.call_soon(self._announce, jobs, operation, tuple(ended), finished)

    def _announce(
        self,
        jobs: list[tuple[Operation, _Job]],
        operation: Operation,
        ended: tuple[Node, ...],
        finished: bool,
    ) -> None:
        for each, job in jobs:
            if each is operation and job.ended is not None:
                for node in ended:
                    self._tell(operation, functools.partial(job.ended, operation, node.trace()))
            if job.changed is not None:
                self._tell(each, functools.partial(job.changed, each))
        if finished:
            operation.release()

    def _tell(self, operation: Operation, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            log.exception("%s: a listener to the operation broke", operation.env)

    # --- order ---------------------------------------------------------------------------------

    def _order(self, node: Node) -> Order:
        job = self._jobs[node.operation]
        length = math.floor(math.log(max(node.priority_s, 1e-3), ALIKE))
        focused = node.operation.env == self._focus
        return (job.background, -length, not focused, -node.priority_s, job.age, node.index)

    def _lane(self, node: Node) -> Pool:
        name = node.step.lane or ""
        shared = name in self.lanes
        key = (None if shared else node.operation.env, name)
        if key not in self._lanes:
            self._lanes[key] = Pool(max(1, self.lanes[name]) if shared else 1)
        return self._lanes[key]

    def _queued_for(self, node: Node) -> str:
        step = node.step
        if step.lane is not None and not node.in_lane:
            lane = self._lane(node)
            return f"lane {step.lane} ({lane.taken} of {lane.size} taken)"
        wanted = min(step.slots, self.slots)
        what = "a CPU slot" if wanted == 1 else f"{wanted} CPU slots"
        first = self._cpu.first()
        if first is None or first is node or self._cpu.taken >= self.slots:
            return f"{what} ({self._cpu.taken} of {self.slots} taken)"
        free = self.slots - self._cpu.taken
        return f"{what} ({free} of {self.slots} free, kept for {first.step.target})"


class _Job:
    """What the scheduler keeps of an operation beside its books."""

    def __init__(
        self,
        execute: Execute,
        changed: Callable[[Operation], None] | None,
        ended: Callable[[Operation, StepTrace], None] | None,
        background: bool,
        age: int,
    ) -> None:
        self.execute = execute
        self.changed = changed
        self.ended = ended
        self.background = background
        self.age = age


class _BrokenError(HiveError):
    """A bug in an executor, as the failure of its step. Never tried again."""

    default_code = "internal"
