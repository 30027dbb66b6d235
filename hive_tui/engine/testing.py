"""Runs an env's test suites: first what they need, then the suites side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from hive_tui.engine import plan as planning
from hive_tui.engine import unwaited
from hive_tui.engine.execution import Execution
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.observing import observe
from hive_tui.engine.progress import Feed, Watch
from hive_tui.engine.transitions import Transitions, learn
from hive_tui.engine.world import World
from hive_tui.model.environment import Failure, TestState
from hive_tui.model.errors import HiveError, NotFoundError
from hive_tui.model.plan import Outcome, Plan, StepKind, StepTrace, Transition


class Testing:
    """Test runs of all envs."""

    __test__ = False

    def __init__(self, world: World, transitions: Transitions) -> None:
        self._world = world
        self._transitions = transitions
        self._runs: set[asyncio.Task[HiveError | None]] = set()
        self.ended: Callable[[LiveEnv, str], None] = lambda live, suite: None
        """Told of each suite that came to a verdict."""

    async def run(
        self,
        live: LiveEnv,
        suites: Sequence[str],
        *,
        watch: Watch | None = None,
        wait: bool = True,
    ) -> HiveError | None:
        """Run suites and keep their verdicts. The one that asks may leave; the run goes on.

        Args:
            live: The env.
            suites: Names; empty is all of the project's.
            watch: Gets progress events.
            wait: False returns as soon as the run is under way.

        Returns:
            Why a suite came to no verdict, where one did not; the others have run.

        Raises:
            NotFoundError: No such suite.
            HiveError: What the suites need could not be started.
        """
        known = live.project.tests
        if not known:
            raise NotFoundError(
                f"{live.record.project} has no test suites",
                hint='add one to hive.toml: [tests.unit] run = "…"',
                code="no_suite",
                env=live.record.name,
            )
        for name in suites:
            if name not in known:
                raise NotFoundError(
                    f"no test suite {name!r} in {live.record.project}",
                    hint=f"suites: {', '.join(known)}",
                    code="no_suite",
                    env=live.record.name,
                )
        work = asyncio.ensure_future(self._run(live, tuple(suites) or tuple(known), watch))
        self._runs.add(work)
        work.add_done_callback(self._runs.discard)
        if wait:
            return await asyncio.shield(work)
        unwaited.leave(work, live, "test.failed")
        return None

    async def _run(
        self, live: LiveEnv, suites: tuple[str, ...], watch: Watch | None
    ) -> HiveError | None:
        async def needs() -> Plan:
            return _split(await self._plan(live, suites))[0]

        if not (await needs()).empty:
            ended = await self._transitions.request(live, Transition.TEST, watch=watch, make=needs)
            if ended.result.outcome not in (Outcome.SUCCEEDED, Outcome.UNCHANGED):
                error = ended.result.error or {}
                reason = str(error.get("message") or f"what they need was {ended.result.outcome}")
                raise HiveError(
                    reason, hint=error.get("hint"), code="needs_failed", env=live.record.name
                )
        plan = _split(await self._plan(live, suites))[1]
        feeds: list[Feed] = []

        def ended_step(_: object, step: StepTrace) -> None:
            learn(self._world.store, live.project.name, step)
            for feed in feeds:
                feed.ended(step)

        def changed(_: object) -> None:
            for feed in feeds:
                feed.changed()
            live.changed()

        operation = self._world.scheduler.submit(
            live.id,
            plan,
            Execution(live),
            expected=self._world.store.learned(live.project.name),
            changed=changed,
            ended=ended_step,
        )
        if watch is not None:
            feeds.append(Feed(live.record.name, operation, watch))
        live.suites.append(operation)
        live.changed()
        try:
            await operation.wait()
        finally:
            live.suites.remove(operation)
            live.changed()
        not_run = {failure.step for failure in operation.failures}
        for name in suites:
            if name not in not_run:
                self._tell(live, name)
                self.ended(live, name)
        unrun = _not_run(live, operation.failures)
        if unrun is not None:
            live.event("test.failed", unrun.message, level="error")
        return unrun

    async def _plan(self, live: LiveEnv, suites: tuple[str, ...]) -> Plan:
        observed = await observe(live)
        return planning.make_plan(live.project, Transition.TEST, observed, suites=suites)

    def _tell(self, live: LiveEnv, suite: str) -> None:
        verdict = live.verdicts.get(suite)
        if verdict is None:
            return
        green = verdict.state == TestState.PASSED
        counts = f" {verdict.failed} of {(verdict.passed or 0) + (verdict.failed or 0)}"
        live.event(
            "test.ended",
            f"{live.record.name}: {suite} {verdict.state}{counts if verdict.failed else ''}",
            level="info" if green else "warning",
            data={"suite": suite, "state": verdict.state},
        )

    async def close(self) -> None:
        """Cancel all runs."""
        for task in self._runs:
            task.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)


def _split(plan: Plan) -> tuple[Plan, Plan]:
    """The part that makes the env ready for the suites, and the suites."""
    needs = tuple(step for step in plan.steps if step.kind is not StepKind.SUITE)
    suites = tuple(
        msgspec.structs.replace(step, needs=())
        for step in plan.steps
        if step.kind is StepKind.SUITE
    )
    return Plan(plan.transition, needs), Plan(plan.transition, suites)


def _not_run(live: LiveEnv, failures: tuple[Failure, ...]) -> HiveError | None:
    """The error for suites that came to no verdict of this run."""
    if not failures:
        return None
    first, more = failures[0], len(failures) - 1
    others = f" (and {more} more)" if more else ""
    return HiveError(
        f"{live.record.name}: {first.step} did not run: {first.reason}{others}",
        hint=f"hive why {live.record.name} test {first.step}",
        code="suite_not_run",
        env=live.record.name,
    )
