"""How soon an open port is seen while 50 waits are pending: `hive warm`, its scan, and a peer.

The whole daemon: each of 50 services notes when it begins to listen, and its dependent reports when
it runs. The scan alone: from the opening of a port to the end of the wait, beside a peer that
connects to its port every 10 ms, one loop per wait, as most tools do at best.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import cast

from bench.figures import Figure, median, quantile
from bench.yards import HIVE, PATIENCE_S, Reports, yard
from hive_tui.daemon.composition import SystemClock
from hive_tui.drivers.http import get_status
from hive_tui.drivers.logs import LogFiles
from hive_tui.drivers.sockets import listening
from hive_tui.engine.protocols import Exit, Identity, Processes
from hive_tui.engine.readiness import Readiness
from hive_tui.model.project import Ready, ReadyKind
from tests.hives import Yard

PENDING = 50

THEME = f"readiness: port opens -> dependent runs, {PENDING} pending"

POLL_S = 0.01

_TRUNCATED_S = 0.0005
"""What the trace's start, cut to milliseconds, lacks on average."""

_SERVICE = """
import _socket, posix, sys, time
s = _socket.socket()
s.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
time.sleep(float(sys.argv[2]) + posix.getpid() * 7919 % 1000 / 2000)
at = time.time_ns()
s.listen(9)
with open(sys.argv[3], "w") as file:
    file.write(str(at))
time.sleep(3600)
"""
"""Opens its port some time after its start, up to 0.5 s later than it usually does."""

Wait = Callable[[int], Awaitable[object]]


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """The whole daemon, then the scan alone and the peer.

    Args:
        quick: Fewer rounds.
        stack: Closes what has to be closed at the end.
    """
    rounds = 2 if quick else 4
    with yard(HIVE_SLOTS=str(PENDING)) as made:
        reports = Reports(made.folder)
        opened = made.folder / "opened"
        opened.mkdir()
        made.make_repo(_toml(opened, reports), {"service.py": _SERVICE})
        made.hive("spawn", "bench")
        starts_s: list[float] = []
        words_s: list[float] = []
        for _ in range(rounds):
            some, others = _warm(made, opened, reports)
            starts_s += some
            words_s += others
        floor_ms = median([_launch_s(made, reports) for _ in range(20)]) * 1e3
        reports.close()
    floor = f"a shim, a shell and its word alone: {floor_ms:.1f} ms"
    return [
        *_figures("hive warm, to the dependent's start", starts_s, (5.0, 25.0)),
        *_figures("hive warm, to the dependent's first word", words_s, beside=floor),
        *asyncio.run(_alone(rounds)),
    ]


def _figures(
    name: str, delays_s: list[float], aims: tuple[float, float] | None = None, beside: str = ""
) -> list[Figure]:
    values = (("median", median(delays_s)), ("p99", quantile(delays_s, 0.99)))
    beside = beside or f"max {max(delays_s) * 1e3:.1f} ms, n = {len(delays_s)}"
    return [
        Figure(THEME, f"{name}, {which}", value * 1e3, "ms", aim=aim, beside=beside)
        for (which, value), aim in zip(values, aims or (None, None), strict=True)
    ]


def _toml(opened: Path, reports: Reports) -> str:
    rng = random.Random(PENDING)
    parts = [f"[ports]\nnames = {{ {', '.join(f's{n} = {n}' for n in range(PENDING))} }}\n"]
    for n in range(PENDING):
        program = f"exec {shlex.quote(sys.executable)} -I -S service.py"
        parts.append(
            f"[services.s{n}]\n"
            f"run = '''{program} {{{{port.s{n}}}}} {rng.uniform(2, 6):.4f} {opened}/{n}'''\n"
            f'ready = {{ tcp = "s{n}" }}\n'
            f"[tasks.d{n}]\nrun = 'echo {n} > {reports.path}'\nneeds = ['s{n}']\n"
        )
    return "\n".join(parts)


