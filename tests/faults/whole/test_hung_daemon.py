from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

from hive_tui.app.bridge import Bridge
from hive_tui.app.state import HiveState, Link
from hive_tui.client.stream import Client
from hive_tui.model.home import locate
from tests.hives import DEADLINE_S, Yard

ONE = """
[services.web]
run = "exec sleep 86400"
"""


async def test_the_dashboard_tells_that_the_daemon_hangs_and_goes_on_when_it_does(
    yard: Yard,
) -> None:
    yard.make_repo(ONE)
    yard.hive("spawn", "one", "--warm")
    pid = yard.daemon_pid()
    assert pid is not None
    client = Client(locate(yard.environ, uid=os.getuid()))
    told: asyncio.Queue[HiveState] = asyncio.Queue()
    bridge = Bridge(client, told.put_nowait, quiet_s=0.05, patience_s=0.2)
    running = asyncio.create_task(bridge.run())

    async def until(link: Link) -> HiveState:
        while (state := await told.get()).link is not link:
            pass
        return state

    try:
        async with asyncio.timeout(DEADLINE_S):
            before = await until(Link.LIVE)
            os.kill(pid, signal.SIGSTOP)
            silent = await until(Link.SILENT)
            assert silent.envs.keys() == before.envs.keys()
            os.kill(pid, signal.SIGCONT)
            await until(Link.LIVE)
            os.kill(pid, signal.SIGSTOP)
            await until(Link.SILENT)
            os.kill(pid, signal.SIGKILL)
            await until(Link.LOST)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await client.close()
