"""The probes that look inside a container."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hive_tui.engine.inside import Inside
from hive_tui.engine.port_scan import PortScan
from hive_tui.engine.protocols import Clock, Listener
from hive_tui.engine.waiting import EXEC_PAUSES_S, Wait, poll
from hive_tui.model.errors import HiveError

FILE_PAUSES_S = 0.02, 0.25
"""Pause between two looks for a file, each of which is a call to the engine."""
REASON_S = 0.5
"""Between two looks for the reason why nothing can be connected to."""


class ContainerProbes:
    """The probes of one container."""

    def __init__(self, inside: Inside, scan: PortScan, clock: Clock) -> None:
        self._inside = inside
        self._scan = scan
        self._clock = clock

    @property
    def sees_inside(self) -> bool:
        """True where this machine shows the container's sockets."""
        return self._inside.listens(0) is not None

    async def tcp(self, wait: Wait, port: int | None, published: Mapping[int, int]) -> float:
        """Wait for a socket inside that can be reached from outside; returns how late it was seen.

        Args:
            wait: Gets what was missing.
            port: Port of this machine.
            published: Port of this machine -> port inside.
        """
        if port is None or port not in published:
            raise HiveError(
                f"`ready.tcp` of {wait.source}: the container publishes no such port",
                hint="name one of its `ports`",
                code="config",
            )
        inside = published[port]
        wait.missing = f"nothing listens on port {inside} inside"
        if not self.sees_inside:
            return await self._connect(port)
        seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        looked_at = self._clock.monotonic()

        def table() -> Mapping[int, tuple[Listener, ...]]:
            nonlocal looked_at
            if self._inside.listens(inside):
                return {inside: (Listener(inside, "", 0),)}
            now = self._clock.monotonic()
            if now - looked_at > REASON_S:
                looked_at = now
                if (self._inside.listening() or {}).get(inside) is False:
                    wait.missing = f"port {inside} is listened on inside by loopback only"
            return {}

        def look(_: tuple[Listener, ...], late_s: float) -> None:
            if not seen.done():
                seen.set_result(late_s)

        stop = self._scan.watch(inside, wait.expected_s, look, table)
        try:
            return await seen
        finally:
            stop()

    async def file(self, wait: Wait) -> float:
        """Wait for a file; returns how late it was seen."""
        wait.missing = f"there is no file {wait.value}"
        return await poll(lambda: self._inside.holds(wait.value), self._clock, FILE_PAUSES_S)

    async def exec(self, wait: Wait) -> float:
        """Wait until the command ends well; returns how late that was seen."""
        wait.missing = "its probe has not ended yet"

        async def look() -> bool:
            status, line = await self._inside.probe(wait.value)
            wait.missing = f"its probe ends with {status}" + (f": {line}" if line else "")
            return status == 0

        return await poll(look, self._clock, EXEC_PAUSES_S)

    async def _connect(self, port: int) -> float:
        """Wait until a connection through the engine's proxy is held."""
        return await poll(lambda: self._inside.answers(port), self._clock, EXEC_PAUSES_S)
