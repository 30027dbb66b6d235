"""What one service does when it is asked, when it ends by itself, and across daemons."""

from __future__ import annotations

import asyncio
import signal

import pytest
from msgspec.structs import replace

from hive_tui.engine.operation import StepFailedError
from hive_tui.engine.state import RunRecord
from hive_tui.model.environment import ServiceState
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Restart
from tests.unit.engine.supervised import API, Stage, settle
from tests.unit.engine.virtual_time import run

TIME_OUT = HiveError("is not ready after 60 s", hint="see its log")
FULL = HiveError("the disk is full", hint="make room")


# --- start and readiness ---------------------------------------------------------------------


def test_a_start_returns_when_the_process_exists_and_before_it_is_ready() -> None:
    async def main() -> None:
        stage = Stage()
        spawned: list[int | None] = []
        await stage.unit.start(lambda: spawned.append(stage.unit.pid))
        assert spawned == [100]
        assert stage.state() is ServiceState.STARTING
        await stage.get_ready()
        assert stage.states == [ServiceState.STARTING, ServiceState.READY]
        await stage.unit.close()

    run(main)


def test_waiting_for_readiness_tells_how_late_it_was_seen() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        waiting = asyncio.ensure_future(stage.unit.wait_ready())
        await stage.get_ready(0.004)
        assert await waiting == 0.004
        assert await stage.unit.wait_ready() == 0.0
        await stage.unit.close()

    run(main)


def test_the_intent_is_stored_before_the_launch_and_the_identity_after() -> None:
    async def main() -> None:
        stage = Stage()
        intents: list[RunRecord] = []
        stage.processes.on_launch = lambda: intents.append(stage.kept.runs["tag.1"])
        await stage.up()
        (intent,) = intents
        assert (intent.identity, intent.log_offset, intent.ended) == (None, 77, None)
        assert stage.kept.runs["tag.1"].identity == stage.unit.identity
        assert stage.kept.unit is not None
        assert stage.kept.unit.wanted
        assert stage.kept.unit.was_ready
        await stage.unit.close()

    run(main)


def test_a_start_of_what_runs_changes_nothing() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.unit.start()
        assert len(stage.processes.launched) == 1
        await stage.unit.close()

    run(main)


def test_two_starts_at_once_launch_one_process() -> None:
    async def main() -> None:
        stage = Stage()
        await asyncio.gather(stage.unit.start(), stage.unit.start())
        assert len(stage.processes.launched) == 1
        await stage.unit.close()

    run(main)


def test_a_launch_that_fails_fails_the_start_and_is_not_tried_again() -> None:
    async def main() -> None:
        stage = Stage()
        stage.processes.broken = HiveError("the folder is gone")
        with pytest.raises(HiveError, match="the folder is gone"):
            await stage.unit.start()
        await asyncio.sleep(100)
        assert (stage.state(), stage.unit.reason) == (
            ServiceState.CRASHED,
            "the folder is gone",
        )
        assert stage.kept.runs["tag.1"].ended is not None

    run(main)


def test_nothing_is_launched_that_could_not_be_found_again() -> None:
    async def main() -> None:
        stage = Stage()
        stage.kept.full = FULL
        with pytest.raises(HiveError, match="disk is full"):
            await stage.unit.start()
        assert stage.processes.launched == []

    run(main)


def test_a_death_before_readiness_fails_the_wait_with_the_last_lines() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        waiting = asyncio.ensure_future(stage.unit.wait_ready())
        await settle()
        await stage.crash(3)
        with pytest.raises(StepFailedError, match="exit 3 before it was ready") as failed:
            await waiting
        assert failed.value.tail == ("last words from 77",)
        await stage.unit.close()

    run(main)


def test_a_time_out_leaves_it_running_unhealthy_and_it_may_get_ready_later() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        waiting = asyncio.ensure_future(stage.unit.wait_ready())
        await settle()
        stage.looks[-1].set_exception(TIME_OUT)
        with pytest.raises(StepFailedError, match="not ready after 60 s"):
            await waiting
        assert stage.state() is ServiceState.UNHEALTHY
        assert stage.unit.reason == "is not ready after 60 s"
        assert stage.unit.pid == 100
        await asyncio.sleep(5)
        await stage.get_ready()
        assert stage.state() is ServiceState.READY
        assert stage.unit.reason is None
        await stage.unit.close()

    run(main)


