from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from hive_tui.app.bridge import FRAME_S, Bridge
from hive_tui.app.state import EVENTS_KEPT, HISTORY_KEPT, HiveState, Link, fold, relink
from hive_tui.model.environment import EnvDetail, EnvState
from hive_tui.model.events import LogEvent
from hive_tui.model.wire import Delta
from tests.app import scenes
from tests.app.scripted import DEADLINE_S, ScriptedClient


def with_memory(memory: int) -> EnvDetail:
    return scenes.env("a", 0, EnvState.WARM, memory=memory)


@asynccontextmanager
async def bridged(
    client: ScriptedClient, frame_s: float = FRAME_S
) -> AsyncIterator[asyncio.Queue[HiveState]]:
    """A running bridge; what it delivers comes out of the queue."""
    delivered: asyncio.Queue[HiveState] = asyncio.Queue()
    task = asyncio.create_task(Bridge(client, delivered.put_nowait, frame_s).run())
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


def test_memory_is_remembered_as_it_changes_and_forgotten_with_the_env() -> None:
    state = fold(HiveState(), scenes.snapshot([with_memory(1)]))
    for memory in (2, 2, *range(3, 30)):
        state = fold(state, Delta(envs=(with_memory(memory),)))
    assert state.history["shop/a"] == tuple(range(30 - HISTORY_KEPT, 30))
    assert fold(state, Delta(removed=("shop/a",))).history == {}


def test_only_the_newest_events_are_kept() -> None:
    state = HiveState()
    for at in range(3):
        new = tuple(LogEvent(at * 400 + each, scenes.ago(0), "x.y", "z") for each in range(400))
        state = fold(state, Delta(events=new))
    assert len(state.events) == EVENTS_KEPT
    assert state.events[-1].seq == 1199
