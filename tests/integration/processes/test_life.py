"""Start, exit status, freezing and what a process sees of its surroundings."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest
from msgspec.structs import replace

from hive_tui.engine.protocols import Exit
from hive_tui.model.errors import HiveError
from tests.integration.processes.yard import Yard, until


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("no-such-command-at-all", 127),
        ("kill -TERM $$", -15),
        ("kill -KILL $$", -9),
        ("exec >&- 2>&-; exit 5", 5),
    ],
)
async def test_the_exit_status_is_the_commands(yard: Yard, script: str, code: int) -> None:
    order = yard.order(script)
    identity = await yard.processes.launch(order)
    assert await yard.processes.exited(identity, order.exit_file) == Exit(code)
    assert not yard.processes.alive(identity)
    assert yard.processes.members(identity) == ()


async def test_an_end_before_anybody_asked_is_not_lost(yard: Yard) -> None:
    order = yard.order("exit 3")
    identity = await yard.processes.launch(order)
    await until(lambda: not yard.processes.alive(identity))
    assert await yard.processes.exited(identity, order.exit_file) == Exit(3)
    assert await yard.processes.exited(identity, order.exit_file) == Exit(3)


async def test_a_launch_that_is_cancelled_leaves_nobody_unknown(yard: Yard) -> None:
    order = yard.order("sleep 60")
    launching = asyncio.ensure_future(yard.processes.launch(order))
    await asyncio.sleep(0)
    launching.cancel()
    await asyncio.wait([launching])
    known = set() if launching.cancelled() else {launching.result().run_id}
    assert set(yard.processes.find()) == known


async def test_cancelling_one_wait_leaves_the_others(yard: Yard) -> None:
    order = yard.order("read -r line; exit 4")
    fifo = yard.folder / "fifo"
    os.mkfifo(fifo)
    order = yard.order(f"read -r line <{fifo}; exit 4")
    identity = await yard.processes.launch(order)
    first = yard.processes.exited(identity, order.exit_file)
    second = yard.processes.exited(identity, order.exit_file)
    first.cancel()
    with fifo.open("w") as writer:
        writer.write("go\n")
    assert await second == Exit(4)


async def test_a_process_sees_only_the_environment_that_it_was_given(yard: Yard) -> None:
    order = yard.order("env", COLOUR="blue; exit 9")
    identity = await yard.processes.launch(order)
    await yard.processes.exited(identity, order.exit_file)
    names = {line.partition("=")[0] for line in yard.log().splitlines()}
    assert f"HIVE_RUN_ID={identity.run_id}\n" in yard.log()
    assert "COLOUR=blue; exit 9\n" in yard.log()
    assert names <= {"PATH", "COLOUR", "HIVE_RUN_ID", "PWD", "SHLVL", "_"}


async def test_a_process_leads_a_session_and_reads_nothing(yard: Yard) -> None:
    identity, _ = await yard.start("cat; sleep 60")
    await until(lambda: len(yard.processes.members(identity)) >= 2)
    assert os.getsid(identity.pid) == identity.pid
    assert all(os.getsid(pid) == identity.pid for pid in yard.processes.members(identity))


async def test_a_missing_folder_is_named(yard: Yard) -> None:
    order = replace(yard.order("exit 0"), cwd="/no/such/folder")
    with pytest.raises(HiveError, match="/no/such/folder does not exist"):
        await yard.processes.launch(order)


async def test_what_cannot_be_started_is_an_expected_failure(yard: Yard) -> None:
    order = yard.order("exit 0", BROKEN="a\0b")
    with pytest.raises(HiveError, match="no process could be started"):
        await yard.processes.launch(order)
    order = replace(yard.order("exit 0"), log=yard.folder / "missing" / "log")
    with pytest.raises(HiveError, match="cannot be opened"):
        await yard.processes.launch(order)


async def test_a_frozen_session_stands_still_and_goes_on(yard: Yard) -> None:
    go = yard.folder / "go"
    identity, ended = await yard.start(f"until [ -e {go} ]; do sleep 0.01; done; exit 6")
    assert yard.processes.signal(identity, signal.SIGSTOP) >= 1
    await until(lambda: yard.processes.frozen(identity))
    assert yard.processes.alive(identity)
    go.touch()
    assert not ended.done()
    yard.processes.signal(identity, signal.SIGCONT)
    assert await ended == Exit(6)
    assert not yard.processes.frozen(identity)


async def test_a_command_takes_one_process_beside_its_shim(yard: Yard) -> None:
    identity, _ = await yard.start("echo up; exec sleep 60")
    await yard.logged("up")
    assert len(yard.processes.members(identity)) == 2


async def test_usage_counts_every_member_of_a_session(yard: Yard) -> None:
    one, _ = await yard.start("sleep 60 & sleep 60 & wait")
    two, _ = await yard.start("sleep 60")
    await until(lambda: len(yard.processes.members(one)) >= 3)
    usage = yard.processes.usage()
    assert set(usage) == {one.pid, two.pid}
    assert {one.pid} == set(yard.processes.usage([one.pid]))
    assert set(usage[one.pid].pids) == set(yard.processes.members(one))
    assert usage[one.pid].memory_bytes > 0


async def test_descendants_are_the_members_that_have_not_left_the_session(yard: Yard) -> None:
    if yard.portable:
        pytest.skip("only Linux tells children without a look at all processes")
    leave = "import os, time; os.setsid(); print('left', flush=True); time.sleep(60)"
    script = f'sleep 60 & {sys.executable} -S -c "{leave}" & wait'
    identity, _ = await yard.start(script)
    await yard.logged("left")

    near = yard.processes.descendants(identity)

    assert near[0] == identity.pid
    assert set(near) < set(yard.processes.members(identity))
    assert {os.getsid(pid) for pid in near} == {identity.pid}
    assert yard.processes.descendants(replace(identity, start_ticks=1)) == ()


async def test_processor_time_grows_where_work_is_done(yard: Yard) -> None:
    identity, _ = await yard.start("while :; do :; done")
    await until(lambda: yard.processes.usage()[identity.pid].cpu_s > 0)


async def test_many_that_end_at_once_all_tell_their_status(yard: Yard) -> None:
    runs = [await yard.start(f"exit {number}") for number in range(30)]
    ends = await asyncio.gather(*(ended for _, ended in runs))
    assert [end.code for end in ends] == list(range(30))


async def test_a_launch_cancelled_in_the_middle_of_its_exec_leaves_nobody(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = yard.processes._table
    known, over = table.run_id, asyncio.Event()
    monkeypatch.setattr(table, "run_id", lambda pid: known(pid) if over.is_set() else None)
    launching = asyncio.create_task(yard.processes.launch(yard.order("exec sleep 60")))
    await until(lambda: bool(yard.processes._runs))
    launching.cancel()
    asyncio.get_running_loop().call_soon(over.set)
    with pytest.raises(asyncio.CancelledError):
        await launching
    assert yard.processes.find() == {}
