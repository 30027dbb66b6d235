"""The dashboard's client, over a socket and in the process."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hive_tui.client import stream, transport
from hive_tui.client.protocol import ConnectionState, HiveClient
from hive_tui.client.stream import Client
from hive_tui.daemon.server import Server
from hive_tui.model.errors import HiveError, RefusedError
from hive_tui.model.home import Home
from hive_tui.model.wire import Delta, Snapshot
from tests.integration.daemon_socket.conftest import DEADLINE_S, Methods


class States:
    """The states that a client went through."""

    def __init__(self) -> None:
        self.seen: list[ConnectionState] = []
        self.reasons: list[str | None] = []
        self._changed = asyncio.Event()

    def __call__(self, state: ConnectionState, reason: str | None) -> None:
        self.seen.append(state)
        self.reasons.append(reason)
        self._changed.set()

    async def reached(self, state: ConnectionState) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not self.seen or self.seen[-1] != state:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def states() -> States:
    return States()


@pytest.fixture(params=["socket", "in process"])
async def client(
    request: pytest.FixtureRequest, home: Home, server: Server, states: States
) -> AsyncIterator[HiveClient]:
    dial = transport.in_process(server.serve) if request.param == "in process" else None
    made = Client(home, on_state=states, dial=dial)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def no_real_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without a daemon stays so: nothing is started."""
    monkeypatch.setattr("hive_tui.client.starting.ensure", lambda home: None)
    monkeypatch.setattr(stream, "FIRST_PAUSE_S", 0.001)


async def test_connecting_says_so(client: HiveClient, states: States) -> None:
    await client.connect()

    assert states.seen == ["connected"]


async def test_a_call_gets_its_events_and_its_result(client: HiveClient) -> None:
    events: list[Any] = []

    assert await client.call("echo", {"events": 2}, events.append) == {"events": 2}
    assert events == [{"number": 0}, {"number": 1}]


async def test_calls_run_beside_each_other(client: HiveClient, methods: Methods) -> None:
    waiting = asyncio.create_task(client.call("wait"))
    await methods.waiting.wait()
    assert await client.call("echo") == {}
    methods.released.set()

    assert await waiting == {"waited": True}


async def test_an_error_reply_is_raised(client: HiveClient) -> None:
    with pytest.raises(RefusedError, match="would lose work"):
        await client.call("refuse")


async def test_a_cancelled_call_is_cancelled_in_the_daemon(
    client: HiveClient, methods: Methods
) -> None:
    waiting = asyncio.create_task(client.call("wait"))
    await methods.waiting.wait()
    waiting.cancel()

    async with asyncio.timeout(DEADLINE_S):
        await methods.cancelled.wait()


async def test_updates_are_a_snapshot_and_then_deltas(client: HiveClient) -> None:
    updates = client.updates()

    assert isinstance(await anext(updates), Snapshot)
    assert await anext(updates) == Delta(removed=("shop/auth",))
    await updates.aclose()  # type: ignore[attr-defined]


async def test_a_new_daemon_is_found_and_sends_a_fresh_snapshot(
    home: Home, methods: Methods, states: States
) -> None:
    first = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await first.start()
    client = Client(home, on_state=states)
    updates = client.updates()
    await anext(updates)
    for connection in tuple(first._connections):
        connection.abort()  # as when the daemon is killed
    await anext(updates)  # was on its way

    assert isinstance(await asyncio.wait_for(anext(updates), DEADLINE_S), Snapshot)
    assert states.seen == ["connected", "reconnecting", "connected"]
    await client.close()
    await first.close()


async def test_a_daemon_that_was_stopped_is_waited_for_and_not_started(
    home: Home, methods: Methods, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Home] = []
    monkeypatch.setattr("hive_tui.client.starting.ensure", started.append)
    first = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await first.start()
    client = Client(home, on_state=states)
    snapshots: asyncio.Queue[Snapshot] = asyncio.Queue()

    async def follow() -> None:
        async for update in client.updates():
            if isinstance(update, Snapshot):
                snapshots.put_nowait(update)

    following = asyncio.create_task(follow())
    await snapshots.get()
    started.clear()
    await first.close()
    await states.reached("stopped")
    assert "services go on" in str(states.reasons[-1])
    with pytest.raises(HiveError) as raised:
        await client.call("echo")
    assert raised.value.code == "no_daemon"

    second = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await second.start()
    await asyncio.wait_for(snapshots.get(), DEADLINE_S)
    assert states.seen == ["connected", "stopped", "connected"]
    assert started == []
    await client.close()
    await asyncio.wait_for(following, DEADLINE_S)
    await second.close()


async def test_a_daemon_that_cannot_be_started_is_a_failure_that_is_tried_again(
    home: Home, states: States, methods: Methods, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = [HiveError("the disk is full", hint="free some space", code="disk_full")] * 2
    serves = threading.Event()

    def ensure(home: Home) -> None:
        if reasons:
            raise reasons.pop()
        assert serves.wait(DEADLINE_S)

    monkeypatch.setattr("hive_tui.client.starting.ensure", ensure)
    server = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    client = Client(home, on_state=states)
    updates = client.updates()
    first = asyncio.ensure_future(anext(updates))
    await states.reached("failed")
    await server.start()
    serves.set()

    assert isinstance(await asyncio.wait_for(first, DEADLINE_S), Snapshot)
    assert states.seen == ["failed", "connected"]
    assert states.reasons[0] == "the disk is full; free some space"
    await client.close()
    await updates.aclose()  # type: ignore[attr-defined]
    await server.close()


async def test_another_protocol_is_refused_with_both_versions(home: Home) -> None:
    hung_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"version":"9.9","protocol":99}\n')
        await reader.read()
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    client = Client(home, dial=transport.in_process(serve))
    with pytest.raises(HiveError, match=r"daemon 9\.9 runs") as raised:
        await client.connect()
    assert raised.value.code == "version"
    await asyncio.wait_for(hung_up.wait(), DEADLINE_S)
