"""What the dashboard asks of a client, so that its tests can script one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, Protocol

from hive_tui.model.wire import Update

ConnectionState = Literal["connected", "reconnecting", "stopped", "failed"]
"""`stopped`: the daemon was told to stop, and is not started again by itself. `failed`: it cannot
be reached for a reason that waiting alone does not mend; attempts go on."""

OnState = Callable[[ConnectionState, str | None], None]
"""Gets the new state and, unless connected, the reason in one sentence."""

OnEvent = Callable[[Any], None]
"""Gets each event of a call as plain JSON values."""


class HiveClient(Protocol):
    """The one way to talk to the daemon."""

    on_state: OnState | None
    """Called on the loop whenever the state of the connection changes."""

    async def connect(self) -> None:
        """Reach the daemon, starting it where none runs.

        Raises:
            HiveError: It cannot be started or reached, or speaks another protocol.
        """
        ...

    async def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        on_event: OnEvent | None = None,
    ) -> Any:
        """Call a method; the result as plain JSON values. Cancelling it cancels the call.

        Raises:
            HiveError: The daemon refused or failed, or went away (code `disconnected`).
        """
        ...

    def updates(self) -> AsyncIterator[Update]:
        """A `Snapshot`, then `Delta`s for ever; after each reconnection a fresh `Snapshot`."""
        ...

    async def close(self) -> None:
        """Drop all connections; running calls and iterators end."""
        ...
