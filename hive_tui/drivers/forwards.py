"""Fixed ports on 127.0.0.1 that carry each connection to another port. Bytes only: no protocol.

A connection that nobody answers at the target is closed, as it would be without us.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Mapping

from hive_tui.engine.protocols import Forwards, PortTakenError
from hive_tui.model.errors import HiveError

_CHUNK_BYTES = 256 * 1024


class _Door:
    """One fixed port, and the connections through it."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.server: asyncio.Server | None = None
        self._carriers: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> None:
        self.server = await asyncio.start_server(
            self._enter, "127.0.0.1", port, limit=_CHUNK_BYTES, reuse_address=True
        )

    def point(self, target: int) -> None:
        """Lead to another port from now on; what leads to the one before is closed."""
        if target != self.target:
            self.target = target
            for carrier in self._carriers:
                carrier.cancel()

    async def close(self) -> None:
        if self.server is not None:
            self.server.close()
        carriers = tuple(self._carriers)
        for carrier in carriers:
            carrier.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)

    def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_carry(reader, writer, self.target))
        self._carriers.add(task)
        task.add_done_callback(self._carriers.discard)


class LocalForwards(Forwards):
    """The fixed ports of this machine."""

    def __init__(self) -> None:
        """Create it; nothing listens."""
        self._doors: dict[str, dict[int, _Door]] = {}
        self._owners: dict[str, str] = {}

    async def lead(self, project: str, owner: str, targets: Mapping[int, int]) -> None:
        doors = self._doors.get(project, {})
        fresh: dict[int, _Door] = {}
        for port in targets.keys() - doors.keys():
            door = _Door(targets[port])
            try:
                await door.open(port)
            except OSError as error:
                for other in fresh.values():
                    await other.close()
                if error.errno == errno.EADDRINUSE:
                    raise PortTakenError(port) from error
                raise HiveError(
                    f"cannot listen on port {port}: {error.strerror}",
                    hint="ports below 1024 need privileges: give [forward] a higher one",
                    code="forward_failed",
                ) from error
            fresh[port] = door
        for port in doors.keys() - targets.keys():
            await doors.pop(port).close()
        for port, door in doors.items():
            door.point(targets[port])
        self._doors[project] = {**doors, **fresh}
        self._owners[project] = owner

    async def close(self, project: str | None = None) -> None:
        for name in [project] if project is not None else list(self._doors):
            self._owners.pop(name, None)
            for door in self._doors.pop(name, {}).values():
                await door.close()

    def owner(self, project: str) -> str | None:
        return self._owners.get(project)

    def open_ports(self) -> dict[str, dict[int, int]]:
        return {
            project: {port: door.target for port, door in doors.items()}
            for project, doors in self._doors.items()
        }


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
    """Carry one connection both ways until both sides have ended."""
    inner: asyncio.StreamWriter | None = None
    try:
        there, inner = await asyncio.open_connection("127.0.0.1", target, limit=_CHUNK_BYTES)
        async with asyncio.TaskGroup() as both:
            both.create_task(_pump(reader, inner))
            both.create_task(_pump(there, writer))
    except (OSError, ExceptionGroup):
        return  # nobody answers, or one side broke off: the other is told by the end below
    finally:
        for end in (writer, inner):
            if end is not None:
                end.transport.abort() if end.transport.is_closing() else end.close()
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    await end.wait_closed()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Carry one way; an end of writing is passed on, and the other way goes on."""
    while data := await source.read(_CHUNK_BYTES):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