def _warm(made: Yard, opened: Path, reports: Reports) -> tuple[list[float], list[float]]:
    """Delays of one warm, from just before `listen()`.

    Returns:
        To the start of each dependent's step, by hive's trace; to its first word, by our clock.
    """
    made.hive("stop", "bench")
    reports.clear()
    process = subprocess.Popen(
        (HIVE, "warm", "bench", "--json"),
        cwd=made.repo,
        env=made.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ran: dict[str, int] = {}
    deadline = time.monotonic() + PATIENCE_S
    while len(ran) < PENDING and time.monotonic() < deadline:
        ran.update((word, at_ns) for at_ns, word in reports.read(1.0))
    if process.wait() != 0 or len(ran) < PENDING:
        raise ChildProcessError(f"hive warm failed, {len(ran)} of {PENDING} dependents ran")
    trace = made.hive("trace", "bench", "--json").json
    zero_s = datetime.fromisoformat(trace["started"]).timestamp() + _TRUNCATED_S
    started_s = {step["name"]: zero_s + step["started_s"] for step in trace["steps"]}
    opened_ns = {word: int((opened / word).read_text()) for word in ran}
    return (
        [started_s[f"d{word}"] - at_ns / 1e9 for word, at_ns in opened_ns.items()],
        [(ran[word] - at_ns) / 1e9 for word, at_ns in opened_ns.items()],
    )


def _launch_s(made: Yard, reports: Reports) -> float:
    """The floor of a first word: what a shell in a shell takes to report."""
    script = f"echo floor > {reports.path}"
    began_ns = time.time_ns()
    process = subprocess.Popen(("/bin/sh", "-c", '"$@"; exit 0', "x", "/bin/sh", "-c", script))
    took_s = (reports.until("floor", process)["floor"] - began_ns) / 1e9
    process.wait()
    return took_s


class _ThisProcess:
    """A session that consists of this process."""

    def members(self, identity: Identity) -> tuple[int, ...]:
        return (identity.pid,)

    def descendants(self, identity: Identity) -> tuple[int, ...]:
        return (identity.pid,)

    def alive(self, identity: Identity) -> bool:
        return True


async def _alone(rounds: int) -> list[Figure]:
    """The shared scan without a daemon around it, and the peer."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        logs = LogFiles(Path(folder), max_bytes=1 << 20)
        readiness = Readiness(
            listening(),
            logs,
            cast("Processes", _ThisProcess()),
            SystemClock(),
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

        ways = {"the scan alone": shared_scan, "each connects every 10 ms": _connect}
        for name, wait in ways.items():
            delays_s: list[float] = []
            shares: list[float] = []
            for _ in range(rounds):
                some, share = await _round(wait)
                delays_s += some
                shares.append(share)
            beside = f"CPU {sum(shares) / len(shares):.1%} of a core, n = {len(delays_s)}"
            figures += _figures(name, delays_s, beside=beside)
        logs.close()
    return figures


async def _round(wait: Wait) -> tuple[list[float], float]:
    """Delays in seconds of one round, and the processor's share that it took.

    A thread opens the ports one by one, at irregular distances.
    """
    opened: dict[int, float] = {}
    delays_s: list[float] = []
    servers = [socket.socket() for _ in range(PENDING)]
    for server in servers:
        server.bind(("127.0.0.1", 0))
    ports = [server.getsockname()[1] for server in servers]

    async def one(port: int) -> None:
        await wait(port)
        delays_s.append(time.perf_counter() - opened[port])

    def open_all() -> None:
        for place, (port, server) in enumerate(zip(ports, servers, strict=True)):
            time.sleep(0.02 + (place * 7919 % 101) / 5000)
            opened[port] = time.perf_counter()
            server.listen()

    tasks = [asyncio.ensure_future(one(port)) for port in ports]
    await asyncio.sleep(0)
    began, cpu_s = time.perf_counter(), time.process_time()
    opener = threading.Thread(target=open_all)
    opener.start()
    await asyncio.gather(*tasks)
    share = (time.process_time() - cpu_s) / (time.perf_counter() - began)
    opener.join()
    for server in servers:
        server.close()
    return delays_s, share


async def _connect(port: int) -> None:
    """The peer: one connection after the other until one succeeds."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(POLL_S)
            continue
        writer.close()
        return
