"""Serves the names of the table: passes each request on to the service that its host names.

Bodies stream both ways with bounded memory; what is held is what one buffer takes. A client that
leaves takes its connection to the service with it, and a service that breaks off is not hidden.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import aiohttp
from aiohttp import ClientResponse, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from hive_tui.model.routes import RouteTable
from hive_tui.proxy import pages, tunnel
from hive_tui.proxy.calls import HEADER_BYTES, STREAM_BYTES, reason_of, session, url_at
from hive_tui.proxy.finding import Found, Index, Stranger, Unknown, Way, find
from hive_tui.proxy.headers import answer_headers, request_headers, upgrades
from hive_tui.proxy.pages import Page

_GRACE_S = 0.1
"""What an answer under way gets at the end; to aiohttp 0 is no limit at all."""

_HOSTS = 1024
"""Host names whose meaning is kept."""

_ANSWERS = frozenset({"ready", "unhealthy"})
"""States of a service that is asked at all."""

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


class _Passed(web.StreamResponse):
    """An answer that came from a service."""

    unsaid: tuple[str, ...] = ()
    """Headers that the service did not give, and aiohttp would."""


class _Request(web.BaseRequest):
    """A request whose answer, where a service gave it, gets no header that the service did not."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        if isinstance(response, _Passed):
            for name in response.unsaid:
                response.headers.popall(name, None)


class Proxy:
    """All that is served. The table may be replaced at any time."""

    def __init__(self, used: Callable[[str], None] = lambda env: None) -> None:
        """Create it; needs a running loop.

        Args:
            used: Told the id of the env that each request is for.
        """
        self._table = RouteTable()
        self._found: dict[str, Found] = {}
        self._used = used
        self._sessions = {keep: session(keep=keep) for keep in (True, False)}
        self.server = web.Server(
            self._answer,
            request_factory=_make,
            access_log=None,
            handler_cancellation=True,
            auto_decompress=False,
            max_line_size=HEADER_BYTES,
            max_field_size=HEADER_BYTES,
            read_bufsize=STREAM_BYTES,
        )
        self.last_s = time.monotonic()
        """When somebody last asked for anything."""

    @property
    def table(self) -> RouteTable:
        """The names that it serves."""
        return self._table

    @table.setter
    def table(self, table: RouteTable) -> None:
        self._table = table
        self._found.clear()

    @property
    def idle_s(self) -> float:
        """For how long nobody has been connected; 0 while somebody is."""
        if self.server.connections:
            self.last_s = time.monotonic()
        return time.monotonic() - self.last_s

    async def close(self) -> None:
        """Cut all connections."""
        await self.server.shutdown(_GRACE_S)
        for each in self._sessions.values():
            await each.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.last_s = time.monotonic()
        match found := self._find(request.headers.get("Host", "")):
            case Way() if request.method == "CONNECT":
                page = pages.no_tunnel()
            case Way(env, service):
                self._used(env.id)
                frozen = env.state == "frozen"
                if service.state in _ANSWERS and not frozen:
                    return await self._pass_on(request, found)
                state = "frozen" if frozen else service.state
                page = pages.not_ready(env, service.service, state, service.reason)
            case Index():
                page = pages.index(self.table)
            case Stranger():
                page = pages.stranger(found.host)
            case Unknown():
                page = pages.unknown(found.message, found.candidates, self.table)
        return self._own(request, page)

    def _find(self, host: str) -> Found:
        """What a host means; browsers ask for few, again and again."""
        if (found := self._found.get(host)) is None:
            if len(self._found) >= _HOSTS:
                self._found.clear()
            found = self._found[host] = find(self._table, host)
        return found

    async def _pass_on(self, request: web.BaseRequest, way: Way) -> web.StreamResponse:
        upgrade = upgrades(request.headers)
        calls = self._sessions[request.method in _REPEATABLE and not upgrade]
        try:
            if request.headers.get("Expect", "").lower() == "100-continue":
                await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            answer = await calls.request(
                request.method,
                url_at(request, way.service.port),
                headers=request_headers(
                    request.headers,
                    peer=request.remote or "127.0.0.1",
                    host=request.headers["Host"],
                    upgrade=upgrade,
                ),
                data=request.content if request.body_exists else None,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            service = way.service
            page = pages.unreachable(way.env, service.service, service.port, reason_of(error))
            return self._own(request, page)
        try:
            return await _stream(request, answer)
        finally:
            answer.close()

    def _own(self, request: web.BaseRequest, page: Page) -> web.Response:
        """An answer of the proxy itself; the connection ends where a body was left unread."""
        readable = "text/html" in request.headers.get("Accept", "")
        shown = pages.html(page, self.table) if readable else pages.text(page, self.table)
        response = web.Response(
            text=shown,
            status=page.status,
            content_type="text/html" if readable else "text/plain",
            charset="utf-8",
            headers={
                pages.MARK: page.code,
                "Cache-Control": "no-store",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                "Server": "hive",
            },
        )
        if page.again:
            response.headers["Retry-After"] = str(pages.RELOAD_S)
        if request.body_exists or upgrades(request.headers):
            response.force_close()
        return response


async def _stream(request: web.BaseRequest, answer: ClientResponse) -> web.StreamResponse:
    """Pass an answer on as it comes. One that breaks off breaks off for the client too."""
    upgrade = answer.status == 101
    response = _Passed(
        status=answer.status,
        reason=answer.reason,
        headers=answer_headers(answer.headers, upgrade=upgrade),
    )
    response.unsaid = tuple(
        name for name in ("Content-Type", "Date", "Server") if name not in answer.headers
    )
    try:
        await response.prepare(request)
        if upgrade:
            await tunnel.carry(request, answer)
            return response
        async for data in answer.content.iter_any():
            await response.write(data)
        await response.write_eof()
    except (aiohttp.ClientError, OSError):
        response.force_close()
        if request.transport is not None:
            request.transport.close()  # without the end of the body: it did not come
    return response


def _make(
    message: RawRequestMessage,
    payload: aiohttp.StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> _Request:
    return _Request(message, payload, protocol, writer, task, asyncio.get_running_loop())
