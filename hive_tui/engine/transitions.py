"""Brings an environment from what it is to what is asked of it.

One transition at a time per env: the same one is joined, the opposite one is cancelled and
planned anew from what is observed, any other is waited for. Every transition is in the journal
while it runs, so that the next daemon can go on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from hive_tui.engine import plan as planning
from hive_tui.engine import showing
from hive_tui.engine.execution import Execution, Making, Removing
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.observing import observe
from hive_tui.engine.operation import Operation
from hive_tui.engine.progress import Feed, Watch
from hive_tui.engine.state import Store
from hive_tui.engine.trace import contract
from hive_tui.engine.world import World
from hive_tui.model.environment import Failure, Wanted
from hive_tui.model.errors import HiveError, NotFoundError
from hive_tui.model.plan import Outcome, Plan, StepKind, StepTrace, Trace, Transition
from hive_tui.model.project import When

_UP = frozenset({Transition.SPAWN, Transition.START, Transition.WARM, Transition.THAW})
_RUNS = _UP | {Transition.TEST}
_FILLS = frozenset({Transition.SPAWN, Transition.START, Transition.WARM})
"""Those that see to the folders that an env takes from the main checkout."""

_ENDS = frozenset({Transition.STOP, Transition.DESTROY})
"""Those that nobody's terminal outlives."""

_SERVICE_STEPS = frozenset({StepKind.BUILD, StepKind.PREPARE, StepKind.START, StepKind.READY})


class Result(msgspec.Struct, frozen=True):
    """How a transition ended, as the commands print it."""

    env: str
    transition: str
    outcome: Outcome | None
    """`None` where nobody waited for the end."""
    makespan_s: float | None
    error: dict[str, Any] | None = None
    recovery: str | None = None
    """Recovery ref that a forced destroy left behind."""

    @property
    def good(self) -> bool:
        """True where what was asked for is so."""
        return self.outcome in (Outcome.SUCCEEDED, Outcome.UNCHANGED, None)


class Ended(msgspec.Struct, frozen=True):
    """A result and the trace and execution behind it, for those who asked for the transition."""

    result: Result
    trace: Trace | None = None
    execution: Any = None
    """The `Execution`; `None` where nothing had to be done."""


def cancels(running: Transition, asked: Transition) -> bool:
    """Whether a transition that was asked for cancels the one that runs, or waits for it.

    A spawn is cancelled only by a destroy: half an env cannot be cooled. What a test run needs
    goes on below a warm, and gives way to whatever takes the env down.
    """
    if asked is Transition.DESTROY:
        return True
    if running is Transition.SPAWN:
        return False
    if running is Transition.TEST:
        return asked not in _UP and asked is not Transition.TEST
    if asked is Transition.TEST:
        return False
    return (running in _UP) is not (asked in _UP)


class _Running(msgspec.Struct, frozen=True):
    """A transition under way."""

    task: asyncio.Task[Ended]
    whole: bool
    """False where it is about some services only: then nobody who wants all may join it."""


@asynccontextmanager
async def _asking(live: LiveEnv) -> AsyncIterator[None]:
    """Nothing that the env shares is stopped while it is found out what it needs."""
    live.asked += 1
    try:
        yield
    finally:
        live.asked -= 1


