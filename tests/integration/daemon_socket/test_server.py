"""What the server answers to clients of every kind."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from hive_tui.daemon import connection
from hive_tui.daemon.server import Server
from hive_tui.model.errors import HiveError
from hive_tui.model.home import Home
from tests.integration.daemon_socket.conftest import DEADLINE_S, Methods, raw


async def test_several_calls_of_one_connection_run_at_once(
    home: Home, server: Server, methods: Methods
) -> None:
    client = await raw(home)
    await client.say(b'{"id":1,"method":"wait"}', b'{"id":2,"method":"echo","params":{"a":1}}')

    assert await client.hear() == {"id": 2, "result": {"a": 1}, "done": True}
    methods.released.set()
    assert await client.hear() == {"id": 1, "result": {"waited": True}, "done": True}
    client.close()


async def test_events_come_before_the_result(home: Home, server: Server) -> None:
    client = await raw(home)
    await client.say(b'{"id":7,"method":"echo","params":{"events":2}}')

    assert [await client.hear() for _ in range(3)] == [
        {"id": 7, "event": {"number": 0}},
        {"id": 7, "event": {"number": 1}},
        {"id": 7, "result": {"events": 2}, "done": True},
    ]
    client.close()


async def test_an_encoded_result_is_passed_through(home: Home, server: Server) -> None:
    client = await raw(home)
    await client.say(b'{"id":1,"method":"encoded"}')
    line = await client.reader.readuntil(b"\n")

    assert line == b'{"id":1,"result":{"already": "encoded"},"done":true}\n'
    client.close()


@pytest.mark.parametrize(
    ("line", "id", "code", "words"),
    [
        (b"{{{", 0, "usage", "not a request"),
        (b"", 0, "usage", "not a request"),
        (b'\xff\xfe{"id":1}', 0, "usage", "not a request"),
        (b"[1, 2]", 0, "usage", "not a request"),
        (b'{"method":"echo"}', 0, "usage", "`id`"),
        (b'{"id":1,"method":"echo","params":[]}', 0, "usage", "params"),
        (b'{"id":1,"method":"ecko"}', 1, "unknown_method", "unknown method 'ecko'"),
        (b'{"id":1,"method":"typed","params":{"n":"x"}}', 1, "usage", "Expected `int`"),
        (b'{"id":1,"method":"refuse"}', 1, "refused", "would lose work"),
        (b'{"id":1,"method":"defect"}', 1, "internal", "ConnectionResetError"),
        (b'{"id":1,"method":"unencodable"}', 1, "internal", "TypeError"),
        (b'{"id":1,"method":"cancelled_inside"}', 1, "cancelled", "was cancelled"),
    ],
)
async def test_a_bad_request_gets_an_error_and_the_connection_goes_on(
    home: Home, server: Server, line: bytes, id: int, code: str, words: str
) -> None:
    client = await raw(home)
    await client.say(line)
    reply = await client.hear()

    assert (reply["id"], reply["error"]["code"], reply["done"]) == (id, code, True)
    assert words in reply["error"]["message"]
    await client.say(b'{"id":2,"method":"echo"}')
    assert (await client.hear())["id"] == 2
    client.close()


async def test_an_unknown_method_names_the_nearest(home: Home, server: Server) -> None:
    client = await raw(home)
    await client.say(b'{"id":1,"method":"ecko"}')

    assert (await client.hear())["error"]["hint"] == "did you mean 'echo'?"
    client.close()


async def test_a_refusal_carries_its_exit_status_and_env(home: Home, server: Server) -> None:
    client = await raw(home)
    await client.say(b'{"id":1,"method":"refuse"}')

    error = (await client.hear())["error"]
    assert (error["status"], error["env"], error["hint"]) == (4, "auth", "--force")
    client.close()


async def test_a_defect_is_logged_with_its_traceback(
    home: Home, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = await raw(home)
    await client.say(b'{"id":1,"method":"defect"}')
    await client.hear()

    assert "Traceback" in caplog.text
    client.close()


async def test_a_line_that_is_too_long_ends_only_its_connection(
    home: Home, methods: Methods, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hive_tui.daemon.server.MAX_LINE_BYTES", 1024)
    server = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await server.start()
    client, other = await raw(home), await raw(home)
    await client.say(b"x" * 5000)

    assert "too long" in (await client.hear())["error"]["message"]
    assert await client.ended()
    await other.say(b'{"id":1,"method":"echo"}')
    assert (await other.hear())["done"]
    other.close()
    await server.close()


async def test_garbage_in_place_of_a_greeting_is_refused(home: Home, server: Server) -> None:
    client = await raw(home, hello=False)
    await client.say(b"GET / HTTP/1.1")
    await client.hear()

    assert "not a greeting" in (await client.hear())["error"]["message"]
    assert await client.ended()


async def test_a_client_that_does_not_greet_is_not_waited_for(
    home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "GREETING_S", 0.01)
    client = await raw(home, hello=False)
    await client.hear()

    assert await client.ended()


@pytest.mark.parametrize("seed", range(20))
async def test_no_garbage_ends_the_server(home: Home, server: Server, seed: int) -> None:
    noise = random.Random(seed)
    client, other = await raw(home), await raw(home)
    for _ in range(20):
        await client.say(noise.randbytes(noise.randrange(200)))
    client.close()

    await other.say(b'{"id":1,"method":"echo","params":{"seed":%d}}' % seed)
    assert (await other.hear())["result"] == {"seed": seed}
    other.close()


async def test_a_client_of_another_protocol_can_only_ask_and_stop(
    home: Home, server: Server
) -> None:
    client = await raw(home, hello=False)
    await client.say(
        b'{"version":"9.9","protocol":99}',
        b'{"id":1,"method":"daemon.status"}',
    )
    await client.hear()
    assert (await client.hear())["result"] == {}

    await client.say(b'{"id":2,"method":"echo"}')
    error = (await client.hear())["error"]
    assert error["code"] == "version"
    assert "hive daemon stop" in error["hint"]
    assert await client.ended()


async def test_a_client_that_hangs_up_cancels_its_calls_only(
    home: Home, server: Server, methods: Methods
) -> None:
    client, other = await raw(home), await raw(home)
    await client.say(b'{"id":1,"method":"wait"}')
    await methods.waiting.wait()
    client.close()

    async with asyncio.timeout(DEADLINE_S):
        await methods.cancelled.wait()
    await other.say(b'{"id":1,"method":"echo"}')
    assert (await other.hear())["done"]
    other.close()


async def test_a_client_has_a_bound_of_calls(
    home: Home, server: Server, methods: Methods, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_CALLS", 2)
    client = await raw(home)
    await client.say(*(b'{"id":%d,"method":"wait"}' % number for number in (1, 2, 3)))

    reply = await client.hear()
    assert (reply["id"], reply["error"]["code"]) == (3, "usage")
    client.close()


async def test_a_client_that_never_reads_is_cut_off_and_nobody_else_notices(
    home: Home, server: Server, methods: Methods
) -> None:
    deaf, other = await raw(home), await raw(home)
    deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await deaf.say(b'{"id":1,"method":"flood"}')
    await methods.waiting.wait()
    await other.say(b'{"id":1,"method":"echo"}')
    assert (await other.hear())["done"]

    async with asyncio.timeout(DEADLINE_S):
        await methods.cancelled.wait()
    assert methods.emitted * 65536 < 4 * 2**20
    deaf.writer.transport.abort()
    other.close()


async def test_a_slow_reader_is_waited_for(home: Home, methods: Methods) -> None:
    server = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await server.start()
    client = await raw(home)
    await client.say(b'{"id":1,"method":"flood"}')
    for _ in range(100):
        assert len((await client.hear())["event"]) == 65536

    assert not methods.cancelled.is_set()
    assert methods.emitted < 200
    client.close()
    await server.close()


async def test_another_user_is_turned_away(
    home: Home, methods: Methods, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(
        home, methods.table(), log=logging.getLogger("hive.test"), peer=lambda _: os.getuid() + 1
    )
    await server.start()
    client = await raw(home, hello=False)

    assert await client.ended()
    assert "refused a connection of uid" in caplog.text
    await server.close()


async def test_it_knows_whether_anybody_is_there(home: Home, server: Server) -> None:
    assert (server.clients, server.idle_since is None) == (0, False)
    client = await raw(home)
    assert (server.clients, server.idle_since is None) == (1, True)
    client.close()
    await server.close()  # waits for the last one to leave
    assert (server.clients, server.idle_since is None) == (0, False)


async def test_closing_tells_the_clients_and_cancels_their_calls(
    home: Home, methods: Methods
) -> None:
    server = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await server.start()
    client = await raw(home)
    await client.say(b'{"id":1,"method":"wait"}')
    await methods.waiting.wait()
    await server.close()

    assert (await client.hear())["error"]["code"] == "stopped"
    assert await client.ended()
    assert methods.cancelled.is_set()
    assert not home.socket.exists()


async def test_closing_does_not_wait_for_a_client_that_never_reads(
    home: Home, methods: Methods, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hive_tui.daemon.server.CLOSE_S", 0.05)
    server = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await server.start()
    deaf = await raw(home)
    deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await deaf.say(b'{"id":1,"method":"flood"}')
    await methods.waiting.wait()
    await server.close()

    await asyncio.wait_for(methods.cancelled.wait(), DEADLINE_S)
    assert server.clients == 0
    deaf.writer.transport.abort()


async def test_a_stale_socket_is_replaced(home: Home, methods: Methods) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(home.socket))
    server = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await server.start()
    client = await raw(home)

    assert stat.S_IMODE(home.socket.stat().st_mode) == 0o600
    assert [path.name for path in home.state.iterdir()] == ["hive.sock"]
    client.close()
    await server.close()


async def test_the_socket_of_a_later_daemon_is_left_alone(home: Home, methods: Methods) -> None:
    first = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    second = Server(home, methods.table(), log=logging.getLogger("hive.test"))
    await first.start()
    await second.start()
    await first.close()

    assert home.socket.exists()
    await second.close()
    assert not home.socket.exists()


async def test_a_folder_that_is_open_to_others_is_refused(home: Home) -> None:
    home.state.chmod(0o755)
    server = Server(home, {}, log=logging.getLogger("hive.test"))

    with pytest.raises(HiveError, match="is open to others") as raised:
        await server.start()
    assert raised.value.hint == f"`chmod 700 {home.state}`"
    assert not home.socket.exists()


async def test_a_folder_of_another_user_is_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    server = Server(home, {}, log=logging.getLogger("hive.test"))

    with pytest.raises(HiveError, match="belongs to another user"):
        await server.start()


@pytest.mark.parametrize("prepare", [Path.touch, lambda path: path.symlink_to("nowhere")])
async def test_a_folder_that_is_none_is_refused(tmp_path: Path, prepare: Any) -> None:
    prepare(tmp_path / "taken")
    home = Home(tmp_path, tmp_path, tmp_path / "taken" / "hive.sock")
    server = Server(home, {}, log=logging.getLogger("hive.test"))

    with pytest.raises(HiveError, match="cannot make the socket's folder"):
        await server.start()
