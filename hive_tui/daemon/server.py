"""The daemon's socket: who may connect, and how many do. What methods do is the caller's."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hive_tui.daemon.connection import Connection, Emit, Handler
from hive_tui.model.errors import HiveError
from hive_tui.model.framing import MAX_LINE_BYTES
from hive_tui.model.home import Home
from hive_tui.peer import peer_uid

__all__ = ["Emit", "Handler", "Server"]

STALL_S = 30.0
"""After how long without a byte taken a client is cut off."""

CLOSE_S = 1.0
"""How long clients may take to read their last lines when the server closes."""

_BACKLOG = 128


class Server:
    """Serves a home's methods over its Unix socket. The caller holds the home's lock."""

    def __init__(
        self,
        home: Home,
        handlers: Mapping[str, Handler],
        *,
        log: logging.Logger,
        stall_s: float = STALL_S,
        peer: Callable[[Any], int | None] = peer_uid,
    ) -> None:
        """Create the server; it listens after `start`.

        Args:
            home: Whose socket.
            handlers: Method -> what answers it.
            log: Gets refused connections and unexpected failures.
            stall_s: After how long without a byte taken a client is cut off.
            peer: User id at the other end of a socket; `None` where it cannot be told.
        """
        self._home = home
        self._handlers = handlers
        self._log = log
        self._stall_s = stall_s
        self._peer = peer
        self._listener: asyncio.Server | None = None
        self._bound: tuple[int, int] | None = None
        self._connections: set[Connection] = set()
        self._nobody = asyncio.Event()
        self._nobody.set()
        self.idle_since: float | None = time.monotonic()
        """Monotonic seconds at which the last client left; `None` while there is one."""

    @property
    def clients(self) -> int:
        """Open connections."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen. A stale socket is replaced, which is why only the lock's holder may call this.

        Raises:
            HiveError: The socket's folder is another user's, open to others, or not writable.
        """
        path = self._home.socket
        _check_folder(path.parent)
        temporary = path.parent / f".s{os.getpid()}"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            temporary.unlink(missing_ok=True)
            listener.bind(str(temporary))
            temporary.chmod(0o600)
            made = temporary.stat()
            listener.setblocking(False)
            self._listener = await asyncio.start_unix_server(
                self.serve, sock=listener, limit=MAX_LINE_BYTES, backlog=_BACKLOG
            )
            temporary.rename(path)
            self._bound = (made.st_dev, made.st_ino)
        except OSError as error:
            listener.close()
            temporary.unlink(missing_ok=True)
            raise HiveError(
                f"cannot listen at {path}: {error.strerror or error}",
                hint="set HIVE_HOME to a folder of your own with a short path",
                code="socket",
            ) from None

    async def close(self) -> None:
        """Stop listening, tell every client that the daemon was stopped, cancel their calls."""
        self._unlink()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        stopped = HiveError(
            "the daemon was stopped; services go on", hint="`hive daemon start`", code="stopped"
        )
        for connection in tuple(self._connections):
            connection.refuse(stopped)
        await self._empty()
        for connection in tuple(self._connections):
            connection.abort()
        await self._empty()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends. Both ends may be in this process."""
        owner = self._peer(writer.get_extra_info("socket"))
        if owner not in (None, os.getuid()):
            self._log.warning("refused a connection of uid %s", owner)
            writer.close()
            return
        connection = Connection(
            reader,
            writer,
            self._handlers,
            home=str(self._home.state),
            log=self._log,
            stall_s=self._stall_s,
        )
        self._connections.add(connection)
        self._nobody.clear()
        self.idle_since = None
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            if not self._connections:
                self._nobody.set()
                self.idle_since = time.monotonic()

    async def _empty(self) -> None:
        """Wait for the last client to leave, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._nobody.wait()

    def _unlink(self) -> None:
        """Remove the socket, unless another daemon's has taken its place."""
        if self._bound is None:
            return
        with suppress(FileNotFoundError):
            there = self._home.socket.lstat()
            if (there.st_dev, there.st_ino) == self._bound:
                self._home.socket.unlink()
        self._bound = None


def _check_folder(folder: Path) -> None:
    """Make the socket's folder, or see that it is this user's alone.

    Raises:
        HiveError: It is not, or cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise HiveError(
            f"cannot make the socket's folder {folder}: {error.strerror}",
            hint="set HIVE_HOME to a folder of your own",
            code="socket_folder",
        ) from None
    if found.st_uid != os.getuid():
        raise HiveError(
            f"the socket's folder {folder} belongs to another user (uid {found.st_uid})",
            hint="remove it, or set HIVE_HOME to a folder of your own",
            code="socket_folder",
        )
    if found.st_mode & 0o077:
        raise HiveError(
            f"the socket's folder {folder} is open to others ({stat.filemode(found.st_mode)})",
            hint=f"`chmod 700 {folder}`",
            code="socket_folder",
        )
