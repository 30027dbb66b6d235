"""Services for a proxy that are told what to do, byte by byte; and a client as plain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from hive_tui.model.routes import EnvRoutes, RouteTable, ServiceRoute
from hive_tui.proxy.serving import Proxy

HOST = "web.auth.localhost"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

DEADLINE_S = 30.0
_LIMIT_BYTES = 1024 * 1024


@asynccontextmanager
async def service(talk: Conversation, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """A server that has the same conversation with everybody; its port."""
    talks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, 0, limit=_LIMIT_BYTES)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in talks:
            each.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def routes(port: int, state: str = "ready", env: str = "warm") -> RouteTable:
    """A table in which `web.auth` leads to a port."""
    way = ServiceRoute("web", "web", port, state, "exit 1" if state == "crashed" else None)
    return RouteTable(7300, (EnvRoutes("shop", "auth", env, None, (way,)),))


@asynccontextmanager
async def proxy(table: RouteTable) -> AsyncIterator[tuple[Proxy, int]]:
    """A proxy in this process, and its port."""
    made = Proxy()
    made.table = table
    server = await asyncio.get_running_loop().create_server(made.server, "127.0.0.1", 0)
    try:
        yield made, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await made.close()


@asynccontextmanager
async def before(talk: Conversation) -> AsyncIterator[int]:
    """A proxy before a service; the proxy's port."""
    async with service(talk) as port, proxy(routes(port)) as (_, at):
        yield at


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Streams]:
    """A connection to the proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT_BYTES)
    try:
        yield reader, writer
    finally:
        writer.close()


def request(path: str = "/", *headers: str, method: str = "GET", host: str = HOST) -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


async def head_of(reader: asyncio.StreamReader) -> str:
    """The next head, of a request or of an answer."""
    async with asyncio.timeout(DEADLINE_S):
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")


async def whole(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The next answer with the body that its head promises."""
    head = await head_of(reader)
    length = next(
        int(line.split(":")[1])
        for line in head.splitlines()
        if line.lower().startswith("content-length:")
    )
    async with asyncio.timeout(DEADLINE_S):
        return head, await reader.readexactly(length)


async def asked(port: int, sent: bytes) -> tuple[str, bytes]:
    """One request on a connection of its own, and its answer."""
    async with client(port) as (reader, writer):
        writer.write(sent)
        return await whole(reader)