def test_readiness_is_looked_for_ever_more_rarely_but_at_once_when_somebody_waits() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        await settle()
        for _ in range(8):
            stage.looks[-1].set_exception(TIME_OUT)
            looks = len(stage.looks)
            await asyncio.sleep(30.5)
            assert len(stage.looks) == looks + 1
        stage.looks[-1].set_exception(TIME_OUT)
        await settle()
        looks = len(stage.looks)
        waiting = asyncio.ensure_future(stage.unit.wait_ready())
        await settle()
        assert len(stage.looks) == looks + 1
        await stage.get_ready()
        await waiting
        await stage.unit.close()

    run(main)


def test_a_bug_in_what_looks_for_readiness_keeps_nobody_waiting() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        waiting = asyncio.ensure_future(stage.unit.wait_ready())
        await settle()
        stage.looks[-1].set_exception(ZeroDivisionError("oops"))
        with pytest.raises(StepFailedError, match="oops"):
            await waiting
        await stage.unit.close()

    run(main)


def test_waiting_for_what_does_not_run_fails_at_once() -> None:
    async def main() -> None:
        with pytest.raises(StepFailedError, match="is not running"):
            await Stage().unit.wait_ready()

    run(main)


def test_cancelling_the_wait_does_not_touch_the_service() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        waiting = asyncio.ensure_future(stage.unit.wait_ready())
        await settle()
        waiting.cancel()
        await settle()
        await stage.get_ready()
        assert stage.state() is ServiceState.READY
        await stage.unit.close()

    run(main)


# --- restarts --------------------------------------------------------------------------------


def test_a_crash_is_followed_by_a_restart_that_gets_ready() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await asyncio.sleep(30)
        await stage.crash(1)
        assert stage.state() is ServiceState.BACKOFF
        assert stage.unit.reason == "exit 1; next try in 0.1 s"
        assert stage.unit.exit_code == 1
        assert stage.unit.pid is None
        await asyncio.sleep(0.11)
        assert stage.state() is ServiceState.STARTING
        await stage.get_ready()
        assert stage.unit.view().restarts == 1
        assert ("service.crashed", "warning") in stage.events
        assert ("service.ready", "info") in stage.events
        await stage.unit.close()

    run(main)


def test_repeated_crashes_are_counted_in_the_reason() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        for wait in (0.15, 0.25):
            await asyncio.sleep(5)
            await stage.crash(1)
            await asyncio.sleep(wait)
        await asyncio.sleep(5)
        await stage.crash(1)
        assert stage.unit.reason == "exit 1, 3 times in 10 s; next try in 0.4 s"
        await stage.unit.close()

    run(main)


def test_a_crash_loop_ends_with_its_reason_and_an_event() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        for _ in range(5):
            await stage.crash(1)
            await asyncio.sleep(1)
        assert len(stage.processes.launched) == 5
        assert stage.state() is ServiceState.CRASHED
        assert stage.unit.reason == "crash-loops: exit 1, 5 times in 4 s"
        assert stage.unit.failure_tail == ("last words from 77",)
        assert stage.events[-1] == ("service.gave_up", "error")
        await asyncio.sleep(1000)
        assert len(stage.processes.launched) == 5

    run(main)


def test_a_start_by_hand_forgets_the_crash_loop() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        for _ in range(5):
            await stage.crash(1)
            await asyncio.sleep(1)
        await stage.up()
        assert stage.unit.restarts == 0
        await stage.crash(1)
        assert stage.state() is ServiceState.BACKOFF
        await stage.unit.close()

    run(main)


@pytest.mark.parametrize(
    ("policy", "code", "state", "reason"),
    [
        (Restart.NO, 1, ServiceState.CRASHED, "exit 1"),
        (Restart.NO, 0, ServiceState.STOPPED, "ended by itself (exit 0)"),
        (Restart.ON_FAILURE, 0, ServiceState.STOPPED, "ended by itself (exit 0)"),
        (Restart.NO, -11, ServiceState.CRASHED, "killed by SIGSEGV"),
    ],
)
def test_what_the_policy_leaves_ended_stays_ended(
    policy: Restart, code: int, state: ServiceState, reason: str
) -> None:
    async def main() -> None:
        stage = Stage(replace(API, restart=policy))
        await stage.up()
        await stage.crash(code)
        await asyncio.sleep(100)
        assert (stage.state(), stage.unit.reason) == (state, reason)
        assert len(stage.processes.launched) == 1

    run(main)


def test_a_restart_that_cannot_be_launched_is_tried_again_and_given_up() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        stage.processes.broken = HiveError("the folder is gone")
        await stage.crash(1)
        await asyncio.sleep(100)
        assert stage.state() is ServiceState.CRASHED
        assert stage.unit.reason is not None
        assert stage.unit.reason.startswith("crash-loops: the folder is gone, 5 times")

    run(main)


