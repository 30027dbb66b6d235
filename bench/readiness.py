"""Measures how soon an open port is seen while 50 waits are pending: the shared scan and a peer.

The peer connects to its port every 10 ms, one loop per wait, as most tools do at best.

    python bench/readiness.py [rounds]
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from hive_tui.drivers.http import get_status
from hive_tui.drivers.logs import LogFiles
from hive_tui.drivers.sockets import listening
from hive_tui.engine.protocols import Exit, Identity, Processes
from hive_tui.engine.readiness import Readiness
from hive_tui.model.project import Ready, ReadyKind

PENDING = 50
ROUNDS = 4
POLL_S = 0.01

Wait = Callable[[int], Awaitable[object]]


class MachineClock:
    """The machine's time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class ThisProcess:
    """A session that consists of this process."""

    def members(self, identity: Identity) -> tuple[int, ...]:
        return (identity.pid,)

    def alive(self, identity: Identity) -> bool:
        return True


async def round_of(wait: Wait) -> tuple[list[float], float]:
    """Delays in seconds of one round, and the processor's share that it took.

    A thread opens the ports one by one, at irregular distances.
    """
    opened: dict[int, float] = {}
    delays: list[float] = []
    servers = [socket.socket() for _ in range(PENDING)]
    for server in servers:
        server.bind(("127.0.0.1", 0))
    ports = [server.getsockname()[1] for server in servers]

    async def one(port: int) -> None:
        await wait(port)
        delays.append(time.perf_counter() - opened[port])

    def open_all() -> None:
        for place, (port, server) in enumerate(zip(ports, servers, strict=True)):
            time.sleep(0.02 + (place * 7919 % 101) / 5000)
            opened[port] = time.perf_counter()
            server.listen()

    tasks = [asyncio.ensure_future(one(port)) for port in ports]
    await asyncio.sleep(0)
    began, cpu = time.perf_counter(), time.process_time()
    opener = threading.Thread(target=open_all)
    opener.start()
    await asyncio.gather(*tasks)
    share = (time.process_time() - cpu) / (time.perf_counter() - began)
    opener.join()
    for server in servers:
        server.close()
    return delays, share


async def connect_every_10_ms(port: int) -> None:
    """The peer: one connection after the other until one succeeds."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(POLL_S)
            continue
        writer.close()
        return


async def measure(name: str, wait: Wait, rounds: int) -> None:
    """Print the figures of one way to wait."""
    delays: list[float] = []
    shares: list[float] = []
    for _ in range(rounds):
        some, share = await round_of(wait)
        delays += some
        shares.append(share)
    cuts = statistics.quantiles(delays, n=100)
    print(
        f"{name:<28} median {cuts[49] * 1e3:6.2f} ms   p99 {cuts[98] * 1e3:6.2f} ms   "
        f"max {max(delays) * 1e3:6.2f} ms   CPU {statistics.mean(shares):6.1%}   n={len(delays)}"
    )


async def main(rounds: int) -> None:
    """Measure the shared scan, then the peer."""
    with tempfile.TemporaryDirectory() as folder:
        logs = LogFiles(Path(folder), max_bytes=1 << 20)
        readiness = Readiness(
            listening(),
            logs,
            cast("Processes", ThisProcess()),
            MachineClock(),
            http_status=get_status,
        )
        identity = Identity(os.getpid(), 0, "", "")

        async def shared_scan(port: int) -> float:
            died: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
            return await readiness.wait(
                Ready(ReadyKind.TCP, "web", 60.0),
                env_uid="bench",
                source="web",
                value="web",
                port=port,
                identity=identity,
                log_offset=0,
                died=died,
                expected_s=None,
                exec_probe=None,
            )

        print(f"port opens -> wait returns, {PENDING} pending")
        await measure("shared scan (hive)", shared_scan, rounds)
        await measure("each connects every 10 ms", connect_every_10_ms, rounds)
        logs.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
