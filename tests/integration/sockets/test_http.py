"""The status of a GET, from servers that answer well, badly and not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hive_tui.drivers.http import get_status

Serve = Callable[[bytes | None], Awaitable[int]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers that send the given bytes to whoever asks; `None`: they never answer."""
    servers: list[asyncio.Server] = []

    async def start(answer: bytes | None) -> int:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("status", [200, 204, 301, 404, 503])
async def test_the_status_of_the_answer_is_returned(serve: Serve, status: int) -> None:
    port = await serve(f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode())

    assert await get_status(f"http://127.0.0.1:{port}/healthz?deep=1", 5) == status


@pytest.mark.parametrize("host", ["localhost", "web.localhost", "0.0.0.0", "[::]", "LOCALHOST"])
async def test_every_name_of_this_machine_is_reached(serve: Serve, host: str) -> None:
    port = await serve(b"HTTP/1.0 200 OK\r\n\r\n")

    assert await get_status(f"http://{host}:{port}", 5) == 200


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1\r\n", b"x" * 4096])
async def test_an_answer_that_is_not_http_is_an_oserror(serve: Serve, answer: bytes) -> None:
    port = await serve(answer)

    with pytest.raises(OSError, match=r"not HTTP|closed|reset"):
        await get_status(f"http://127.0.0.1:{port}/", 5)


async def test_a_server_that_never_answers_times_out(serve: Serve) -> None:
    port = await serve(None)

    with pytest.raises(TimeoutError):
        await get_status(f"http://127.0.0.1:{port}/", 0.05)


async def test_a_port_without_a_server_is_refused(unused_port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        await get_status(f"http://127.0.0.1:{unused_port}/", 5)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "http://10.0.0.1/", "ftp://localhost/", "nonsense", "http://[::1]:x/"],
)
async def test_a_url_that_is_not_of_this_machine_is_refused_unasked(url: str) -> None:
    with pytest.raises(OSError, match=r"loopback|not an http|[Pp]ort"):
        await get_status(url, 5)