def test_a_full_disk_does_not_stop_the_supervision() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        stage.kept.full = FULL
        await stage.crash(1)
        assert stage.state() is ServiceState.BACKOFF
        stage.kept.full = None
        await asyncio.sleep(1)
        assert stage.state() is ServiceState.STARTING
        await stage.unit.close()

    run(main)


def test_a_start_during_the_back_off_starts_at_once_and_only_once() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.crash(1)
        await stage.unit.start()
        assert len(stage.processes.launched) == 2
        await asyncio.sleep(100)
        assert len(stage.processes.launched) == 2
        await stage.unit.close()

    run(main)


# --- stop ------------------------------------------------------------------------------------


def test_a_stop_uses_the_services_signal_and_is_no_crash() -> None:
    async def main() -> None:
        stage = Stage(replace(API, stop=replace(API.stop, signal="INT")))
        await stage.up()
        await stage.unit.stop()
        assert stage.processes.stops == [signal.SIGINT]
        assert (stage.state(), stage.unit.reason) == (ServiceState.STOPPED, None)
        assert stage.events == []
        assert stage.kept.unit is not None
        assert not stage.kept.unit.wanted
        assert stage.kept.runs["tag.1"].exit_code == -signal.SIGINT
        await asyncio.sleep(100)
        assert len(stage.processes.launched) == 1

    run(main)


def test_a_stop_ends_the_back_off() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.crash(1)
        await stage.unit.stop()
        await asyncio.sleep(100)
        assert stage.state() is ServiceState.STOPPED
        assert len(stage.processes.launched) == 1

    run(main)


def test_a_stop_fails_who_waits_for_readiness() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        waiting = asyncio.ensure_future(stage.unit.wait_ready())
        await settle()
        await stage.unit.stop()
        with pytest.raises(StepFailedError, match="was stopped"):
            await waiting

    run(main)


def test_a_cancelled_stop_is_finished_before_the_cancellation_leaves_it() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        stage.processes.stubborn.clear()
        stopping = asyncio.ensure_future(stage.unit.stop())
        await settle()
        stopping.cancel()
        await settle()
        assert not stopping.done()
        stage.processes.stubborn.set()
        await asyncio.wait([stopping])
        assert stopping.cancelled()
        assert stage.state() is ServiceState.STOPPED

    run(main)


def test_a_start_waits_for_the_stop_that_is_under_way() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        stage.processes.stubborn.clear()
        stopping = asyncio.ensure_future(stage.unit.stop())
        await settle()
        starting = asyncio.ensure_future(stage.unit.start())
        await settle()
        assert len(stage.processes.launched) == 1
        stage.processes.stubborn.set()
        await asyncio.gather(stopping, starting)
        assert len(stage.processes.launched) == 2
        assert stage.state() is ServiceState.STARTING
        await stage.unit.close()

    run(main)


def test_a_stop_of_what_does_not_run_is_done_at_once() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.stop()
        assert stage.state() is ServiceState.STOPPED
        assert stage.processes.stops == []

    run(main)


# --- freeze and thaw -------------------------------------------------------------------------


def test_a_ready_service_freezes_and_is_ready_when_it_thaws() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.unit.freeze()
        assert stage.state() is ServiceState.FROZEN
        await stage.unit.thaw()
        assert stage.state() is ServiceState.READY
        assert stage.processes.signals == [signal.SIGSTOP, signal.SIGCONT]
        await stage.unit.close()

    run(main)


def test_what_froze_while_it_started_is_looked_for_again_when_it_thaws() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        await settle()
        await stage.unit.freeze()
        await asyncio.sleep(1000)
        assert stage.state() is ServiceState.FROZEN
        await stage.unit.thaw()
        assert stage.state() is ServiceState.STARTING
        await stage.get_ready()
        assert len(stage.looks) == 2
        assert stage.state() is ServiceState.READY
        await stage.unit.close()

    run(main)


def test_a_frozen_service_can_be_stopped() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.unit.freeze()
        await stage.unit.stop()
        assert stage.state() is ServiceState.STOPPED

    run(main)


# --- across daemons --------------------------------------------------------------------------


async def next_daemon(stage: Stage) -> Stage:
    """A unit over the same world, after the daemon of `stage` was killed."""
    await stage.unit.close()
    following = Stage(stage.unit.service, stage)
    open_runs = [run for run in stage.kept.runs.values() if run.ended is None]
    newest = open_runs[-1] if open_runs else None
    found = stage.processes.find().get(newest.run_id) if newest is not None else None
    following.unit.adopt(stage.kept.unit, newest, found)
    return following


