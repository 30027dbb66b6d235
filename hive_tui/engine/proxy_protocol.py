"""What the engine asks of the reverse proxy's room: a port, and a program behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hive_tui.model.routes import RouteTable


class ProxyRoom(Protocol):
    """A port of this machine, and the program that serves it once somebody comes."""

    async def open(
        self,
        port: int,
        table: Callable[[], RouteTable],
        used: Callable[[str], None],
        running: Callable[[bool], None],
        *,
        patience_s: float = 0.0,
    ) -> None:
        """Listen. The program starts with the first connection, and again whenever it has ended.

        Args:
            port: On both loopback addresses.
            table: Makes the table of names as it is now.
            used: Told the id of each env that somebody asks for.
            running: Told when the program starts, and when it has ended.
            patience_s: How long to wait for somebody who holds the port and is about to go.

        Raises:
            PortTakenError: Somebody else listens there.
            HiveError: The port cannot be had for another reason.
        """
        ...

    async def close(self) -> None:
        """Let the port go, and end the program."""
        ...

    def changed(self) -> None:
        """The table may be another one now."""
        ...

    @property
    def pid(self) -> int | None:
        """Pid of the program; `None` while it does not run."""
        ...

    @property
    def problem(self) -> str | None:
        """Why the program does not stay up; `None` where nothing is wrong with it."""
        ...
