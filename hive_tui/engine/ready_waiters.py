"""Those who wait for a service to get ready. Decides nothing."""

from __future__ import annotations

import asyncio

from hive_tui.model.errors import HiveError


class ReadyWaiters:
    """All waits of one service. Needs the running loop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[float]] = set()

    async def wait(self) -> float:
        """Wait for the word; returns how late readiness was seen, in seconds.

        Raises:
            HiveError: What `fail` was told.
        """
        waiter: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            return await waiter
        finally:
            self._waiting.discard(waiter)

    def succeed(self, late_s: float) -> None:
        """It is ready."""
        for waiter in self._open():
            waiter.set_result(late_s)

    def fail(self, error: HiveError) -> None:
        """It is not, and why."""
        for waiter in self._open():
            waiter.set_exception(error)

    def cancel(self) -> None:
        """Nobody will know any more."""
        for waiter in self._open():
            waiter.cancel()

    def _open(self) -> list[asyncio.Future[float]]:
        return [waiter for waiter in self._waiting if not waiter.done()]