class Transitions:
    """Runs the transitions of all envs on the one scheduler."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.end_terminals: Callable[[LiveEnv], Awaitable[None]] | None = None
        """Ends all windows of an env that is stopped or destroyed."""
        self._running: dict[str, _Running] = {}
        self._closing = False

    @property
    def busy(self) -> bool:
        """True while any transition runs."""
        return bool(self._running)

    @property
    def closing(self) -> bool:
        """True once the daemon is about to end: what is cancelled now is gone on with later."""
        return self._closing

    async def request(
        self,
        live: LiveEnv,
        transition: Transition,
        *,
        watch: Watch | None = None,
        wait: bool = True,
        services: frozenset[str] | None = None,
        make: Callable[[], Awaitable[Plan]] | None = None,
        making: Making | None = None,
        removing: Removing | None = None,
        params: Mapping[str, str | bool | None] | None = None,
        journal_id: int | None = None,
    ) -> Ended:
        """Ask for a transition and, unless told otherwise, wait for its end.

        Args:
            live: The env.
            transition: What is asked for.
            watch: Gets progress events while the transition runs.
            wait: False returns as soon as it runs.
            services: Limits it to these services and what they need; what is wanted of the env
                stays as it is.
            make: Makes the plan, where it is not the usual one.
            making: For a spawn.
            removing: For a destroy.
            params: What the next daemon needs to go on with it.
            journal_id: Journal entry that is already open, for one that is gone on with.

        Raises:
            NotFoundError: The env was destroyed meanwhile.
            HiveError: It could not begin.
        """
        async with _asking(live), live.turn:
            if live.gone:
                raise NotFoundError(
                    f"{live.record.name} has been destroyed",
                    hint="`hive undo` takes the last destroyed env back",
                    env=live.record.name,
                )
            if live.half_restored is not None and (
                transition in _UP or transition is Transition.TEST
            ):
                raise HiveError(
                    f"{live.record.name} cannot start: {live.half_restored}",
                    hint=f"`hive snapshots {live.record.name}` lists what it can be made of",
                    code="half_restored",
                    env=live.record.name,
                )
            operation, running = live.operation, self._running.get(live.id)
            whole = services is None and make is None
            same = operation is not None and operation.plan.transition is transition
            if operation is not None and running is not None and same and running.whole and whole:
                task = running.task
                if journal_id is not None:
                    self._world.store.close_journal(journal_id)
                if watch is not None:
                    live.feeds.append(Feed(live.record.name, operation, watch))
            else:
                await self._clear_the_way(live, transition)
                task = await self._begin(
                    live,
                    transition,
                    watch,
                    services,
                    make,
                    Execution(
                        live,
                        making=making,
                        removing=removing,
                        checkout=_checkout_feed(watch),
                    ),
                    params or {},
                    journal_id,
                )
        if live.common is not None:
            live.common.settle()
        if wait:
            return await asyncio.shield(task)
        return Ended(Result(live.record.name, transition.value, None, None))

    async def settle(self, live: LiveEnv) -> None:
        """Wait until nothing runs in the env."""
        while (running := self._running.get(live.id)) is not None:
            await asyncio.wait([running.task])

    async def cancel(self, live: LiveEnv, reason: str) -> None:
        """Cancel what runs in the env and wait until it has left."""
        operations = [*live.suites, *([live.operation] if live.operation else [])]
        for operation in operations:
            operation.cancel(reason)
        for operation in operations:
            await operation.wait()
        await self.settle(live)

    async def close(self) -> None:
        """Let go of everything without cancelling it: the next daemon goes on from the journal."""
        self._closing = True
        await self._world.scheduler.close("the daemon stops")
        if self._running:
            await asyncio.wait([running.task for running in self._running.values()])

    async def _clear_the_way(self, live: LiveEnv, asked: Transition) -> None:
        if asked not in _UP and asked is not Transition.TEST:
            live.leave_queue()
        running = live.operation
        if running is not None:
            if cancels(running.plan.transition, asked):
                running.cancel(f"{asked.value} was asked for")
            await self.settle(live)
        if asked not in _UP and asked is not Transition.TEST:
            for suites in tuple(live.suites):
                suites.cancel(f"{asked.value} was asked for")
                await suites.wait()

    async def _begin(
        self,
        live: LiveEnv,
        transition: Transition,
        watch: Watch | None,
        services: frozenset[str] | None,
        make: Callable[[], Awaitable[Plan]] | None,
        execution: Execution,
        params: Mapping[str, str | bool | None],
        journal_id: int | None,
    ) -> asyncio.Task[Ended]:
        world = self._world
        whole = services is None and make is None
        if whole and transition in _ENDS and self.end_terminals is not None:
            await self.end_terminals(live)
        if whole and transition in (Transition.COOL, Transition.STOP):
            _forget_tasks(live, transition)
            for name in live.claims - planning.level(live.project, planning.after(transition)):
                live.claim(name, wanted=False)
        if services is not None and transition is Transition.START:
            for name in filter(live.shares, services):
                live.claim(name, wanted=True)
        plan = await make() if make is not None else await plan_for(live, transition, services)
        if self._closing:
            raise HiveError(
                f"{live.record.name}: the daemon stops",
                hint="try again: the next command starts it anew",
                code="stopped",
                env=live.record.name,
            )
        wanted = _wanted(live, transition, plan) if whole else None
        if journal_id is None:
            entry = {**params, "services": ",".join(sorted(services)) if services else None}
            journal_id = world.store.open_journal(live.record.uid, transition, entry)
        world.checkpoint(f"journalled:{transition}")
        if wanted is not None and wanted is not live.record.wanted:
            live.put_record(msgspec.structs.replace(live.record, wanted=wanted))
        world.checkpoint(f"wanted:{transition}")
        if plan.empty:
            world.store.close_journal(journal_id)
            live.failure = live.failed_service = None
            live.changed()
            done = Result(live.record.name, transition.value, Outcome.UNCHANGED, 0.0)
            return asyncio.ensure_future(_value(Ended(done)))
        operation = world.scheduler.submit(
            live.id,
            plan,
            execution,
            expected=world.store.learned(live.project.name),
            changed=lambda _: live.moved(),
            ended=lambda _, step: self._step_ended(live, step, journal_id),
        )
        if watch is not None:
            live.feeds.append(Feed(live.record.name, operation, watch))
        live.operation, live.resuming = operation, None
        live.failure = live.failed_service = None
        live.changed()
        task = asyncio.ensure_future(self._conclude(live, operation, execution, journal_id))
        self._running[live.id] = _Running(task, whole)
        return task

    def _step_ended(self, live: LiveEnv, step: StepTrace, journal_id: int) -> None:
        if step.kind is StepKind.WORKTREE and step.outcome is Outcome.SUCCEEDED:
            self._world.store.note_made(journal_id, **{step.id: live.record.worktree})
        for feed in live.feeds:
            feed.ended(step)
        learn(self._world.store, live.project.name, step)
        if step.outcome is Outcome.FAILED:
            live.event(
                "step.failed",
                f"{live.record.name}: {step.target} failed: {step.error}",
                level="error",
                service=step.target if step.kind in _SERVICE_STEPS else None,
            )

    async def _conclude(
        self, live: LiveEnv, operation: Operation, execution: Execution, journal_id: int
    ) -> Ended:
        world, transition = self._world, operation.plan.transition
        trace = await operation.wait()
        keep = self._closing and trace.outcome is Outcome.CANCELLED
        failure = operation.failures[0] if operation.failures else None
        live.operation = None
        live.feeds.clear()
        del self._running[live.id]
        if live.common is not None:
            live.common.settle()
        if trace.outcome is Outcome.FAILED:
            live.failure = failure
            live.failed_service = showing.failed_service(trace)
        live.changed()  # before anything is written, which may fail
        previous = next(
            (t for t in world.store.traces(live.record.uid) if t.transition is transition), None
        )
        live.last, live.previous_s = trace, previous.makespan_s if previous else None
        world.store.put_trace(live.record.uid, trace)
        error = _error(live, trace, failure)
        world.checkpoint(f"concluded:{transition}")
        if not keep:
            world.store.close_journal(journal_id)
        live.event(
            "transition.ended",
            _sentence(live, trace),
            level="error" if trace.outcome is Outcome.FAILED else "info",
            data={"transition": transition.value, "outcome": trace.outcome.value},
        )
        result = Result(
            live.record.name,
            transition.value,
            trace.outcome,
            round(trace.makespan_s, 3),
            error,
            execution.removed.recovery_ref if execution.removed is not None else None,
        )
        return Ended(result, trace, execution)


def learn(store: Store, project: str, step: StepTrace) -> None:
    """Remember how long a step took, where it went well at once: back-offs are no duration."""
    clean = step.outcome is Outcome.SUCCEEDED and step.attempts == 1
    if clean and step.started_s is not None and step.ended_s is not None:
        store.learn(project, step.id, step.ended_s - step.started_s)


async def plan_for(
    live: LiveEnv, transition: Transition, services: frozenset[str] | None = None
) -> Plan:
    """The plan of a transition as the env is now; runs nothing."""
    if transition is Transition.COOL and live.record.wanted is Wanted.STOPPED:
        transition = Transition.START
    observed = await observe(live, folders=transition in _FILLS)
    return planning.make_plan(live.project, transition, observed, services=services)


async def _value(ended: Ended) -> Ended:
    return ended


def _wanted(live: LiveEnv, transition: Transition, plan: Plan) -> Wanted | None:
    """What is wanted of the env from now on; `None` leaves it."""
    if transition in (Transition.TEST, Transition.DESTROY):
        return None
    if transition is Transition.SPAWN:
        return Wanted.COLD
    if transition is Transition.FREEZE and plan.empty:
        return None
    if transition is Transition.THAW:
        if live.record.wanted is not Wanted.FROZEN:
            return None
        warm = planning.level(live.project, Wanted.WARM) - planning.level(live.project, Wanted.COLD)
        frozen = {name for name, unit in live.own.items() if unit.wanted}
        return Wanted.WARM if frozen & warm or not frozen else Wanted.COLD
    return planning.after(transition)


def _forget_tasks(live: LiveEnv, transition: Transition) -> None:
    """Tasks without inputs run again when the env comes up after it went down."""
    ends = {When.WARM} if transition is Transition.COOL else {When.WARM, When.COLD}
    for name, record in live.tasks.items():
        task = live.project.tasks.get(name)
        if record.current and task is not None and task.when in ends:
            live.tasks[name] = msgspec.structs.replace(record, current=False)
            live.world.store.put_task(live.tasks[name])


def _error(live: LiveEnv, trace: Trace, failure: Failure | None) -> dict[str, Any] | None:
    if failure is None or trace.outcome is not Outcome.FAILED:
        return None
    more = sum(step.outcome is Outcome.FAILED for step in trace.steps) - 1
    others = f" (and {more} more)" if more > 0 else ""
    hint = failure.hint or (
        f"hive why {live.record.name}; hive logs {live.record.name} {failure.step}"
    )
    if any(s.kind is StepKind.WORKTREE and s.outcome is Outcome.FAILED for s in trace.steps):
        hint = f"nothing was made; {failure.hint or '`hive daemon logs` has more'}"
    error = HiveError(
        f"{live.record.name}: {failure.step} failed: {failure.reason}{others}",
        hint=hint,
        code="step_failed",
        env=live.record.name,
    )
    return {**error.as_json(), "tail": list(failure.tail)}


def _sentence(live: LiveEnv, trace: Trace) -> str:
    """The end in one line; why a step failed stands in an event of its own."""
    name, what = live.record.name, trace.transition.value
    if trace.outcome is Outcome.FAILED:
        failed = [step.target for step in trace.steps if step.outcome is Outcome.FAILED]
        return f"{name}: {what} failed after {trace.makespan_s:.1f} s: {', '.join(failed)}"
    if trace.outcome is Outcome.CANCELLED:
        return f"{name}: {what} was cancelled after {trace.makespan_s:.1f} s"
    path = contract(trace)["critical_path_s"]
    return f"{name}: {what} took {trace.makespan_s:.1f} s (critical path {path:.1f} s)"


def _checkout_feed(watch: Watch | None) -> Callable[[int, int], None] | None:
    if watch is None:
        return None

    def told(done: int, all_files: int) -> None:
        watch({"kind": "checkout", "done": done, "all": all_files})

    return told
