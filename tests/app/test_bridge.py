from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from hive_tui.app.bridge import FRAME_S, PATIENCE_S, QUIET_S, Bridge
from hive_tui.app.state import EVENTS_KEPT, HISTORY_KEPT, HiveState, Link, fold, relink
from hive_tui.model.environment import EnvDetail, EnvState
from hive_tui.model.errors import HiveError
from hive_tui.model.events import LogEvent
from hive_tui.model.wire import Delta
from tests.app import scenes
from tests.app.scripted import DEADLINE_S, ScriptedClient


def with_memory(memory: int) -> EnvDetail:
    return scenes.env("a", 0, EnvState.WARM, memory=memory)


@asynccontextmanager
async def bridged(
    client: ScriptedClient,
    frame_s: float = FRAME_S,
    quiet_s: float = QUIET_S,
    patience_s: float = PATIENCE_S,
) -> AsyncIterator[asyncio.Queue[HiveState]]:
    """A running bridge; what it delivers comes out of the queue."""
    delivered: asyncio.Queue[HiveState] = asyncio.Queue()
    bridge = Bridge(
        client, delivered.put_nowait, frame_s=frame_s, quiet_s=quiet_s, patience_s=patience_s
    )
    task = asyncio.create_task(bridge.run())
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield delivered
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_burst_of_updates_is_delivered_once_with_the_newest_values() -> None:
    client = ScriptedClient()
    client.say(scenes.snapshot([with_memory(0)]))
    for at in range(1, 500):
        client.say(Delta(envs=(with_memory(at),)))
    async with bridged(client) as delivered:
        states = [await delivered.get()]
        while states[-1].envs["shop/a"].view.memory_bytes != 499:
            states.append(await delivered.get())
    assert len(states) <= 2


async def test_a_lost_link_is_told_and_the_values_stay() -> None:
    client = ScriptedClient()
    client.say(scenes.snapshot())
    async with bridged(client, frame_s=0) as delivered:
        assert (await delivered.get()).link is Link.LIVE
        client.link("reconnecting", "gone")
        state = await delivered.get()
    assert state.link is Link.LOST
    assert state.reason == "gone"
    assert len(state.envs) == 9


async def test_a_daemon_that_hangs_is_told_with_the_values_it_left_and_so_is_its_return() -> None:
    client = ScriptedClient({"daemon.status": {}})
    client.hang()
    client.say(scenes.snapshot())
    async with bridged(client, frame_s=0, quiet_s=0.01, patience_s=0.01) as delivered:
        heard_at = (await delivered.get()).heard["shop/billing-v2"]
        state = await delivered.get()
        assert state.link is Link.SILENT
        assert state.out_of_date
        assert state.silent_since == heard_at
        assert len(state.envs) == 9
        client.wake()
        state = await delivered.get()
    assert state.link is Link.LIVE
    assert state.silent_since is None


async def test_a_daemon_that_hangs_is_asked_once_and_its_own_word_is_enough() -> None:
    client = ScriptedClient({"daemon.status": {}})
    client.hang()
    client.say(scenes.snapshot())
    async with bridged(client, frame_s=0, quiet_s=0.01, patience_s=0.01) as delivered:
        await delivered.get()
        assert (await delivered.get()).link is Link.SILENT
        client.say(Delta())
        assert (await delivered.get()).link is Link.LIVE
    assert len(client.asked("daemon.status")) == 1


async def test_a_quiet_daemon_that_answers_is_live() -> None:
    asked = asyncio.Semaphore(0)

    class Answering(ScriptedClient):
        async def call(self, *_: Any) -> Any:
            asked.release()
            return {}

    client = Answering()
    client.say(scenes.snapshot())
    async with bridged(client, frame_s=0, quiet_s=0.001) as delivered:
        await delivered.get()
        for _ in range(5):
            await asked.acquire()
        assert delivered.empty()


async def test_a_daemon_that_ends_while_it_hangs_is_reconnected_to() -> None:
    client = ScriptedClient({"daemon.status": HiveError("gone", code="disconnected")})
    client.hang()
    client.say(scenes.snapshot())
    async with bridged(client, frame_s=0, quiet_s=0.01, patience_s=0.01) as delivered:
        await delivered.get()
        assert (await delivered.get()).link is Link.SILENT
        client.wake()
        client.link("reconnecting", "gone")
        assert (await delivered.get()).link is Link.LOST
        client.say(scenes.snapshot())
        assert (await delivered.get()).link is Link.LIVE


def test_a_snapshot_replaces_what_was_known() -> None:
    state = fold(relink(HiveState(), Link.LOST, "x"), scenes.snapshot([with_memory(1)]))
    assert list(state.envs) == ["shop/a"]
    assert state.link is Link.LIVE
    assert state.reason is None


def test_a_delta_adds_changes_and_removes_and_keeps_the_order_of_making() -> None:
    state = fold(HiveState(), scenes.snapshot([scenes.search(), scenes.auth()]))
    assert list(state.envs) == ["shop/auth-refactor", "shop/search-index"]
    state = fold(state, Delta(envs=(scenes.billing(),)))
    assert [at.partition("/")[2] for at in state.envs] == [
        "auth-refactor",
        "billing-v2",
        "search-index",
    ]
    state = fold(state, Delta(removed=("shop/billing-v2", "shop/never-was")))
    assert len(state.envs) == 2


def test_what_an_env_takes_is_remembered_as_it_changes_and_forgotten_with_it() -> None:
    state = fold(HiveState(), scenes.snapshot([with_memory(1)]))
    for memory in (2, 2, *range(3, 30)):
        state = fold(state, Delta(envs=(with_memory(memory),)))
    assert [sample.memory_bytes for sample in state.history["shop/a"]] == list(
        range(30 - HISTORY_KEPT, 30)
    )
    assert fold(state, Delta(removed=("shop/a",))).history == {}


def test_only_the_newest_events_are_kept() -> None:
    state = HiveState()
    for at in range(3):
        new = tuple(LogEvent(at * 400 + each, scenes.ago(0), "x.y", "z") for each in range(400))
        state = fold(state, Delta(events=new))
    assert len(state.events) == EVENTS_KEPT
    assert state.events[-1].seq == 1199
