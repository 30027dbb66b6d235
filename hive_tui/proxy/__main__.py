"""`python -m hive_tui.proxy FD…`: serves on listening sockets that the daemon has opened.

Standard input is a socket to the daemon: tables come in, one JSON document a line, and who was
asked for goes out. It ends with that socket, or when nobody has asked for anything for long.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys

import msgspec
from aiohttp.http_exceptions import HttpProcessingError

from hive_tui.model.framing import MAX_LINE_BYTES
from hive_tui.model.routes import RouteTable, Used
from hive_tui.proxy.serving import Proxy

IDLE_S = 600.0
"""It ends when for this long nobody was connected; the daemon starts another for the next."""

LOOK_S = 15.0
_TELL_S = 2.0
"""Between two words about who is used: enough to keep an env awake, and nothing under load."""

_BACKLOG = 1024

_decode = msgspec.json.Decoder(RouteTable).decode
_encode = msgspec.json.Encoder().encode


def main() -> None:
    """Serve until the daemon goes or nobody comes."""
    listeners = [socket.socket(fileno=int(number)) for number in sys.argv[1:]]
    daemon = socket.socket(fileno=sys.stdin.fileno())
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    gc.freeze()  # what is loaded stays: no collection has to look at it between two requests
    asyncio.run(serve(listeners, daemon))


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether something went wrong here: what somebody sends that is no request did not."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


async def serve(listeners: list[socket.socket], daemon: socket.socket) -> None:
    """Serve on sockets that listen, until the daemon goes or nobody comes.

    Args:
        listeners: Taken over.
        daemon: Taken over too.
    """
    reader, writer = await asyncio.open_unix_connection(sock=daemon, limit=MAX_LINE_BYTES)
    used: set[str] = set()
    asked = asyncio.Event()

    def note(env: str) -> None:
        used.add(env)
        asked.set()

    proxy = Proxy(note)
    if first := await reader.readline():
        proxy.table = _decode(first)
        telling = asyncio.create_task(_tell(used, asked, writer))
        ending = asyncio.create_task(_idle(proxy))
        taking = asyncio.create_task(_take(proxy, reader))
        loop = asyncio.get_running_loop()
        servers = [
            await loop.create_server(proxy.server, sock=each, backlog=_BACKLOG)
            for each in listeners
        ]
        await asyncio.wait((taking, ending), return_when=asyncio.FIRST_COMPLETED)
        for server in servers:
            server.close()
        for task in (telling, ending, taking):
            task.cancel()
        await asyncio.gather(telling, ending, taking, return_exceptions=True)
    await proxy.close()
    writer.close()


async def _take(proxy: Proxy, reader: asyncio.StreamReader) -> None:
    """Take each new table, until the daemon is gone."""
    while line := await reader.readline():
        proxy.table = _decode(line)


async def _tell(used: set[str], asked: asyncio.Event, writer: asyncio.StreamWriter) -> None:
    """Say who is used: at once for the first, then gathered."""
    while True:
        await asked.wait()
        asked.clear()
        writer.write(_encode(Used(tuple(sorted(used)))) + b"\n")
        used.clear()
        await writer.drain()
        await asyncio.sleep(_TELL_S)


async def _idle(proxy: Proxy) -> None:
    """Return when nobody has been connected for long."""
    while True:
        if proxy.idle_s >= IDLE_S:
            return
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    main()
