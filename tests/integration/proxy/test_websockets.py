"""A WebSocket through the proxy is one between its two ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType, web

from tests.integration.proxy.services import (
    DEADLINE_S,
    HOST,
    answer,
    asked,
    before,
    client,
    head_of,
    proxy,
    request,
    routes,
    whole,
)

_LARGE = 8 * 1024 * 1024


class Echo:
    """A server that says back what it hears, and `bye` as a close of 4001."""

    def __init__(self) -> None:
        self.closed_with: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def answer(self, asked: web.BaseRequest) -> web.StreamResponse:
        """Have one conversation."""
        socket = web.WebSocketResponse(protocols=("chat.v2",), max_msg_size=0)
        await socket.prepare(asked)
        async for message in socket:
            if message.data == "bye":
                await socket.close(code=4001, message=b"so long")
            elif message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            else:
                await socket.send_bytes(message.data)
        self.closed_with.set_result(socket.close_code)
        return socket


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Echo, int]]:
    """A proxy before an echo; the proxy's port."""
    made = Echo()
    server = web.Server(made.answer)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    try:
        async with proxy(routes(listening.sockets[0].getsockname()[1])) as (_, port):
            yield made, port
    finally:
        listening.close()
        await server.shutdown(0)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[ClientWebSocketResponse]:
    """A WebSocket through the proxy."""
    async with (
        aiohttp.ClientSession(headers={"Host": HOST}) as session,
        session.ws_connect(
            f"http://127.0.0.1:{port}/live",
            protocols=("chat.v2",),
            autoping=False,
            max_msg_size=0,
            compress=15,
        ) as socket,
    ):
        yield socket


async def test_messages_go_both_ways_with_subprotocol_and_compression() -> None:
    async with echo() as (_, port), connected(port) as socket:
        assert (socket.protocol, socket.compress) == ("chat.v2", 15)
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=DEADLINE_S) == "hello"
        large = bytes(range(256)) * (_LARGE // 256)
        await socket.send_bytes(large)
        assert await socket.receive_bytes(timeout=DEADLINE_S) == large


async def test_a_ping_is_answered_by_the_service() -> None:
    async with echo() as (_, port), connected(port) as socket:
        await socket.ping(b"there?")
        message = await socket.receive(timeout=DEADLINE_S)
        assert (message.type, message.data) == (WSMsgType.PONG, b"there?")


async def test_close_codes_go_both_ways() -> None:
    async with echo() as (_, port), connected(port) as socket:
        await socket.send_str("bye")
        message = await socket.receive(timeout=DEADLINE_S)
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4001, "so long")
    async with echo() as (made, port), connected(port) as socket:
        await socket.close(code=4002)
        async with asyncio.timeout(DEADLINE_S):
            assert await made.closed_with == 4002


async def test_a_client_that_vanishes_ends_the_services_side() -> None:
    async with echo() as (made, port), connected(port) as socket:
        await socket.send_str("hello")
        await socket.receive_str(timeout=DEADLINE_S)
        transport = socket.get_extra_info("socket")
        assert transport is not None
        transport.shutdown(2)
        async with asyncio.timeout(DEADLINE_S):
            assert await made.closed_with == 1006


async def test_a_silent_websocket_outlives_every_clock_of_the_proxy() -> None:
    loop = asyncio.get_running_loop()
    real, ahead = loop.time, 0.0

    def time() -> float:
        return real() + ahead

    loop.time = time  # type: ignore[method-assign]
    try:
        async with before(lambda r, w: _mirror(r, w)) as plain, client(plain) as (idle, asks):
            asks.write(request())
            await whole(idle)
            async with echo() as (_, port), connected(port) as socket:
                await socket.send_str("before")
                assert await socket.receive_str() == "before"
                for _ in range(4):  # two hours, in which every timer that is due goes off
                    ahead += 1800.0
                    for _ in range(5):
                        await asyncio.sleep(0)
                await socket.send_str("after")
                assert await socket.receive_str() == "after"
            assert await idle.read() == b""  # the clock was moved: this one has timed out
    finally:
        loop.time = real  # type: ignore[method-assign]


async def _mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await reader.readuntil(b"\r\n\r\n"):
        writer.write(answer(head))


async def test_a_service_that_refuses_a_websocket_is_heard() -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"not you", status="403 Forbidden"))

    wishes = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: a")
    async with before(refuses) as port:
        head, body = await asked(port, request("/live", *wishes))
    assert head.startswith("HTTP/1.1 403 Forbidden")
    assert body == b"not you"


async def test_bytes_sent_right_behind_the_handshake_arrive() -> None:
    async def eager(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: b\r\n\r\nfirst"
        )
        writer.write(await reader.readexactly(5))

    wishes = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: a")
    async with before(eager) as port, client(port) as (reader, writer):
        writer.write(request("/live", *wishes) + b"early")
        head = await head_of(reader)
        assert head.startswith("HTTP/1.1 101 ")
        assert "Sec-WebSocket-Accept: b" in head
        async with asyncio.timeout(DEADLINE_S):
            assert await reader.read(-1) == b"firstearly"
