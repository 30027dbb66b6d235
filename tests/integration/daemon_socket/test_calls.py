"""The blocking client."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hive_tui.client import calls
from hive_tui.client.calls import Connection, connect
from hive_tui.daemon.server import Server
from hive_tui.model.errors import HiveError, RefusedError, UsageError
from hive_tui.model.home import Home
from tests.integration.daemon_socket.conftest import DEADLINE_S, Methods


async def asked(home: Home, ask: Callable[[Connection], Any]) -> Any:
    """What a blocking client gets, beside the server's loop."""

    def in_thread() -> Any:
        with connect(home, start=False) as connection:
            return ask(connection)

    return await asyncio.to_thread(in_thread)


async def test_a_call_gets_its_events_and_its_result(home: Home, server: Server) -> None:
    events: list[Any] = []
    result = await asked(home, lambda c: c.call("echo", {"events": 2}, events.append))

    assert result == {"events": 2}
    assert events == [{"number": 0}, {"number": 1}]


async def test_a_raw_call_gets_the_bytes_that_the_daemon_sent(home: Home, server: Server) -> None:
    assert await asked(home, lambda c: c.call_raw("encoded")) == b'{"already": "encoded"}'


async def test_one_connection_makes_calls_in_turn(home: Home, server: Server) -> None:
    def ask(connection: Connection) -> list[Any]:
        return [connection.call("echo", {"n": n}) for n in range(3)]

    assert await asked(home, ask) == [{"n": 0}, {"n": 1}, {"n": 2}]


async def test_an_error_reply_is_raised_and_the_connection_goes_on(
    home: Home, server: Server
) -> None:
    def ask(connection: Connection) -> Any:
        with pytest.raises(RefusedError, match="would lose work") as raised:
            connection.call("refuse")
        assert (raised.value.hint, raised.value.env) == ("--force", "auth")
        with pytest.raises(UsageError, match="unknown method"):
            connection.call("ecko")
        return connection.call("echo")

    assert await asked(home, ask) == {}


async def test_ctrl_c_in_a_call_hangs_up_and_cancels_it(
    home: Home, server: Server, methods: Methods
) -> None:
    def interrupt(_: Any) -> None:
        raise KeyboardInterrupt

    def ask(connection: Connection) -> Any:
        with pytest.raises(KeyboardInterrupt):
            connection.call("flood", {}, interrupt)

    await asked(home, ask)
    async with asyncio.timeout(DEADLINE_S):
        await methods.cancelled.wait()


async def test_a_daemon_that_stops_during_a_call_says_so(
    home: Home, server: Server, methods: Methods
) -> None:
    def ask(connection: Connection) -> Any:
        with pytest.raises(HiveError, match="services go on") as raised:
            connection.call("wait")
        return raised.value.code

    asking = asyncio.create_task(asked(home, ask))
    await methods.waiting.wait()
    await server.close()

    assert await asking == "stopped"


@pytest.fixture
def scripted(home: Home) -> Iterator[Callable[[bytes], None]]:
    """Serve one connection that says fixed bytes and hangs up once the client does."""
    threads: list[threading.Thread] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(home.socket))
    listener.listen()

    def serve(said: bytes) -> None:
        def answer() -> None:
            link, _ = listener.accept()
            with link:
                link.sendall(said)
                link.shutdown(socket.SHUT_WR)
                while link.recv(4096):
                    pass

        threads.append(threading.Thread(target=answer))
        threads[-1].start()

    yield serve
    for thread in threads:
        thread.join(DEADLINE_S)
    listener.close()


def test_another_protocol_is_refused_with_both_versions(
    home: Home, scripted: Callable[[bytes], None]
) -> None:
    scripted(b'{"version":"9.9","protocol":99}\n')
    with (
        connect(home, start=False) as connection,
        pytest.raises(HiveError, match=r"daemon 9\.9 runs, this is 0\.1\.0") as raised,
    ):
        connection.call("list")
    assert raised.value.code == "version"
    assert "`hive daemon stop`" in str(raised.value.hint)


def test_another_protocol_can_be_told_to_stop(
    home: Home, scripted: Callable[[bytes], None]
) -> None:
    scripted(b'{"version":"9.9","protocol":99}\n{"id":1,"result":{},"done":true}\n')
    with connect(home, start=False) as connection:
        assert connection.call("daemon.stop") == {}


@pytest.mark.parametrize("order", [b'{"done":true,"id":1,"result":[1]}\n'])
def test_a_reply_with_its_keys_in_another_order_is_understood(
    home: Home, scripted: Callable[[bytes], None], order: bytes
) -> None:
    scripted(b'{"version":"0.1.0","protocol":1}\n' + order)
    with connect(home, start=False) as connection:
        assert connection.call("list") == [1]


@pytest.mark.parametrize("half", [b"", b'{"id":1,"res', b"garbage\n"])
def test_a_daemon_that_dies_within_a_reply_is_an_error(
    home: Home, scripted: Callable[[bytes], None], half: bytes
) -> None:
    scripted(b'{"version":"0.1.0","protocol":1}\n' + half)
    with connect(home, start=False) as connection, pytest.raises(HiveError) as raised:
        connection.call("list")
    assert raised.value.code == "disconnected"


def test_a_daemon_that_does_not_greet_is_an_error(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "HELLO_TIMEOUT_S", 0.05)
    home.lock.write_text("4711\n")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home.socket))
        listener.listen()

        with pytest.raises(HiveError, match="does not answer") as raised:
            connect(home, start=False)
    assert raised.value.code == "daemon_stuck"
    assert "kill -9 4711" in str(raised.value.hint)


def test_a_socket_of_another_user_is_not_trusted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "peer_uid", lambda _: os.getuid() + 1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home.socket))
        listener.listen()

        with pytest.raises(HiveError, match="served by another user"):
            connect(home, start=False)


def test_a_stale_socket_counts_as_no_daemon(home: Home) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(home.socket))

    with pytest.raises(calls.NoDaemonError):
        connect(home, start=False)
    assert Path(home.socket).exists()
