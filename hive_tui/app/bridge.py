"""The one way from the daemon's updates to the screens: folded, at most once a frame.

Updates are folded newest-per-env before anything is posted, so a burst of any size costs the
screens one message a frame.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hive_tui.app.state import HiveState, Link, fold, relink
from hive_tui.client.protocol import ConnectionState, HiveClient

FRAME_S = 1 / 25
"""Shortest time between two deliveries, in seconds."""


class Bridge:
    """Reads the client's updates for as long as the dashboard lives."""

    def __init__(
        self,
        client: HiveClient,
        deliver: Callable[[HiveState], None],
        frame_s: float = FRAME_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Create a bridge; nothing is read before `run`.

        Args:
            client: Its `on_state` is taken over.
            deliver: Gets the newest state, on the loop.
            frame_s: Shortest time between two deliveries.
            clock: Seconds since the epoch.
        """
        self._client = client
        self._deliver = deliver
        self._frame_s = frame_s
        self._clock = clock
        self._state = HiveState()
        self._due: asyncio.TimerHandle | None = None
        self._last = float("-inf")
        client.on_state = self._linked

    async def run(self) -> None:
        """Read until cancelled."""
        try:
            async for update in self._client.updates():
                self._take(fold(self._state, update, self._clock()))
        finally:
            if self._due is not None:
                self._due.cancel()

    def _linked(self, connection: ConnectionState, reason: str | None) -> None:
        if connection == "connected":
            return  # the snapshot that follows brings both the link and the values
        self._take(relink(self._state, Link.LOST, reason))

    def _take(self, state: HiveState) -> None:
        self._state = state
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_at(max(loop.time(), self._last + self._frame_s), self._flush)

    def _flush(self) -> None:
        self._due = None
        self._last = asyncio.get_running_loop().time()
        self._deliver(self._state)