def test_a_ready_service_is_adopted_ready_and_watched() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        since = stage.unit.since
        await asyncio.sleep(50)
        stage = await next_daemon(stage)
        assert stage.state() is ServiceState.READY
        assert stage.unit.since == since
        await stage.crash(1)
        await asyncio.sleep(0.2)
        assert len(stage.processes.launched) == 2
        await stage.unit.close()

    run(main)


def test_readiness_is_waited_for_again_from_where_the_runs_log_starts() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        stage = await next_daemon(stage)
        assert stage.state() is ServiceState.STARTING
        await stage.get_ready()
        assert stage.state() is ServiceState.READY
        await stage.unit.close()

    run(main)


def test_what_ended_meanwhile_is_started_again_by_its_policy() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.unit.close()
        stage.processes.end(9)
        stage = await next_daemon(stage)
        await settle()
        assert stage.unit.exit_code == 9
        assert stage.state() is ServiceState.BACKOFF
        await asyncio.sleep(1)
        assert stage.unit.pid == 101
        await stage.unit.close()

    run(main)


def test_a_start_right_after_adopting_what_ended_launches_it_anew() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.unit.close()
        stage.processes.end(9)
        stage = await next_daemon(stage)
        await stage.unit.start()
        assert stage.state() is ServiceState.STARTING
        assert len(stage.processes.launched) == 2
        await stage.unit.close()

    run(main)


def test_a_run_that_was_launched_in_the_instant_of_the_crash_is_taken_over() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        record = stage.kept.runs["tag.1"]
        stage.kept.runs["tag.1"] = replace(record, identity=None)
        stage = await next_daemon(stage)
        assert stage.unit.pid == 100
        assert stage.kept.runs["tag.1"].identity == stage.unit.identity
        await stage.unit.close()

    run(main)


def test_a_run_that_was_never_launched_is_a_failure_of_unknown_kind() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        stage.kept.runs["tag.1"] = replace(stage.kept.runs["tag.1"], identity=None)
        await stage.unit.close()
        stage.processes.end(None)
        stage = await next_daemon(stage)
        await settle()
        assert stage.unit.reason == "ended while nobody watched; next try in 0.1 s"
        await stage.unit.close()

    run(main)


def test_a_process_that_left_the_session_is_not_mistaken_for_its_leader() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.unit.close()
        stage.processes.end(0)
        stray = stage.processes.exist("tag.1")
        following = Stage(stage.unit.service, stage)
        following.unit.adopt(stage.kept.unit, stage.kept.runs["tag.1"], stray)
        await settle()
        assert following.unit.pid is None
        assert following.unit.reason == "ended by itself (exit 0)"
        await following.unit.close()

    run(main)


def test_a_frozen_service_is_adopted_frozen() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.unit.freeze()
        stage.processes.stopped.add("tag.1")
        stage = await next_daemon(stage)
        assert stage.state() is ServiceState.FROZEN
        await stage.unit.thaw()
        assert stage.state() is ServiceState.READY
        await stage.unit.close()

    run(main)


def test_a_back_off_and_a_crash_loop_survive_the_daemon() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.crash(1)
        stage = await next_daemon(stage)
        assert stage.state() is ServiceState.BACKOFF
        for _ in range(4):
            await asyncio.sleep(1)
            await stage.crash(1)
        assert stage.state() is ServiceState.CRASHED
        reason = stage.unit.reason
        stage = await next_daemon(stage)
        assert (stage.state(), stage.unit.reason) == (ServiceState.CRASHED, reason)
        assert stage.unit.exit_code == 1

    run(main)


def test_a_stopped_service_stays_stopped_with_the_next_daemon() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        await stage.unit.stop()
        stage = await next_daemon(stage)
        await asyncio.sleep(100)
        assert stage.state() is ServiceState.STOPPED
        assert len(stage.processes.launched) == 1

    run(main)


def test_closing_leaves_the_process_and_no_task() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.unit.start()
        await settle()
        await stage.unit.close()
        assert stage.processes.find()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main)


def test_a_late_end_of_an_old_run_changes_nothing() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.up()
        old = stage.unit.identity
        await stage.crash(1)
        await asyncio.sleep(1)
        await stage.get_ready()
        assert old is not None
        stage.processes.end(5, old)
        await settle()
        assert stage.state() is ServiceState.READY
        assert stage.unit.exit_code == 1
        await stage.unit.close()

    run(main)
