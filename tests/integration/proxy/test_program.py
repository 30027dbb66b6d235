"""The program's life: tables in, uses out, and when it ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from hive_tui.model.routes import RouteTable, Used
from hive_tui.proxy import __main__ as program
from tests.integration.proxy.services import (
    DEADLINE_S,
    answer,
    asked,
    client,
    request,
    routes,
    service,
    whole,
)


class Daemon:
    """The daemon's side of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def tell(self, table: RouteTable) -> None:
        """Send a table."""
        self.writer.write(msgspec.json.encode(table) + b"\n")

    async def hear(self) -> Used:
        """What the program says next."""
        async with asyncio.timeout(DEADLINE_S):
            return msgspec.json.decode(await self._reader.readline(), type=Used)


@asynccontextmanager
async def running(table: RouteTable) -> AsyncIterator[tuple[Daemon, int, asyncio.Task[None]]]:
    """The program in this process; the daemon's side, its port, and its task."""
    ours, theirs = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    daemon = Daemon(*await asyncio.open_unix_connection(sock=ours))
    daemon.tell(table)
    task = asyncio.create_task(program.serve([listener], theirs))
    try:
        yield daemon, port, task
    finally:
        daemon.writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await task


async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer everything alike."""
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(answer(b"here"))


async def test_it_says_who_was_asked_for_and_takes_newer_tables() -> None:
    async with service(says) as there, running(routes(there)) as (daemon, port, _):
        assert (await asked(port, request()))[1] == b"here"
        assert (await daemon.hear()).envs == ("shop/auth",)
        daemon.tell(routes(there, "crashed"))
        for _ in range(1000):
            if (await asked(port, request()))[0].split()[1] == "503":
                return
        raise AssertionError("it never took the table")


async def test_it_ends_when_nobody_comes_and_not_while_somebody_is_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(program, "LOOK_S", 0.001)
    async with service(says) as there, running(routes(there)) as (_, port, task):
        async with client(port) as (reader, writer):
            writer.write(request())
            await whole(reader)
            monkeypatch.setattr(program, "IDLE_S", 0.2)
            for _ in range(300):  # it has looked many times meanwhile
                writer.write(request())
                await whole(reader)
            assert not task.done()
        async with asyncio.timeout(DEADLINE_S):
            await task


async def test_it_ends_with_the_daemon_and_cuts_what_is_open() -> None:
    async with (
        service(says) as there,
        running(routes(there)) as (daemon, port, task),
        client(port) as (reader, writer),
    ):
        writer.write(request())
        await whole(reader)
        daemon.writer.close()
        async with asyncio.timeout(DEADLINE_S):
            assert await reader.read() == b""
            await task
