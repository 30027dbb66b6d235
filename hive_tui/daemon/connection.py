"""One client's connection: reads requests, runs each in a task of its own, writes the replies.

What a slow client costs: its own calls wait, and memory stays bounded, because every write waits
for the one before it. What a method does is not known here.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from hive_tui import __version__
from hive_tui.model.errors import HiveError, UsageError, to_wire
from hive_tui.model.framing import ANY_PROTOCOL, PROTOCOL
from hive_tui.model.wire import Hello, Request

Emit = Callable[[Any], Awaitable[None]]
"""Sends one `event` of this call; waits while the client reads slowly."""

Handler = Callable[[dict[str, Any], Emit], Awaitable[Any]]
"""Params -> result: JSON-able, or `msgspec.Raw` where it is encoded already (on one line)."""

MAX_CALLS = 64
"""Calls that one connection may have under way."""

GREETING_S = 10.0
"""How long a client may take to greet."""

_encode = msgspec.json.Encoder().encode
_decode_hello = msgspec.json.Decoder(Hello).decode
_decode_request = msgspec.json.Decoder(Request).decode


class _GoneError(Exception):
    """The client hung up or was cut off; not to be mistaken for a failure of a handler's own."""


class Connection:
    """A connected client, served by `run`."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handlers: Mapping[str, Handler],
        *,
        home: str,
        log: logging.Logger,
        stall_s: float,
    ) -> None:
        """Take over the streams.

        Args:
            reader: Its limit is the longest line that is accepted.
            writer: Closed when `run` ends.
            handlers: Method -> what answers it.
            home: Folder of the home, for the greeting.
            log: Gets unexpected failures.
            stall_s: After how long without a byte taken the client is cut off.
        """
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        self._home = home
        self._log = log
        self._stall_s = stall_s
        self._calls: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._foreign: str | None = None

    async def run(self) -> None:
        """Serve until the client hangs up or is cut off; its calls are cancelled then."""
        try:
            await self._send(_encode(Hello(__version__, PROTOCOL, os.getpid(), self._home)))
            async with asyncio.timeout(GREETING_S):
                greeted = await self._greeted()
            while greeted and (line := await self._line()):
                await self._accept(line)
        except (_GoneError, OSError, asyncio.IncompleteReadError):
            return  # it hung up, was cut off, or never greeted
        finally:
            await self._end_calls()
            self._writer.close()

    def refuse(self, error: HiveError) -> None:
        """Say why and hang up, without waiting for the client to read it."""
        if not self._writer.is_closing():
            self._writer.write(_last(0, b'"error":' + _encode(to_wire(error))) + b"\n")
            self._writer.close()
        self._reader.feed_eof()

    def abort(self) -> None:
        """Hang up at once; what was not read is lost."""
        self._writer.transport.abort()

    async def _greeted(self) -> bool:
        line = await self._line()
        if not line:
            return False
        try:
            hello = _decode_hello(line)
        except msgspec.DecodeError as error:
            await self._fail(0, UsageError(f"not a greeting: {error}"))
            return False
        if hello.protocol != PROTOCOL:
            self._foreign = hello.version
        return True

    async def _line(self) -> bytes:
        """The next line; empty at the end, and after a line that is too long to go on."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            await self._fail(0, UsageError("the line is too long; the connection ends"))
            return b""

    async def _accept(self, line: bytes) -> None:
        try:
            request = _decode_request(line)
        except msgspec.DecodeError as error:
            await self._fail(0, UsageError(f"not a request: {error}"))
            return
        if self._foreign is not None and request.method not in ANY_PROTOCOL:
            await self._fail(request.id, _version_mismatch(self._foreign))
            raise _GoneError
        if (handler := self._handlers.get(request.method)) is None:
            await self._fail(request.id, _unknown(request.method, self._handlers))
        elif len(self._calls) >= MAX_CALLS:
            await self._fail(request.id, UsageError(f"more than {MAX_CALLS} calls at once"))
        else:
            call = asyncio.create_task(self._call(handler, request))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, handler: Handler, request: Request) -> None:
        try:
            await self._send(await self._answer(handler, request))
        except _GoneError:
            return  # `run` sees it too

    async def _answer(self, handler: Handler, request: Request) -> bytes:
        """Run the handler; the line that ends the call."""
        head = b'{"id":%d,"event":' % request.id

        async def emit(event: Any) -> None:
            await self._send(head + _encode(event) + b"}")

        try:
            result = _encode(await handler(request.params, emit))
            return _last(request.id, b'"result":' + result)
        except HiveError as error:
            told = error
        except msgspec.ValidationError as error:
            told = UsageError(f"{request.method}: {error}")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # the client hung up
            told = HiveError(f"{request.method} was cancelled", code="cancelled")
        except _GoneError:
            raise
        except Exception as error:
            self._log.exception("%s failed unexpectedly; params %r", request.method, request.params)
            told = HiveError(
                f"{request.method}: {type(error).__name__}: {error}",
                hint="this is a defect of hive; `hive daemon logs` has the details",
                code="internal",
            )
        return _last(request.id, b'"error":' + _encode(to_wire(told)))

    async def _fail(self, id: int, error: HiveError) -> None:
        await self._send(_last(id, b'"error":' + _encode(to_wire(error))))

    async def _send(self, line: bytes) -> None:
        """Write a line once the lines before it are on their way.

        Raises:
            _GoneError: The client hung up, or took no byte for too long and is cut off.
        """
        async with self._turn:
            if self._writer.is_closing():
                raise _GoneError
            self._writer.write(line + b"\n")
            transport = self._writer.transport
            while True:
                waiting = transport.get_write_buffer_size()
                try:
                    async with asyncio.timeout(self._stall_s):
                        return await self._writer.drain()
                except TimeoutError:
                    if transport.get_write_buffer_size() >= waiting:
                        self.abort()
                        raise _GoneError from None
                except ConnectionError:
                    raise _GoneError from None

    async def _end_calls(self) -> None:
        calls = tuple(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


def _last(id: int, content: bytes) -> bytes:
    """A reply that ends its call. Clients rely on this order of the keys to cut the result out."""
    return b'{"id":%d,%b,"done":true}' % (id, content)


def _unknown(method: str, handlers: Mapping[str, Handler]) -> UsageError:
    near = get_close_matches(method, handlers, n=1)
    return UsageError(
        f"unknown method {method!r}",
        hint=f"did you mean {near[0]!r}?" if near else None,
        code="unknown_method",
    )


def _version_mismatch(client: str) -> HiveError:
    return HiveError(
        f"daemon {__version__} runs, this is {client}, and they do not understand each other",
        hint="`hive daemon stop`, then try again; services go on",
        code="version",
    )
