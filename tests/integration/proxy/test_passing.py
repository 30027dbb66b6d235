"""Requests and answers pass through as they are."""

from __future__ import annotations

import asyncio
import socket

import pytest

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


async def mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request with its own head."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(head))


async def test_a_request_comes_through_with_its_own_host_and_path() -> None:
    async with before(mirror) as port:
        path = "/a%2Fb//c/../d?q=%20+%&x=[1]"
        head, body = await asked(port, request(path, "X-Mine: 1", "Accept-Encoding: zstd"))
    seen = body.decode().splitlines()
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert seen[0] == f"GET {path} HTTP/1.1"
    assert {"Host: web.auth.localhost", "X-Mine: 1", "Accept-Encoding: zstd"} <= set(seen)
    assert "X-Forwarded-For: 127.0.0.1" in seen
    assert not any(line.startswith(("User-Agent", "Accept:")) for line in seen)


async def test_an_answer_gets_no_header_that_the_service_did_not_give() -> None:
    async with before(mirror) as port:
        head, _ = await asked(port, request())
    names = {line.split(":")[0] for line in head.splitlines()[1:] if line}
    assert names == {"Content-Length"}


async def test_a_path_in_absolute_form_is_taken_as_a_path() -> None:
    async with before(mirror) as port:
        _, body = await asked(port, request("http://web.auth.localhost/deep?x=1"))
    assert body.startswith(b"GET /deep?x=1 HTTP/1.1\r\n")


async def test_redirects_cookies_and_encoded_bodies_are_left_alone() -> None:
    packed = b"\x1f\x8b no gzip at all"
    given = answer(
        packed,
        "Location: http://web.auth.localhost:7300/next",
        "Set-Cookie: a=1; Path=/",
        "Set-Cookie: b=2",
        "Content-Encoding: gzip",
        status="302 Over There",
    )

    async def redirects(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(given)

    async with before(redirects) as port:
        head, body = await asked(port, request())
    assert head.startswith("HTTP/1.1 302 Over There\r\n")
    assert "Location: http://web.auth.localhost:7300/next\r\n" in head
    assert head.count("Set-Cookie:") == 2
    assert body == packed


async def test_events_come_when_they_are_sent() -> None:
    go_on = asyncio.Event()

    async def events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n")
        await go_on.wait()
        writer.write(b"data: two\n\n")

    async with before(events) as port, client(port) as (reader, writer):
        writer.write(request())
        async with asyncio.timeout(DEADLINE_S):
            await reader.readuntil(b"data: one\n\n")
            go_on.set()  # only now is there a second one
            await reader.readuntil(b"data: two\n\n")
            await reader.readuntil(b"0\r\n\r\n")


async def test_a_body_goes_up_while_it_is_made_and_its_end_is_waited_for() -> None:
    first = asyncio.Event()

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert "Transfer-Encoding: chunked" in head
        seen = await reader.readuntil(b"one")
        first.set()
        seen += await reader.readuntil(b"0\r\n\r\n")
        writer.write(answer(seen))

    async with before(takes) as port, client(port) as (reader, writer):
        writer.write(request("/", "Transfer-Encoding: chunked", method="POST"))
        writer.write(b"3\r\none\r\n")
        async with asyncio.timeout(DEADLINE_S):
            await first.wait()  # it has come, before there is more
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        _, body = await whole(reader)
    assert b"one" in body
    assert b"two" in body


async def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(await reader.readexactly(5)))

    async with before(takes) as port, client(port) as (reader, writer):
        sent = request("/", "Content-Length: 5", "Expect: 100-continue", method="PUT")
        writer.write(sent)
        assert (await head_of(reader)).startswith("HTTP/1.1 100 ")
        writer.write(b"hello")
        assert (await whole(reader))[1] == b"hello"


async def test_one_connection_carries_requests_to_different_services() -> None:
    async def named(
        name: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(answer(name))

    async with (
        service(lambda r, w: named(b"one", r, w)) as one,
        service(lambda r, w: named(b"two", r, w)) as two,
        proxy(routes(one)) as (made, port),
        client(port) as (reader, writer),
    ):
        writer.write(request())
        assert (await whole(reader))[1] == b"one"
        made.table = routes(two)  # the service has come up again, elsewhere
        writer.write(request())
        assert (await whole(reader))[1] == b"two"


async def test_a_header_of_64_kilobytes_goes_both_ways() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        large = next(line for line in head.splitlines() if line.startswith("X-Large"))
        writer.write(answer(b"", large))

    async with before(echo) as port:
        head, _ = await asked(port, request("/", f"X-Large: {'a' * 65536}"))
    assert "a" * 65536 in head


async def test_no_body_follows_the_answer_to_head() -> None:
    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"next"))

    async with before(says) as port, client(port) as (reader, writer):
        writer.write(request(method="HEAD"))
        assert "Content-Length: 4711" in await head_of(reader)
        writer.write(request())
        assert (await whole(reader))[1] == b"next"


async def test_a_server_that_took_the_other_address_of_localhost_is_found() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no ::1: {error}")
    async with service(mirror, "::1") as there, proxy(routes(there)) as (_, port):
        assert (await asked(port, request()))[0].startswith("HTTP/1.1 200 OK")


async def test_an_old_client_gets_a_streamed_answer_up_to_the_end_of_the_connection() -> None:
    async def streams(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")

    async with before(streams) as port, client(port) as (reader, writer):
        writer.write(request().replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert "chunked" not in await head_of(reader)
        async with asyncio.timeout(DEADLINE_S):
            assert await reader.read() == b"onetwo"


async def test_an_answer_that_does_not_wait_for_the_body_is_passed_on() -> None:
    async def too_large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"too large", status="413 Payload Too Large"))
        await writer.drain()
        await reader.readuntil(b"the end")

    async with before(too_large) as port, client(port) as (reader, writer):
        writer.write(request("/", "Content-Length: 4000000", method="POST") + b"x" * 1000)
        head, body = await whole(reader)
    assert head.startswith("HTTP/1.1 413 ")
    assert body == b"too large"


async def test_an_answer_without_a_body_leaves_the_connection_in_order() -> None:
    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            status = "304 Not Modified" if b"/same" in head else "204 No Content"
            writer.write(f'HTTP/1.1 {status}\r\nETag: "a"\r\n\r\n'.encode())

    async with before(says) as port, client(port) as (reader, writer):
        for path, status in (("/same", "304"), ("/none", "204"), ("/same", "304")):
            writer.write(request(path))
            head = (await head_of(reader)).lower()
            assert head.split()[1] == status
            assert 'etag: "a"' in head
            assert "chunked" not in head
