"""How an asynchronous client gets its byte streams: a home's socket, or a pair in the process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from hive_tui.client.calls import NoDaemonError, check_owner, no_daemon
from hive_tui.model.errors import HiveError
from hive_tui.model.framing import MAX_LINE_BYTES
from hive_tui.model.home import Home

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

Dial = Callable[[bool], Awaitable[Streams]]
"""Opens a connection; the flag says whether to start a daemon where none runs."""

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""A server's side of one connection."""


def over_socket(home: Home) -> Dial:
    """Dial the home's daemon."""

    async def reach() -> Streams:
        try:
            reader, writer = await asyncio.open_unix_connection(
                str(home.socket), limit=MAX_LINE_BYTES
            )
        except (FileNotFoundError, ConnectionError):
            raise no_daemon(home) from None
        except OSError as error:
            raise HiveError(
                f"cannot reach the daemon at {home.socket}: {error.strerror}",
                hint="the socket and its folder have to belong to you",
                code="no_access",
            ) from None
        try:
            check_owner(writer.get_extra_info("socket"), home)
        except HiveError:
            writer.close()
            raise
        return reader, writer

    async def dial(start: bool) -> Streams:
        try:
            return await reach()
        except NoDaemonError:
            if not start:
                raise
        from hive_tui.client import starting

        await asyncio.to_thread(starting.ensure, home)
        return await reach()

    return dial


def in_process(serve: Serve) -> Dial:
    """Dial a server in the same loop, over a pair of sockets each time."""
    serving: set[asyncio.Task[None]] = set()

    async def answer(end: socket.socket) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=MAX_LINE_BYTES)
        await serve(reader, writer)

    async def dial(start: bool) -> Streams:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        task = asyncio.create_task(answer(far))
        serving.add(task)
        task.add_done_callback(serving.discard)
        return await asyncio.open_unix_connection(sock=near, limit=MAX_LINE_BYTES)

    return dial
