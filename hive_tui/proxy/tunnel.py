"""A connection that has become a WebSocket: bytes both ways, until one side ends.

Frames are not looked at. So pings, close codes, subprotocols and extensions are between the two
ends, and no clock of the proxy's own can end what is silent for an hour.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from aiohttp import ClientResponse, StreamReader, web
from aiohttp.http import StreamWriter

if TYPE_CHECKING:
    from aiohttp.http import WebSocketReader

_LIMIT_BYTES = 64 * 1024


class _Taker:
    """Takes the bytes of a connection once its HTTP is over, in place of aiohttp's parser."""

    def __init__(self, stream: StreamReader) -> None:
        self._stream = stream

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take what came; never asks for the end."""
        self._stream.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        """Take the end."""
        self._stream.feed_eof()


async def carry(request: web.BaseRequest, answer: ClientResponse) -> None:
    """Carry bytes both ways between a client and a server that have agreed; then close both."""
    near, link = request.protocol, answer.connection
    assert link is not None, "an answer of 101 keeps its connection"
    far = link.protocol
    assert far is not None, "it has not been given back"
    loop = asyncio.get_running_loop()
    from_client = StreamReader(near, _LIMIT_BYTES, loop=loop)
    from_server = StreamReader(far, _LIMIT_BYTES, loop=loop)
    near.set_parser(cast("WebSocketReader", _Taker(from_client)))
    far.set_parser(_Taker(from_server), from_server)
    ways = {
        asyncio.ensure_future(_pump(from_client, StreamWriter(far, loop))),
        asyncio.ensure_future(_pump(from_server, StreamWriter(near, loop))),
    }
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        answer.close()
        near.force_close()  # after what is still to be written


async def _pump(source: StreamReader, sink: StreamWriter) -> None:
    """Carry one way until that side ends, or the other takes nothing more."""
    try:
        async for data in source.iter_any():
            await sink.write(data)
    except (OSError, RuntimeError):
        return  # one end is gone, and with it the whole
