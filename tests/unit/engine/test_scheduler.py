"""When steps start, in which order, and who is told."""

from __future__ import annotations

import pytest

from hive_tui.engine.node import Phase
from hive_tui.engine.operation import Operation, StepFailedError
from hive_tui.engine.scheduler import Scheduler
from hive_tui.model.environment import Waiting
from hive_tui.model.plan import Outcome, StepTrace
from tests.unit.engine.scripted_steps import (
    Script,
    failing,
    phases,
    plan,
    scheduler,
    task,
    turns,
)
from tests.unit.engine.virtual_time import LoopClock, loop, run


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
        assert one.operations == ()
        assert (await operation.wait()).steps == ()
        assert seen == [Outcome.UNCHANGED]

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
        kept = Waiting("b", "a CPU slot (1 of 2 free, kept for wide)")
        assert late.waiting() == (kept,)
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


def test_the_next_step_does_not_wait_for_those_who_listen_to_the_end_of_the_last() -> None:
    async def main() -> None:
        script = Script({"a": 1, "b": 1})
        order: list[list[str]] = []
        operation = scheduler().submit(
            "env",
            plan(task("a"), task("b", "a")),
            script,
            ended=lambda _, step: order.append([step.target, *script.began]),
        )
        await operation.wait()
        assert order == [["a", "a", "b"], ["b", "a", "b"]]

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
