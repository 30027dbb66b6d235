"""The one way from the daemon's updates to the screens: folded, at most once a frame.

Updates are folded newest-per-env before anything is posted, so a burst of any size costs the
screens one message a frame. A daemon that is silent for long is asked whether it is there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hive_tui.app.state import HiveState, Link, fold, relink, silenced
from hive_tui.client.protocol import ConnectionState, HiveClient
from hive_tui.model.errors import HiveError

FRAME_S = 1 / 25
"""Shortest time between two deliveries, in seconds."""

QUIET_S = 4.0
"""After so long without a word the daemon is asked for one, in seconds."""

PATIENCE_S = 2.0
"""How long it may take to answer before that is told, in seconds."""


class Bridge:
    """Reads the client's updates for as long as the dashboard lives."""

    def __init__(
        self,
        client: HiveClient,
        deliver: Callable[[HiveState], None],
        *,
        frame_s: float = FRAME_S,
        quiet_s: float = QUIET_S,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Create a bridge; nothing is read before `run`.

        Args:
            client: Its `on_state` is taken over.
            deliver: Gets the newest state, on the loop.
            frame_s: Shortest time between two deliveries.
            quiet_s: After so long without a word the daemon is asked for one.
            patience_s: How long it may take to answer.
            clock: Seconds since the epoch.
        """
        self._client = client
        self._deliver = deliver
        self._frame_s = frame_s
        self._quiet_s = quiet_s
        self._patience_s = patience_s
        self._clock = clock
        self._state = HiveState()
        self._due: asyncio.TimerHandle | None = None
        self._last = float("-inf")
        self._heard_at = float("-inf")
        """On the loop's clock."""
        self._heard = 0.0
        """In seconds since the epoch."""
        client.on_state = self._linked

    async def run(self) -> None:
        """Read until cancelled."""
        try:
            async with asyncio.TaskGroup() as both:
                watch = both.create_task(self._watch())
                async for update in self._client.updates():
                    self._hear()
                    self._take(fold(self._state, update, self._heard))
                watch.cancel()
        finally:
            if self._due is not None:
                self._due.cancel()

    def _linked(self, connection: ConnectionState, reason: str | None) -> None:
        if connection == "connected":
            return  # the snapshot that follows brings both the link and the values
        link = Link.REFUSED if connection == "failed" else Link.LOST
        self._take(relink(self._state, link, reason))

    def _hear(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._heard = self._clock()

    async def _watch(self) -> None:
        """Ask a daemon that says nothing for a word, and tell when it owes one."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._quiet_s)
            if self._owes() and loop.time() - self._heard_at >= self._quiet_s:
                await self._ask()

    async def _ask(self) -> None:
        """One question at a time: a daemon that wakes finds no heap of them, and answers at once.

        A refusal or a lost connection says nothing here: the updates' own connection tells.
        """
        asked = asyncio.create_task(self._client.call("daemon.status"))
        try:
            done, _ = await asyncio.wait({asked}, timeout=self._patience_s)
            if not done and self._state.link is Link.LIVE:
                self._take(silenced(self._state, self._heard))
            await asked
        except HiveError:
            return
        finally:
            asked.cancel()
        self._hear()
        if self._state.link is Link.SILENT:
            self._take(relink(self._state, Link.LIVE))

    def _owes(self) -> bool:
        """Whether there is a daemon at the other end that ought to answer."""
        return self._state.link in (Link.LIVE, Link.SILENT)

    def _take(self, state: HiveState) -> None:
        self._state = state
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_at(max(loop.time(), self._last + self._frame_s), self._flush)

    def _flush(self) -> None:
        self._due = None
        self._last = asyncio.get_running_loop().time()
        self._deliver(self._state)
