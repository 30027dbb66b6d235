"""A daemon that is killed at any moment: the next one finds, watches and ends what it left."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hive_tui.drivers.processes import LocalProcesses
from hive_tui.engine.protocols import Exit, Identity, Launch
from tests.integration.processes.yard import DEADLINE_S, Yard, gone, until

FIRST_DAEMON = """
import asyncio, sys
import msgspec
from hive_tui.drivers.processes import LocalProcesses
from hive_tui.engine.protocols import Launch

async def main():
    order = msgspec.json.decode(sys.argv[2], type=Launch, dec_hook=lambda kind, text: kind(text))
    processes = LocalProcesses(sys.argv[1], portable=sys.argv[3] == "portable")
    identity = await processes.launch(order)
    processes.exited(identity, order.exit_file)
    print(msgspec.json.encode(identity).decode(), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else NotImplemented


async def launched_by_a_daemon_that_is_killed(yard: Yard, order: Launch) -> Identity:
    """Start another Python that launches `order`, and kill it once it has."""
    text = msgspec.json.encode(order, enc_hook=_plain).decode()
    kind = "portable" if yard.portable else "native"
    daemon = subprocess.Popen(  # noqa: ASYNC220 - it only forks
        [sys.executable, "-c", FIRST_DAEMON, yard.tag, text, kind],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert daemon.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            line = await asyncio.to_thread(daemon.stdout.readline)
        return msgspec.json.decode(line, type=Identity)
    finally:
        daemon.kill()
        daemon.wait()
        if daemon.stdout is not None:
            daemon.stdout.close()


@pytest.fixture
def gate(yard: Yard) -> Path:
    """A fifo that a process can wait at."""
    path = yard.folder / "gate"
    os.mkfifo(path)
    return path


def open_gate(gate: Path) -> None:
    """Let who waits at the gate go on."""
    with gate.open("w") as writer:
        writer.write("go\n")


async def test_a_service_runs_on_and_its_exit_status_is_not_lost(yard: Yard, gate: Path) -> None:
    order = yard.order(f"echo up; read -r line <{gate}; echo after; exit 5")
    identity = await launched_by_a_daemon_that_is_killed(yard, order)
    await yard.logged("up")
    assert yard.processes.find() == {order.run_id: identity}
    assert yard.processes.alive(identity)
    ended = yard.processes.exited(identity, order.exit_file)
    open_gate(gate)
    assert await ended == Exit(5)
    assert "after" in yard.log()


async def test_what_ended_before_the_next_daemon_came_tells_its_status(yard: Yard) -> None:
    order = yard.order("exit 5")
    identity = await launched_by_a_daemon_that_is_killed(yard, order)
    await until(order.exit_file.exists)
    await until(lambda: not yard.processes.alive(identity))
    assert await yard.processes.exited(identity, order.exit_file) == Exit(5)


async def test_what_was_killed_unwatched_is_never_taken_for_a_success(yard: Yard) -> None:
    order = yard.order("sleep 60")
    identity = await launched_by_a_daemon_that_is_killed(yard, order)
    os.killpg(identity.pid, signal.SIGKILL)
    ended = await yard.processes.exited(identity, order.exit_file)
    assert ended.code in (None, -9)  # only its parent knows, which may have become this process


async def test_an_adopted_session_is_stopped_whole(yard: Yard) -> None:
    order = yard.order("sleep 60 & setsid sleep 60 & echo up; wait")
    identity = await launched_by_a_daemon_that_is_killed(yard, order)
    await until(lambda: len(yard.processes.members(identity)) >= 4)
    members = yard.processes.members(identity)
    ended = yard.processes.exited(identity, order.exit_file)
    await yard.processes.stop(identity, signal.SIGTERM, 20.0)
    await ended
    assert all(gone(pid) for pid in members)
    assert yard.processes.find() == {}


async def test_what_an_ended_run_left_behind_is_killed_when_it_is_adopted(yard: Yard) -> None:
    order = yard.order("setsid sleep 60 & setsid sleep 61 & exit 4")
    identity = await launched_by_a_daemon_that_is_killed(yard, order)
    await until(lambda: not yard.processes.alive(identity))
    assert await yard.processes.exited(identity, order.exit_file) == Exit(4)
    assert yard.processes.members(identity) == ()


async def test_an_adopted_process_freezes_and_thaws(yard: Yard, gate: Path) -> None:
    order = yard.order(f"read -r line <{gate}; exit 5")
    identity = await launched_by_a_daemon_that_is_killed(yard, order)
    yard.processes.signal(identity, signal.SIGSTOP)
    await until(lambda: yard.processes.frozen(identity))
    ended = yard.processes.exited(identity, order.exit_file)
    yard.processes.signal(identity, signal.SIGCONT)
    open_gate(gate)
    assert await ended == Exit(5)


@pytest.fixture
async def other_home(yard: Yard) -> AsyncIterator[LocalProcesses]:
    """The processes of another home on the same machine."""
    made = LocalProcesses("another-home", portable=yard.portable)
    yield made
    await made.close()


async def test_homes_do_not_see_each_other(yard: Yard, other_home: LocalProcesses) -> None:
    identity, _ = await yard.start("sleep 60")
    assert identity.run_id in yard.processes.find()
    assert other_home.find() == {}
    assert other_home.usage() == {}


async def test_closing_leaves_the_processes(yard: Yard) -> None:
    order = yard.order("sleep 60")
    passing = LocalProcesses(yard.tag, portable=yard.portable)
    identity = await passing.launch(order)
    ended = passing.exited(identity, order.exit_file)
    await passing.close()
    assert ended.cancelled()
    assert yard.processes.alive(identity)
    await yard.processes.stop(identity, signal.SIGTERM, 20.0)
    assert (await yard.processes.exited(identity, order.exit_file)).code == -15
