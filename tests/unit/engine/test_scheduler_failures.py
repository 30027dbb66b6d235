"""What follows a failed, late or cancelled step."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hive_tui.engine.operation import StepContext, StepFailedError
from hive_tui.engine.scheduler import Scheduler
from hive_tui.model.environment import Waiting
from hive_tui.model.errors import HiveError, NotAvailableError
from hive_tui.model.plan import Outcome, Step, StepTrace
from tests.unit.engine.scripted_steps import (
    Script,
    failing,
    plan,
    scheduler,
    task,
    turns,
)
from tests.unit.engine.virtual_time import LoopClock, run


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
