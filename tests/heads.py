"""What the head line of the dashboard shows, as its client gets it."""

from __future__ import annotations

import asyncio
import os

from hive_tui.client.stream import Client
from hive_tui.model.home import locate
from hive_tui.model.wire import HiveView, Snapshot
from tests.hives import Yard


def of(yard: Yard) -> HiveView:
    """The figures of now."""
    return asyncio.run(_of(yard))


async def _of(yard: Yard) -> HiveView:
    client = Client(locate(yard.environ, uid=os.getuid()))
    try:
        await client.connect()
        async for update in client.updates():
            assert isinstance(update, Snapshot)
            return update.hive
        raise AssertionError("the daemon has hung up")
    finally:
        await client.close()
