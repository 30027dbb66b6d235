"""When steps start, what follows their ends, and what an operation tells meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from hive_tui.engine.operation import Operation, Phase, StepContext, StepFailedError
from hive_tui.engine.scheduler import Scheduler
from hive_tui.model.environment import Waiting
from hive_tui.model.errors import HiveError, NotAvailableError
from hive_tui.model.plan import Outcome, Plan, Step, StepKind, StepTrace, Transition
from tests.unit.engine.virtual_time import LoopClock, loop, run


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


def test_a_step_starts_in_the_callback_in_which_its_last_need_ends() -> None:
    async def main() -> None:
        script = Script()
        operation = scheduler().submit(
            "env", plan(task("a"), task("b"), task("c", "a", "b")), script
        )
        await turns()
        script.end("a")
        await turns()
        assert phases(operation)["c"] is Phase.WAITING
        timers = loop().timers
        script.end("b")
        await turns()
        assert script.began_turn["c"] == script.left_turn["b"] + 1
        assert operation.nodes["task:c"].started_s == operation.nodes["task:b"].ended_s
        assert loop().timers == timers
        script.end("c")
        await operation.wait()

    run(main)


def test_a_step_starts_in_the_callback_in_which_a_slot_becomes_free() -> None:
    async def main() -> None:
        script = Script()
        one = scheduler(slots=1)
        one.submit("env", plan(task("a", slots=1)), script)
        other = one.submit("other", plan(task("b", slots=1)), script)
        await turns()
        assert script.running == {"a"}
        script.end("a")
        await turns()
        assert script.began_turn["b"] == script.left_turn["a"] + 1
        script.end("b")
        assert (await other.wait()).outcome is Outcome.SUCCEEDED

    run(main)


def test_what_can_start_has_started_when_submit_returns() -> None:
    async def main() -> None:
        operation = scheduler().submit(
            "env", plan(task("a"), task("b", "a")), Script({"a": 1, "b": 1})
        )
        assert phases(operation) == {"a": Phase.RUNNING, "b": Phase.WAITING}
        trace = await operation.wait()
        assert trace.outcome is Outcome.SUCCEEDED
        assert trace.makespan_s == 2

    run(main)


def test_an_empty_plan_has_ended_unchanged_at_once() -> None:
    async def main() -> None:
        seen: list[Outcome | None] = []
        one = scheduler()
        operation = one.submit("env", plan(), Script(), changed=lambda o: seen.append(o.outcome))
        assert operation.outcome is Outcome.UNCHANGED
        assert seen == [Outcome.UNCHANGED]
        assert one.operations == ()
        assert (await operation.wait()).steps == ()

    run(main)


def test_a_failed_step_skips_only_what_needs_it_and_the_rest_runs_on() -> None:
    async def main() -> None:
        script = Script({"b": 3, "e": 1})
        steps = plan(task("a"), task("b"), task("c", "a"), task("d", "c", "b"), task("e", "b"))
        ended: list[StepTrace] = []
        operation = scheduler().submit(
            "env", steps, script, ended=lambda _, step: ended.append(step)
        )
        await turns()
        script.end("a", StepFailedError("exit status 2", tail=("no such table",)))
        trace = await operation.wait()
        assert trace.outcome is Outcome.FAILED
        outcomes = {step.target: step.outcome.value for step in trace.steps}
        assert outcomes == {
            "a": "failed",
            "b": "succeeded",
            "c": "skipped",
            "d": "skipped",
            "e": "succeeded",
        }
        assert sorted(step.target for step in ended) == ["a", "b", "c", "d", "e"]
        (failure,) = operation.failures
        assert (failure.step, failure.reason, failure.tail) == (
            "a",
            "exit status 2",
            ("no such table",),
        )
        assert operation.nodes["task:d"].error == "needs a, which failed"

    run(main)


def test_a_bug_in_an_executor_fails_its_step_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        operation = scheduler().submit("env", plan(task("a", retries=3)), failing(KeyError("x")))
        trace = await operation.wait()
        assert trace.steps[0].error == "internal error: KeyError: 'x'"
        assert trace.steps[0].attempts == 1

    with caplog.at_level(logging.ERROR):
        run(main)
    assert "env: step task:a broke" in caplog.text


def test_retries_back_off_exponentially_and_report_their_attempts() -> None:
    async def main() -> None:
        errors = [StepFailedError("no"), StepFailedError("no"), HiveError("no")]
        operation = scheduler().submit("env", plan(task("a", retries=3)), failing(*errors))
        trace = await operation.wait()
        assert trace.outcome is Outcome.SUCCEEDED
        assert trace.steps[0].attempts == 4
        assert trace.makespan_s == pytest.approx(0.5 + 1.0 + 2.0)
        assert trace.steps[0].error is None

    run(main)


def test_a_back_off_is_never_longer_than_half_a_minute() -> None:
    async def main() -> None:
        errors = [StepFailedError("no")] * 9
        operation = scheduler().submit("env", plan(task("a", retries=8)), failing(*errors))
        trace = await operation.wait()
        assert trace.outcome is Outcome.FAILED
        assert trace.makespan_s == pytest.approx(0.5 + 1 + 2 + 4 + 8 + 16 + 30 + 30)

    run(main)


def test_what_is_not_available_is_not_tried_again() -> None:
    async def main() -> None:
        execute = failing(NotAvailableError("containers: not yet"))
        trace = await scheduler().submit("env", plan(task("a", retries=5)), execute).wait()
        assert (trace.outcome, trace.steps[0].attempts) == (Outcome.FAILED, 1)

    run(main)


def test_a_step_that_backs_off_gives_its_slots_and_its_lane_back() -> None:
    async def main() -> None:
        script = Script()
        one = scheduler(slots=1, lanes={"lane": 1})
        steps = plan(task("a", slots=1, lane="lane", retries=1), task("b", slots=1, lane="lane"))
        operation = one.submit("env", steps, script, expected={"task:a": 9, "task:b": 1})
        await turns()
        assert script.running == {"a"}
        script.end("a", StepFailedError("no"))
        await turns()
        assert script.running == {"b"}
        assert operation.waiting() == (Waiting("a", "back-off, next try in 0.5 s"),)
        await asyncio.sleep(1)
        assert operation.waiting() == (Waiting("a", "lane lane (1 of 1 taken)"),)
        script.end("b")
        await turns()
        assert script.running == {"a"}
        script.end("a")
        await operation.wait()
        assert one.slots_taken == 0

    run(main)


def test_a_timeout_cancels_the_attempt_and_fails_the_step() -> None:
    async def main() -> None:
        script = Script()
        operation = scheduler().submit("env", plan(task("a", timeout_s=600.0)), script)
        trace = await operation.wait()
        assert trace.outcome is Outcome.FAILED
        assert operation.failures[0].reason == "timed out after 600 s"
        assert script.left == ["a"]
        assert trace.makespan_s == 600

    run(main)


def test_a_timeout_shows_the_end_of_the_log_that_the_executor_brings() -> None:
    async def execute(step: Step, context: StepContext) -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise StepFailedError("was stopped", tail=("still compiling",)) from None

    async def main() -> None:
        operation = scheduler().submit("env", plan(task("a", timeout_s=1.0)), execute)
        await operation.wait()
        assert operation.failures[0].tail == ("still compiling",)

    run(main)


def test_each_attempt_has_its_own_timeout() -> None:
    async def execute(step: Step, context: StepContext) -> None:
        await asyncio.sleep(10 if context.attempt == 1 else 0.9)

    async def main() -> None:
        operation = scheduler().submit("env", plan(task("a", timeout_s=1.0, retries=1)), execute)
        trace = await operation.wait()
        assert trace.outcome is Outcome.SUCCEEDED
        assert trace.makespan_s == pytest.approx(1.0 + 0.5 + 0.9)

    run(main)


def test_cancel_ends_what_waits_and_waits_for_what_runs_to_leave() -> None:
    async def execute(step: Step, context: StepContext) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(3)

    async def main() -> None:
        one = scheduler(slots=1)
        steps = plan(task("a", slots=1), task("b", "a"), task("c", slots=1), task("d", retries=1))
        operation = one.submit("env", steps, execute)
        await asyncio.sleep(1)
        operation.cancel("stop was asked for")
        operation.cancel("and again")
        assert operation.outcome is None
        trace = await operation.wait()
        assert trace.outcome is Outcome.CANCELLED
        assert trace.makespan_s == 4
        assert {step.outcome for step in trace.steps} == {Outcome.CANCELLED}
        assert {step.error for step in trace.steps} == {"stop was asked for"}
        assert operation.failures == ()
        assert (one.slots_taken, one.operations) == (0, ())

    run(main)


def test_cancel_before_the_first_turn_runs_nothing() -> None:
    async def main() -> None:
        script = Script()
        operation = scheduler().submit("env", plan(task("a"), task("b", "a")), script)
        operation.cancel("changed my mind")
        assert (await operation.wait()).outcome is Outcome.CANCELLED
        assert script.began == []

    run(main)


def test_cancel_during_a_back_off_ends_at_once() -> None:
    async def main() -> None:
        execute = failing(StepFailedError("no"))
        operation = scheduler().submit("env", plan(task("a", retries=1)), execute)
        await turns()
        operation.cancel("enough")
        assert operation.outcome is Outcome.CANCELLED
        assert (await operation.wait()).makespan_s == 0

    run(main)


def test_cancel_after_the_end_changes_nothing() -> None:
    async def main() -> None:
        operation = scheduler().submit("env", plan(task("a")), Script({"a": 1}))
        await operation.wait()
        operation.cancel("too late")
        assert operation.outcome is Outcome.SUCCEEDED
        assert operation.cancelled is None

    run(main)


def test_a_step_that_is_done_in_spite_of_the_cancellation_counts_as_done() -> None:
    async def execute(step: Step, context: StepContext) -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return

    async def main() -> None:
        operation = scheduler().submit("env", plan(task("a")), execute)
        await turns()
        operation.cancel("stop")
        assert (await operation.wait()).outcome is Outcome.SUCCEEDED

    run(main)


def test_cancelling_a_waiter_leaves_the_operation_alone() -> None:
    async def main() -> None:
        operation = scheduler().submit("env", plan(task("a")), Script({"a": 2}))
        waiter = asyncio.ensure_future(operation.wait())
        await asyncio.sleep(1)
        waiter.cancel()
        assert (await operation.wait()).outcome is Outcome.SUCCEEDED

    run(main)


def test_a_step_that_somebody_else_cancels_takes_its_dependents_along() -> None:
    async def main() -> None:
        script = Script({"b": 1})
        operation = scheduler().submit("env", plan(task("a"), task("b"), task("c", "a")), script)
        await turns()
        script.end("a", asyncio.CancelledError())  # type: ignore[arg-type]
        trace = await operation.wait()
        outcomes = [step.outcome for step in trace.steps]
        assert outcomes == [Outcome.CANCELLED, Outcome.SUCCEEDED, Outcome.CANCELLED]

    run(main)


def test_close_cancels_every_operation() -> None:
    async def main() -> None:
        one = scheduler()
        operations = [one.submit(name, plan(task("a")), Script()) for name in ("x", "y")]
        await turns()
        await one.close("the daemon stops")
        assert [operation.outcome for operation in operations] == [Outcome.CANCELLED] * 2

    run(main)


def test_a_step_that_wants_more_slots_than_there_are_runs_alone() -> None:
    async def main() -> None:
        script = Script()
        one = scheduler(slots=2)
        one.submit("other", plan(task("a", slots=1)), script)
        operation = one.submit("env", plan(task("wide", slots=8)), script)
        late = one.submit("late", plan(task("b", slots=1)), script)
        await turns()
        assert script.running == {"a"}
        assert operation.waiting() == (Waiting("wide", "2 CPU slots (1 of 2 taken)"),)
        script.end("a")
        await turns()
        assert script.running == {"wide"}
        assert one.slots_taken == 2
        script.end("wide")
        await turns()
        script.end("b")
        await late.wait()

    run(main)


def test_a_step_without_slots_and_lane_never_waits() -> None:
    async def main() -> None:
        script = Script()
        one = scheduler(slots=1)
        one.submit("x", plan(task("a", slots=1)), script)
        one.submit("y", plan(task("b")), script)
        await turns()
        assert script.running == {"a", "b"}
        await one.close("end")

    run(main)


def test_a_named_lane_is_shared_by_all_envs_and_any_other_is_the_envs_own() -> None:
    async def main() -> None:
        script = Script()
        one = scheduler(lanes={"worktree": 1})
        for env in ("x", "y"):
            one.submit(
                env,
                plan(
                    task(f"{env}-checkout", lane="worktree"),
                    task(f"{env}-unit", lane="suite:unit"),
                    task(f"{env}-again", lane="suite:unit"),
                ),
                script,
            )
        await turns()
        assert script.running == {"x-checkout", "x-unit", "y-unit"}
        assert one.operations[1].waiting()[0] == Waiting(
            "y-checkout", "lane worktree (1 of 1 taken)"
        )
        await one.close("end")

    run(main)


def test_the_longest_remaining_path_goes_first() -> None:
    async def main() -> None:
        script = Script(dict.fromkeys("abcd", 1.0))
        steps = plan(
            task("a", slots=1), task("b", slots=1), task("c", "b", slots=1), task("d", slots=1)
        )
        expected = {"task:a": 2.0, "task:b": 1.0, "task:c": 4.0, "task:d": 3.0}
        await scheduler(slots=1).submit("env", steps, script, expected=expected).wait()
        assert script.began == ["b", "c", "d", "a"]

    run(main)


def submit_three(one: Scheduler, script: Script) -> list[Operation]:
    one.submit("first", plan(task("busy", slots=1)), script)
    return [
        one.submit(env, plan(task(env, slots=1)), script, expected={f"task:{env}": seconds})
        for env, seconds in (("x", 2.0), ("y", 2.01), ("z", 9.0))
    ]


def test_between_envs_the_focused_one_goes_first_where_the_paths_are_about_as_long() -> None:
    async def main() -> None:
        one, script = scheduler(slots=1), Script({"x": 1, "y": 1, "z": 1})
        operations = submit_three(one, script)
        one.focus("x")
        await turns()
        script.end("busy")
        for operation in operations:
            await operation.wait()
        assert script.began == ["busy", "z", "x", "y"]

    run(main)


def test_without_a_focus_the_longer_path_goes_first() -> None:
    async def main() -> None:
        one, script = scheduler(slots=1), Script({"x": 1, "y": 1, "z": 1})
        operations = submit_three(one, script)
        one.focus("x")
        one.focus(None)
        await turns()
        script.end("busy")
        for operation in operations:
            await operation.wait()
        assert script.began == ["busy", "z", "y", "x"]

    run(main)


def test_equal_paths_go_in_the_order_in_which_they_were_asked_for() -> None:
    async def main() -> None:
        one, script = scheduler(slots=1), Script(dict.fromkeys("abcd", 1.0))
        operations = [one.submit(name, plan(task(name, slots=1)), script) for name in "abcd"]
        for operation in operations:
            await operation.wait()
        assert script.began == ["a", "b", "c", "d"]

    run(main)


def test_the_background_waits_for_everybody_else() -> None:
    async def main() -> None:
        one, script = scheduler(slots=1), Script({"spare": 1, "work": 1})
        one.submit("first", plan(task("busy", slots=1)), script)
        spare = one.submit(
            "spare",
            plan(task("spare", slots=1)),
            script,
            expected={"task:spare": 99.0},
            background=True,
        )
        one.submit("env", plan(task("work", slots=1)), script, expected={"task:work": 0.1})
        await turns()
        script.end("busy")
        await spare.wait()
        assert script.began == ["busy", "work", "spare"]

    run(main)


def test_waiting_names_services_and_tasks_and_never_the_nodes_of_a_service() -> None:
    async def main() -> None:
        script = Script({"db": 0.0})
        db, api = service("db"), service("api", "ready:db", "task:migrate")
        migrate = Step("task:migrate", StepKind.TASK, "migrate", needs=("ready:db",))
        operation = scheduler().submit("env", plan(*db, *api, migrate), script)
        assert operation.waiting() == (
            Waiting("api", "need db, migrate"),
            Waiting("migrate", "need db"),
        )
        await asyncio.sleep(1)
        assert operation.waiting() == (Waiting("api", "need migrate"),)
        operation.cancel("end")
        await operation.wait()
        assert operation.waiting() == ()

    run(main)


def test_a_halt_waits_for_those_who_need_the_service_to_stop() -> None:
    async def main() -> None:
        api = Step("halt:api", StepKind.HALT, "api")
        db = Step("halt:db", StepKind.HALT, "db", needs=("halt:api",))
        operation = scheduler().submit("env", Plan(Transition.STOP, (api, db)), Script({"api": 1}))
        assert operation.waiting() == (Waiting("db", "stop of api"),)
        operation.cancel("end")
        await operation.wait()

    run(main)


def test_progress_counts_a_service_as_one_and_estimates_by_simulation() -> None:
    async def main() -> None:
        script = Script()
        steps = plan(*service("db"), *service("api", "ready:db"), task("build"))
        expected = {"ready:db": 4.0, "ready:api": 2.0, "task:build": 1.0}
        operation = scheduler().submit("env", steps, script, expected=expected)
        progress = operation.progress()
        assert (progress.transition, progress.done, progress.all) == ("warm", 0, 3)
        assert progress.eta_s == pytest.approx(6.0, abs=0.05)
        await asyncio.sleep(1)
        assert operation.progress().eta_s == pytest.approx(5.0, abs=0.05)
        script.end("build")
        await turns()
        assert operation.progress().done == 1
        operation.cancel("end")
        await operation.wait()
        assert operation.progress().eta_s == 0.0

    run(main)


def test_progress_names_what_runs_in_the_order_of_its_start() -> None:
    async def main() -> None:
        script = Script({"b": 1})
        steps = plan(task("c"), task("b"), task("a", "b"))
        operation = scheduler().submit("env", steps, script)
        await asyncio.sleep(2)
        assert operation.progress().running == ("c", "a")
        operation.cancel("end")
        await operation.wait()

    run(main)


def test_there_is_no_estimate_while_something_unmeasured_is_ahead() -> None:
    async def main() -> None:
        script = Script({"a": 1, "b": 1})
        steps = plan(task("a"), task("b", "a"))
        operation = scheduler().submit("env", steps, script, expected={"task:b": 3.0})
        assert operation.progress().eta_s is None
        await asyncio.sleep(1.5)
        assert operation.progress().eta_s == pytest.approx(2.5)
        await operation.wait()

    run(main)


def test_the_trace_holds_what_executors_report() -> None:
    async def execute(step: Step, context: StepContext) -> None:
        assert context.step is step
        await asyncio.sleep(0.25)
        context.spawned()
        await asyncio.sleep(1)
        context.detected(0.125)

    async def main() -> None:
        operation = scheduler().submit("env", plan(task("a")), execute, expected={"task:a": 1.0})
        await asyncio.sleep(0.5)
        meanwhile = operation.trace()
        assert meanwhile.outcome is Outcome.RUNNING
        assert (meanwhile.steps[0].outcome, meanwhile.makespan_s) == (Outcome.RUNNING, 0.5)
        (step,) = (await operation.wait()).steps
        assert (step.eligible_s, step.started_s, step.spawned_s) == (0.0, 0.0, 0.25)
        assert (step.ended_s, step.detected_s, step.expected_s) == (1.25, 0.125, 1.0)

    run(main)


def test_every_operation_that_a_free_slot_moves_on_is_told() -> None:
    async def main() -> None:
        one, script = scheduler(slots=1), Script()
        told: list[str] = []
        for env in ("x", "y"):
            one.submit(env, plan(task(env, slots=1)), script, changed=lambda o: told.append(o.env))
        await turns()
        told.clear()
        script.end("x")
        await turns()
        assert sorted(told) == ["x", "y"]
        await one.close("end")

    run(main)


def test_a_listener_may_submit_and_cancel() -> None:
    async def main() -> None:
        one, script = scheduler(), Script({"a": 1, "b": 1, "next": 1})
        follow: list[Operation] = []

        def ended(operation: Operation, step: StepTrace) -> None:
            if not follow:
                follow.append(one.submit("env", plan(task("next")), script))
                operation.cancel("re-planned")

        operation = one.submit("env", plan(task("a"), task("b", "a")), script, ended=ended)
        assert (await operation.wait()).outcome is Outcome.CANCELLED
        assert (await follow[0].wait()).outcome is Outcome.SUCCEEDED

    run(main)


def test_a_listener_that_breaks_breaks_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        def changed(operation: Operation) -> None:
            raise RuntimeError("a bug")

        operation = scheduler().submit("env", plan(task("a")), Script({"a": 1}), changed=changed)
        assert (await operation.wait()).outcome is Outcome.SUCCEEDED

    run(main)
    assert "a listener to the operation broke" in caplog.text


def test_checkpoints_lie_around_every_step_even_one_that_fails() -> None:
    async def main() -> list[str]:
        names: list[str] = []
        one = Scheduler(LoopClock(), slots=1, lanes={}, checkpoint=names.append)
        await one.submit("env", plan(task("a"), task("b")), failing(StepFailedError("no"))).wait()
        return names

    assert run(main) == ["begin:task:a", "end:task:a", "begin:task:b", "end:task:b"]


def test_an_error_at_a_checkpoint_is_the_steps() -> None:
    def checkpoint(name: str) -> None:
        if name == "begin:task:a":
            raise HiveError("injected")

    async def main() -> None:
        one = Scheduler(LoopClock(), slots=1, lanes={}, checkpoint=checkpoint)
        operation = one.submit("env", plan(task("a")), Script({"a": 1}))
        await operation.wait()
        assert operation.failures[0].reason == "injected"

    run(main)
