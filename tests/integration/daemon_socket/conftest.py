"""A server with a few methods, and ways to speak to it by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hive_tui.daemon.server import Emit, Server
from hive_tui.model.errors import RefusedError
from hive_tui.model.home import Home
from hive_tui.model.wire import Delta, HiveView, Snapshot

DEADLINE_S = 20.0


class Methods:
    """What the server answers, and what the tests see of it."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.released = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.emitted = 0

    async def echo(self, params: dict[str, Any], emit: Emit) -> Any:
        for number in range(int(params.get("events", 0))):
            await emit({"number": number})
        return params

    async def encoded(self, params: dict[str, Any], emit: Emit) -> Any:
        return msgspec.Raw(b'{"already": "encoded"}')

    async def wait(self, params: dict[str, Any], emit: Emit) -> Any:
        self.waiting.set()
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return {"waited": True}

    async def flood(self, params: dict[str, Any], emit: Emit) -> Any:
        self.waiting.set()
        try:
            while True:
                await emit("x" * 65536)
                self.emitted += 1
        finally:
            self.cancelled.set()

    async def refuse(self, params: dict[str, Any], emit: Emit) -> Any:
        raise RefusedError("would lose work", hint="--force", env="auth")

    async def defect(self, params: dict[str, Any], emit: Emit) -> Any:
        raise ConnectionResetError("by something else than the client")

    async def typed(self, params: dict[str, Any], emit: Emit) -> Any:
        return msgspec.convert(params, type=dict[str, int])

    async def unencodable(self, params: dict[str, Any], emit: Emit) -> Any:
        return object()

    async def cancelled_inside(self, params: dict[str, Any], emit: Emit) -> Any:
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        return await task

    async def subscribe(self, params: dict[str, Any], emit: Emit) -> Any:
        await emit(Snapshot(HiveView(), (), ()))
        await emit(Delta(removed=("shop/auth",)))
        self.waiting.set()
        await self.released.wait()

    def table(self) -> dict[str, Any]:
        names = [
            "echo",
            "encoded",
            "wait",
            "flood",
            "refuse",
            "defect",
            "typed",
            "unencodable",
            "cancelled_inside",
            "subscribe",
        ]
        return {name: getattr(self, name) for name in names} | {"daemon.status": self.echo}


class Raw:
    """A client that says exactly what a test tells it to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, *lines: bytes) -> None:
        for line in lines:
            self.writer.write(line + b"\n")
        await self.writer.drain()

    async def hear(self) -> Any:
        async with asyncio.timeout(DEADLINE_S):
            return msgspec.json.decode(await self.reader.readuntil(b"\n"))

    async def ended(self) -> bool:
        """Wait for the other side to hang up, then hang up too."""
        async with asyncio.timeout(DEADLINE_S):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True
            finally:
                self.close()

    def close(self) -> None:
        self.writer.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return Home(folder, folder, folder / "hive.sock")


@pytest.fixture
def methods() -> Methods:
    return Methods()


@pytest.fixture
async def server(home: Home, methods: Methods) -> AsyncIterator[Server]:
    serving = Server(home, methods.table(), log=logging.getLogger("hive.test"), stall_s=0.2)
    await serving.start()
    yield serving
    await serving.close()


async def raw(home: Home, *, hello: bool = True) -> Raw:
    """Connect, and exchange greetings unless told not to."""
    reader, writer = await asyncio.open_unix_connection(str(home.socket), limit=2**26)
    client = Raw(reader, writer)
    if hello:
        await client.say(b'{"version":"test","protocol":1}')
        await client.hear()
    return client
