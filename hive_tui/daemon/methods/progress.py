"""Progress events on their way from the engine, which never waits, to a client that may be slow."""

from __future__ import annotations

import asyncio
from typing import Any

from hive_tui.daemon.server import Emit


class Progress:
    """Carries progress events from the engine, which never waits, to a client that may be slow.

    Only the newest event of each step is kept for a client that has fallen behind.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._pending: dict[object, dict[str, Any]] = {}
        self._there = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Progress:
        self._pump = asyncio.ensure_future(self._run())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        if exc[0] is None:
            await self._flush()

    def put(self, event: dict[str, Any]) -> None:
        """Take one event."""
        key = (event.get("kind"), event.get("step"), event.get("state"))
        self._pending[key] = event
        self._there.set()

    async def _run(self) -> None:
        while True:
            await self._there.wait()
            self._there.clear()
            await self._flush()

    async def _flush(self) -> None:
        while self._pending:
            await self._emit(self._pending.pop(next(iter(self._pending))))
