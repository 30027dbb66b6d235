"""The streams: everything once, then what changed; and the event log as it grows.

A client that reads slowly gets fewer and newer values, and costs nobody else anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.bus import Batch
from hive_tui.engine.hive import Hive
from hive_tui.model.environment import EnvDetail
from hive_tui.model.wire import Delta, HiveView, Snapshot

FRAME_S = 1 / 30
"""Shortest time between two deltas to a client."""

SNAPSHOT_EVENTS = 200


class Subscription:
    """Serves `subscribe` and `events`."""

    def __init__(self, hive: Hive) -> None:
        self._hive = hive

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {"subscribe": self._subscribe, "events": self._events}

    def tell_hive(self) -> None:
        """Publish the head line's figures, for those who look."""
        bus = self._hive.world.bus
        if bus.heard:
            bus.publish("hive", self._hive.view())

    async def _subscribe(self, params: dict[str, Any], emit: Emit) -> Any:
        batches = self._batches()
        try:
            await anext(batches)  # opens the mailbox: nothing between snapshot and deltas is lost
            await emit(
                Snapshot(
                    hive=self._hive.view(),
                    envs=tuple(live.detail() for live in self._hive.envs.values()),
                    events=self._hive.world.store.events(SNAPSHOT_EVENTS),
                )
            )
            async for batch in batches:
                await emit(_delta(batch))
                await asyncio.sleep(FRAME_S)
        finally:
            await batches.aclose()

    async def _events(self, params: dict[str, Any], emit: Emit) -> Any:
        env = params.get("env")
        batches = self._batches()
        try:
            await anext(batches)
            limit = int(params.get("limit") or SNAPSHOT_EVENTS)
            await emit({"events": self._hive.world.store.events(limit, env=env)})
            if not params.get("follow"):
                return {}
            async for batch in batches:
                events = [e for e in batch.events if env is None or e.env == env]
                if events:
                    await emit({"events": events})
        finally:
            await batches.aclose()

    async def _batches(self) -> AsyncGenerator[Batch, None]:
        """What changes from now on; the first batch is empty and comes at once."""
        there = asyncio.Event()
        bus = self._hive.world.bus
        mailbox = bus.subscribe(there.set)
        try:
            yield Batch({})
            while True:
                await there.wait()
                there.clear()
                yield mailbox.drain()
        finally:
            bus.unsubscribe(mailbox)


def _delta(batch: Batch) -> Delta:
    hive = batch.values.get("hive")
    envs = [value for value in batch.values.values() if isinstance(value, EnvDetail)]
    removed = [
        key[1]
        for key, value in batch.values.items()
        if isinstance(key, tuple) and key[0] == "env" and value is None
    ]
    return Delta(
        hive=hive if isinstance(hive, HiveView) else None,
        envs=tuple(envs),
        removed=tuple(removed),
        events=batch.events,
        dropped=batch.dropped,
    )
