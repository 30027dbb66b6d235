"""What an operation tells of itself while it runs."""

from __future__ import annotations

import asyncio

import pytest

from hive_tui.engine.operation import StepContext
from hive_tui.model.environment import Waiting
from hive_tui.model.plan import Outcome, Plan, Step, StepKind, Transition
from tests.unit.engine.scripted_steps import (
    Script,
    plan,
    scheduler,
    service,
    task,
    turns,
)
from tests.unit.engine.virtual_time import run


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
