"""What is broken is seen as broken, on both sides, and costs nobody else anything."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hive_tui.drivers.proxy_room import LocalProxyRoom
from hive_tui.engine.protocols import PortTakenError
from tests.integration.proxy.services import (
    DEADLINE_S,
    answer,
    asked,
    before,
    client,
    head_of,
    proxy,
    request,
    routes,
    service,
    whole,
)

_MEGABYTE = 1024 * 1024
_GIGABYTE = 1024 * _MEGABYTE


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hear and say nothing."""
    await reader.read()


async def test_a_service_that_dies_within_an_answer_breaks_the_answer_off() -> None:
    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = b"Content-Length: 100" if b"/length" in head else b"Transfer-Encoding: chunked"
        writer.write(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\n4\r\nhalf\r\n")

    async with before(dies) as port:
        for path in ("/length", "/chunks"):
            async with client(port) as (reader, writer):
                writer.write(request(path))
                await head_of(reader)
                async with asyncio.timeout(DEADLINE_S):
                    rest = await reader.read()
            assert b"half" in rest
            assert not rest.endswith(b"0\r\n\r\n")  # nothing says that this was all


async def test_a_client_that_leaves_ends_the_connection_to_the_service() -> None:
    gone = asyncio.Event()

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"first")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n")
        await reader.read()
        gone.set()

    async with before(takes) as port:
        async with client(port) as (reader, writer):
            writer.write(request("/", "Content-Length: 1000000", method="POST") + b"first")
            await head_of(reader)  # half of its body is on its way
        async with asyncio.timeout(DEADLINE_S):
            await gone.wait()


async def test_a_client_that_leaves_while_it_waits_ends_the_connection_too() -> None:
    come, gone = asyncio.Event(), asyncio.Event()

    async def polls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        come.set()
        await reader.read()
        gone.set()

    async with before(polls) as port:
        async with client(port) as (_, writer):
            writer.write(request())
            async with asyncio.timeout(DEADLINE_S):
                await come.wait()
        async with asyncio.timeout(DEADLINE_S):
            await gone.wait()


async def test_a_service_that_hangs_up_is_told_with_its_name() -> None:
    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with before(hangs_up) as port:
        head, body = await asked(port, request(method="POST"))
    assert head.startswith("HTTP/1.1 502 ")
    assert "Hive-Proxy: unreachable" in head
    assert b"web of shop/auth" in body
    assert b"closed the connection without an answer" in body


async def test_a_port_that_nobody_has_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with proxy(routes(free.getsockname()[1])) as (_, port):
            head, body = await asked(port, request())
    assert head.startswith("HTTP/1.1 502 ")
    assert b"refuses connections" in body


async def test_a_service_that_speaks_no_http_is_told() -> None:
    async def postgres(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"E\x00\x00\x00\x00SFATAL no such thing\n\n")

    async with before(postgres) as port:
        head, body = await asked(port, request())
    assert head.startswith("HTTP/1.1 502 ")
    assert b"did not answer in HTTP" in body


@pytest.mark.parametrize("state", ["stopped", "starting", "crashed", "backoff", "frozen"])
async def test_a_service_that_is_not_ready_is_not_asked(state: str) -> None:
    called = False

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal called
        called = True

    async with service(never) as there, proxy(routes(there, state)) as (made, port):
        head, body = await asked(port, request("/", "Accept: text/html"))
        assert head.startswith("HTTP/1.1 503 ")
        assert "Retry-After: 1" in head
        assert b'http-equiv="refresh"' in body
        made.table = routes(there, "ready", "frozen")
        assert (await asked(port, request()))[0].startswith("HTTP/1.1 503 ")
    assert not called


