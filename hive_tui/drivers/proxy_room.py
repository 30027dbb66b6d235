"""The reverse proxy's port, held by the daemon, and its program, which comes with the first caller.

The program is a process of its own: two thousand requests a second take half a core, which the
daemon's loop has not to give. While it does not run, callers wait in the queue of the socket, so
that neither its start nor its death loses one; it ends with the daemon, by the socket between them.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from hive_tui.engine.protocols import PortTakenError
from hive_tui.engine.proxy_protocol import ProxyRoom
from hive_tui.model.errors import HiveError
from hive_tui.model.routes import RouteTable, Used

log = logging.getLogger(__name__)

PROGRAM: tuple[str, ...] = (sys.executable, "-P", "-m", "hive_tui.proxy")

FRAME_S = 0.1
"""Shortest time between two tables: to make one for 50 envs takes some milliseconds."""

_BACKLOG = 1024
_POLL_S = 0.05
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
"""Pause before the program is started again after a failure: doubles from the first on."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Used).decode


class LocalProxyRoom(ProxyRoom):
    """The proxy of this machine and this hive."""

    def __init__(self, log_file: Path) -> None:
        """Create it; nothing listens.

        Args:
            log_file: Where the program writes what it cannot tell otherwise.
        """
        self._log_file = log_file
        self.port = 0
        """Where it was last opened."""
        self._listeners: list[socket.socket] = []
        self._table: Callable[[], RouteTable] = RouteTable
        self._used: Callable[[str], None] = lambda env: None
        self._told: Callable[[bool], None] = lambda running: None
        self._process: subprocess.Popen[bytes] | None = None
        self._running: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._problem: str | None = None
        self._failures = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def problem(self) -> str | None:
        return self._problem

    async def open(
        self,
        port: int,
        table: Callable[[], RouteTable],
        used: Callable[[str], None],
        running: Callable[[bool], None],
        *,
        patience_s: float = 0.0,
    ) -> None:
        await self.close()
        self._listeners = await _listen(port, patience_s)
        self.port = port
        self._table, self._used, self._told = table, used, running
        self._problem, self._failures = None, 0
        self._wait_for_callers()

    async def close(self) -> None:
        self._wait_for_nobody()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        for listener in self._listeners:
            listener.close()
        self._listeners = []

    def changed(self) -> None:
        self._changed.set()

    def _wait_for_callers(self) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.add_reader(listener, self._called)

    def _wait_for_nobody(self) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.remove_reader(listener)

    def _called(self) -> None:
        """Somebody connects and nobody serves: start the program; it takes the callers over."""
        self._wait_for_nobody()
        self._running = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = process = self._start(theirs)
        except OSError as error:
            ours.close()
            await self._failed(f"it cannot be started: {error.strerror}")
            return
        log.info("proxy started pid=%d", process.pid)
        self._told(True)
        try:
            await self._talk(ours)
        finally:  # it ends by itself once the socket is closed
            status = await asyncio.shield(asyncio.to_thread(_ended, process))
            self._process = None
            self._told(False)
        if status == 0:
            self._problem, self._failures = None, 0
            self._wait_for_callers()
        else:
            await self._failed(f"it ended with status {status}; {self._log_file} says more")

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        numbers = [listener.fileno() for listener in self._listeners]
        with theirs, self._log_file.open("wb") as told:
            return subprocess.Popen(
                [*PROGRAM, *map(str, numbers)],
                cwd="/",
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=told,
                pass_fds=numbers,
                start_new_session=True,
            )

    async def _talk(self, ours: socket.socket) -> None:
        """Tell the program each new table, and hear who is used, until it has ended."""
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        telling = asyncio.ensure_future(self._tell(writer))
        try:
            with contextlib.suppress(OSError):
                while line := await reader.readline():
                    for env in _decode(line).envs:
                        self._used(env)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            writer.close()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        last: RouteTable | None = None
        while True:
            self._changed.clear()
            if (table := self._table()) != last:
                writer.write(_encode(table) + b"\n")
                await writer.drain()
                last = table
            await asyncio.sleep(FRAME_S)
            await self._changed.wait()

    async def _failed(self, why: str) -> None:
        self._problem = why
        log.error("proxy failed: %s", why)
        await asyncio.sleep(min(_FIRST_PAUSE_S * 2**self._failures, _LONGEST_PAUSE_S))
        self._failures += 1
        self._wait_for_callers()


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a program that has been told of it; its exit status."""
    try:
        return process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


async def _listen(port: int, patience_s: float) -> list[socket.socket]:
    """Sockets on both loopback addresses; on the second where this machine has it.

    Args:
        port: Where.
        patience_s: How long to wait for somebody who holds it and is about to go.
    """
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        try:
            return _bound(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise HiveError(
                    f"cannot listen on port {port}: {error.strerror}",
                    hint="ports below 1024 need privileges: `hive proxy on --port 7300`",
                    code="proxy_failed",
                ) from error
            if asyncio.get_running_loop().time() > deadline:
                raise PortTakenError(port) from error
        await asyncio.sleep(_POLL_S)


def _bound(port: int) -> list[socket.socket]:
    first = _one(socket.AF_INET, "127.0.0.1", port)
    try:
        return [first, _one(socket.AF_INET6, "::1", port)]
    except OSError as error:
        if error.errno == errno.EADDRINUSE:  # half a port is a trap: a stranger gets the others
            first.close()
            raise
        return [first]  # a machine without IPv6


def _one(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
