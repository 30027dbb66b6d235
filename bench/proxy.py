"""The reverse proxy under load, beside the same server without it, in turns.

The whole of it: a real daemon, its program, a server that costs as little as one can. Requests a
second are counted by the processor time of the program, which has one thread: what shares the
machine does not count. Latency is measured at an even pace that leaves everybody room.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time

import psutil

from bench.figures import Figure, median, quantile, spread
from bench.yards import yard

THEME = "proxy: requests of 1 kB by name, beside the server itself"

_AT_ONCE = 16
"""Connections under full load."""

_PACED = 8
"""Connections at an even pace."""

_PACE_S = 0.02
"""Between two requests of one of those."""

_PACED_S = 1.5
"""How long one round of that takes: short, so that some fall into a quiet moment."""

_BODY = 1024

_SERVER = f"""
import asyncio, sys
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: {_BODY}\\r\\n\\r\\n"
ANSWER = HEAD + b"x" * {_BODY}
class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.held = transport, b""
    def data_received(self, data):
        *heads, self.held = (self.held + data).split(b"\\r\\n\\r\\n")
        for _ in heads:
            self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""

_REQUEST = (
    b"GET /items?page=2 HTTP/1.1\r\nHost: web.bench.localhost\r\nAccept: */*\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    b"Cookie: session=4711\r\n\r\n"
)


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Full load and an even pace, each directly and through the proxy in turns.

    Args:
        quick: Fewer rounds.
        stack: Closes what has to be closed at the end.
    """
    with yard() as made, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        base = made.port_base()
        made.make_repo(
            f"""
            [ports]
            base = {base}
            block = 10
            names = {{ web = 0 }}
            [services.web]
            run = "exec {sys.executable} server.py {{{{port.web}}}}"
            ready = {{ tcp = "web" }}
            """,
            {"server.py": _SERVER},
        )
        made.hive("spawn", "bench", "--warm")
        server = int(made.hive("url", "bench").out.strip().rpartition(":")[2].rstrip("/"))
        made.hive("proxy", "on", "--port", str(port))
        daemon_pid = made.daemon_pid()
        assert daemon_pid is not None
        daemon = psutil.Process(daemon_pid)
        asyncio.run(_load(port, 64, _AT_ONCE))  # its program has started
        program = psutil.Process(made.hive("proxy", "--json").json["proxy"]["pid"])
        rates: list[float] = []
        direct_rates: list[float] = []
        costs_s: list[float] = []
        daemons: list[float] = []
        through_s: list[list[float]] = []
        direct_s: list[list[float]] = []
        count = 4000 if quick else 10_000
        for _ in range(2 if quick else 5):
            direct_rates.append(count / asyncio.run(_load(server, count, _AT_ONCE)))
            before, before_daemon = _cpu_s(program), _cpu_s(daemon)
            took_s = asyncio.run(_load(port, count, _AT_ONCE))
            rates.append(count / took_s)
            costs_s.append((_cpu_s(program) - before) / count)
            daemons.append(100 * (_cpu_s(daemon) - before_daemon) / took_s)
            for _ in range(1 if quick else 3):
                direct_s.append(asyncio.run(_paced(server, _PACED_S)))
                through_s.append(asyncio.run(_paced(port, _PACED_S)))
    return _figures(rates, direct_rates, costs_s, daemons, through_s, direct_s)


def _figures(
    rates: list[float],
    direct_rates: list[float],
    costs_s: list[float],
    daemons: list[float],
    through_s: list[list[float]],
    direct_s: list[list[float]],
) -> list[Figure]:
    return [
        Figure(
            THEME,
            "requests a second on one core",
            1 / median(costs_s),
            aim=2000,
            at_least=True,
            beside=f"{median(costs_s) * 1e6:.0f} µs of processor each; by the clock, on "
            f"{os.cpu_count()} cores with client and server {median(rates):.0f} a second, "
            f"directly {median(direct_rates):.0f}",
        ),
        _added("p99", 0.99, through_s, direct_s, aim=5),
        _added("median", 0.5, through_s, direct_s),
        Figure(
            THEME,
            "processor of the daemon under that load",
            median(daemons),
            "%",
            aim=5,
            beside="of a core, what it does anyway included",
        ),
    ]


def _added(
    name: str,
    fraction: float,
    through_s: list[list[float]],
    direct_s: list[list[float]],
    aim: float | None = None,
) -> Figure:
    """What the proxy adds to a quantile; of several rounds the least: others only add to it."""
    through = [1000 * quantile(some, fraction) for some in through_s]
    direct = [1000 * quantile(some, fraction) for some in direct_s]
    return Figure(
        THEME,
        f"added latency, {name} at {_PACED / _PACE_S:.0f} a second",
        min(through) - min(direct),
        "ms",
        aim=aim,
        beside=f"through it {spread(through, ' ms')}, directly {spread(direct, ' ms')}",
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _load(port: int, count: int, connections: int) -> float:
    """As many requests as go, over some connections; how long all of them took."""
    began = time.perf_counter()
    each = count // connections
    await asyncio.gather(*(_one(port, each, 0.0) for _ in range(connections)))
    return time.perf_counter() - began


async def _paced(port: int, seconds: float) -> list[float]:
    """Requests at an even pace; how long each took."""
    each = int(seconds / _PACE_S)
    found = await asyncio.gather(
        *(_one(port, each, _PACE_S, at * _PACE_S / _PACED) for at in range(_PACED))
    )
    return [took for some in found for took in some]


async def _one(port: int, count: int, pace_s: float, first_s: float = 0.0) -> list[float]:
    await asyncio.sleep(first_s)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for _ in range(count):
        began = time.perf_counter()
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        await reader.readexactly(_BODY)
        took.append(time.perf_counter() - began)
        if pace_s:
            await asyncio.sleep(pace_s)
    writer.close()
    await writer.wait_closed()
    return took