async def test_a_strange_name_is_refused_and_an_unknown_one_explained() -> None:
    async with before(silent) as port:
        head, _ = await asked(port, request(host="evil.example"))
        assert head.startswith("HTTP/1.1 421 ")
        head, body = await asked(port, request(host="web.nobody.localhost"))
        assert head.startswith("HTTP/1.1 404 ")
        assert b"http://web.auth.localhost:7300/" in body


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS at the wrong door
        b"GET / HTTP/1.1\r\nHost web\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: web.auth.localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: web.auth.localhost\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: web.auth.localhost\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused_and_reaches_no_service(sent: bytes) -> None:
    called = False

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal called
        called = True

    async with before(never) as port:
        async with client(port) as (reader, writer):
            writer.write(sent)
            assert (await head_of(reader)).split()[1] == "400"
        head, _ = await asked(port, request(host="localhost"))
        assert head.startswith("HTTP/1.1 200 ")  # others are served on
    assert not called


async def test_a_post_is_never_sent_twice_and_never_on_a_used_connection() -> None:
    heads: list[bytes] = []
    met = 0

    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            heads.append(head[:4])
            writer.write(answer(b""))

    async with before(counts) as port, client(port) as (reader, writer):
        for method in ("GET", "GET", "POST", "POST"):
            writer.write(request(method=method))
            await whole(reader)
    assert heads == [b"GET ", b"GET ", b"POST", b"POST"]
    assert met == 3  # both reads on one, each write on one of its own


@asynccontextmanager
async def program(port: int, folder: Path) -> AsyncIterator[LocalProxyRoom]:
    """The proxy as its own process, before a service on a port."""
    room = LocalProxyRoom(folder / "proxy.log")
    await room.open(_free_port(), lambda: routes(port), lambda env: None, lambda running: None)
    try:
        yield room
    finally:
        await room.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _peak_bytes(pid: int) -> int:
    """Most memory that a process has ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads peaks of memory from /proc")
async def test_a_gigabyte_each_way_and_a_slow_reader_take_little_memory(tmp_path: Path) -> None:
    chunk = b"x" * _MEGABYTE
    pushed = 0

    async def giant(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pushed
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("POST"):
            taken = 0
            while taken < _GIGABYTE:
                taken += len(await reader.read(_MEGABYTE))
            writer.write(answer(str(taken).encode()))
            return
        if "/small" in head:
            writer.write(answer(b"small"))
            return
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {_GIGABYTE}\r\n\r\n".encode())
        for _ in range(_GIGABYTE // _MEGABYTE):
            writer.write(chunk)
            await writer.drain()
            pushed += _MEGABYTE

    async with service(giant) as there, program(there, tmp_path) as room:
        port = room.port
        await asked(port, request("/small"))
        assert room.pid is not None
        at_rest = _peak_bytes(room.pid)
        async with client(port) as (reader, writer):
            writer.write(request("/giant"))
            await head_of(reader)
            for _ in range(100):  # meanwhile others are served, and nobody reads this one
                await asked(port, request("/small"))
            assert pushed < 64 * _MEGABYTE
            taken = 0
            while taken < _GIGABYTE:
                taken += len(await reader.read(_MEGABYTE))
        async with client(port) as (reader, writer):
            writer.write(request("/", f"Content-Length: {_GIGABYTE}", method="POST"))
            for _ in range(_GIGABYTE // _MEGABYTE):
                writer.write(chunk)
                await writer.drain()
            assert (await whole(reader))[1] == str(_GIGABYTE).encode()
        assert _peak_bytes(room.pid) - at_rest < 32 * _MEGABYTE


async def test_a_killed_program_is_started_again_by_the_next_caller(tmp_path: Path) -> None:
    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"here"))

    async with service(says) as there, program(there, tmp_path) as room:
        assert room.pid is None  # nobody has asked yet
        assert (await asked(room.port, request()))[1] == b"here"
        first = room.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert (await asked(room.port, request()))[1] == b"here"
        assert room.pid not in (None, first)


async def test_a_port_of_a_stranger_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        room = LocalProxyRoom(tmp_path / "proxy.log")
        with pytest.raises(PortTakenError):
            await room.open(
                stranger.getsockname()[1],
                lambda: routes(1),
                lambda env: None,
                lambda running: None,
            )
        await room.close()
