"""Stopping: nobody of a session is left, whatever its members do."""

from __future__ import annotations

import asyncio
import signal

from hive_tui.engine.protocols import Exit
from tests.integration.processes.yard import Yard, gone, until

ESCAPE = """
import os, time
told, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("escaped", os.getpid(), flush=True)
        os.write(tell, b".")
        time.sleep(60)
    os._exit(0)
os.wait()
os.read(told, 1)
"""


def _pid(yard: Yard, word: str) -> int:
    line = next(line for line in yard.log().splitlines() if line.startswith(word))
    return int(line.split()[1])


async def test_a_polite_process_ends_by_the_signal(yard: Yard) -> None:
    identity, ended = await yard.start("sleep 60")
    await yard.processes.stop(identity, signal.SIGTERM, 20.0)
    assert await ended == Exit(-15)


async def test_a_process_may_clean_up_after_the_signal(yard: Yard) -> None:
    identity, ended = await yard.start("trap 'echo cleaned; exit 3' TERM; echo up; sleep 60 & wait")
    await yard.logged("up")
    await yard.processes.stop(identity, signal.SIGTERM, 20.0)
    assert await ended == Exit(3)
    assert "cleaned" in yard.log()


async def test_children_may_clean_up_after_their_leader_has_left(yard: Yard) -> None:
    child = "trap 'sleep 0.05; echo cleaned; exit' TERM; echo up; while :; do sleep 0.01; done"
    identity, _ = await yard.start(f'sh -c "{child}" & sleep 60')
    await yard.logged("up")
    await yard.processes.stop(identity, signal.SIGTERM, 20.0)
    assert "cleaned" in yard.log()


async def test_the_stop_signal_is_the_one_that_was_asked_for(yard: Yard) -> None:
    identity, ended = await yard.start("trap 'exit 12' USR1; echo up; sleep 60 & wait")
    await yard.logged("up")
    await yard.processes.stop(identity, signal.SIGUSR1, 20.0)
    assert await ended == Exit(12)


async def test_a_process_that_ignores_the_signal_is_killed(yard: Yard) -> None:
    identity, ended = await yard.start("trap '' TERM; echo up; while :; do sleep 0.01; done")
    await yard.logged("up")
    await yard.processes.stop(identity, signal.SIGTERM, 0.05)
    assert (await ended).code == -9
    assert yard.processes.members(identity) == ()


async def test_a_frozen_process_is_woken_to_end(yard: Yard) -> None:
    identity, ended = await yard.start("trap 'exit 3' TERM; echo up; sleep 60 & wait")
    await yard.logged("up")
    yard.processes.signal(identity, signal.SIGSTOP)
    await yard.processes.stop(identity, signal.SIGTERM, 20.0)
    assert await ended == Exit(3)


async def test_who_left_the_session_is_stopped_too(yard: Yard) -> None:
    identity, _ = await yard.start_python(ESCAPE + "time.sleep(60)")
    await yard.logged("escaped")
    escaped = _pid(yard, "escaped")
    assert escaped in yard.processes.members(identity)
    await yard.processes.stop(identity, signal.SIGTERM, 20.0)
    assert gone(escaped)


async def test_what_a_process_leaves_behind_when_it_ends_is_killed(yard: Yard) -> None:
    identity, ended = await yard.start_python(ESCAPE + "os._exit(4)")
    assert await ended == Exit(4)
    await yard.logged("escaped")
    assert gone(_pid(yard, "escaped"))
    assert yard.processes.members(identity) == ()


async def test_a_background_child_that_holds_the_log_does_not_hide_the_end(yard: Yard) -> None:
    identity, ended = await yard.start("sleep 60 & exit 2")
    assert await ended == Exit(2)
    assert yard.processes.members(identity) == ()


async def test_a_session_that_keeps_forking_is_emptied(yard: Yard) -> None:
    code = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True:
    if os.fork() == 0:
        time.sleep(0.002)
        if os.fork():
            os._exit(0)
        time.sleep(0.005)
        os._exit(0)
    time.sleep(0.002)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
"""
    identity, ended = await yard.start_python(code)
    await yard.logged("up")
    await yard.processes.stop(identity, signal.SIGTERM, 0.05)
    assert (await ended).code == -9
    assert yard.processes.members(identity) == ()


async def test_stopping_twice_at_once_is_stopping(yard: Yard) -> None:
    identity, ended = await yard.start("sleep 60")
    stop = yard.processes.stop
    await asyncio.gather(*(stop(identity, signal.SIGTERM, 20.0) for _ in range(3)))
    assert await ended == Exit(-15)
    await stop(identity, signal.SIGTERM, 20.0)


async def test_a_cancelled_stop_kills_nobody(yard: Yard) -> None:
    identity, ended = await yard.start(
        "trap 'echo asked' TERM; echo up; while :; do sleep 0.01; done"
    )
    await yard.logged("up")
    stopping = asyncio.ensure_future(yard.processes.stop(identity, signal.SIGTERM, 60.0))
    await yard.logged("asked")
    stopping.cancel()
    await asyncio.wait([stopping])
    assert yard.processes.alive(identity)
    assert not ended.done()


async def test_many_sessions_stop_side_by_side(yard: Yard) -> None:
    runs = [await yard.start("sleep 60") for _ in range(20)]
    stop = yard.processes.stop
    await asyncio.gather(*(stop(identity, signal.SIGTERM, 20.0) for identity, _ in runs))
    assert {(await ended).code for _, ended in runs} <= {-15, 143}


async def test_a_stop_right_after_the_launch_leaves_nobody(yard: Yard) -> None:
    identity, ended = await yard.start("sleep 60 & sleep 60 & wait")
    await yard.processes.stop(identity, signal.SIGTERM, 20.0)
    assert (await ended).code == -15
    await until(lambda: not yard.processes.find())
