"""Fifty envs with six services each, nothing changing: what the commands take, what the daemon.

The services are real processes that sleep.
"""

from __future__ import annotations

import contextlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bench.figures import Figure, median, quantile
from bench.yards import HIVE, PATIENCE_S, timed_s, yard
from tests.hives import Yard

COMMANDS = "commands, whole process, 50 envs"
IDLE = "idle: 50 envs x 6 services"

ENVS, SERVICES = 50, 6

_SPAWN_AT_ONCE = 4
_LOOK_S = 1.0
_CALM_CPU_S = 0.05
"""What the daemon uses at most between two looks once it is at rest."""


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Commands, then the daemon at rest.

    Args:
        quick: Fewer runs, a shorter look.
        stack: Closes what has to be closed at the end.
    """
    with yard() as made:
        services = (f"[services.s{n}]\nrun = 'exec sleep 86400'\n" for n in range(SERVICES))
        made.make_repo("\n".join(services))
        print(f"  {ENVS} envs of {SERVICES} services", flush=True)
        with ThreadPoolExecutor(_SPAWN_AT_ONCE) as pool:
            list(pool.map(lambda n: made.hive("spawn", f"env{n}", "--warm"), range(ENVS)))
        pid = made.daemon_pid()
        if pid is None:
            raise ChildProcessError("the daemon is gone")
        daemon = psutil.Process(pid)
        rest(daemon)
        return [*_idle(made, daemon, 10.0 if quick else 30.0), *_commands(made, 9 if quick else 25)]


def _commands(made: Yard, rounds: int) -> list[Figure]:
    asked = {
        "hive list --json": (HIVE, "list", "--json"),
        "hive --help": (HIVE, "--help"),
        "python -c pass": (sys.executable, "-c", "pass"),
        "python -I -S -c pass": (sys.executable, "-I", "-S", "-c", "pass"),
    }
    aims = {"hive list --json": 100.0, "hive --help": 60.0}
    took_ms: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, words in asked.items():
            took_ms[name].append(timed_s(made, *words) * 1e3)
    return [
        Figure(
            COMMANDS,
            f"{name}, median",
            median(some),
            "ms",
            aim=aims.get(name),
            beside=f"p99 {quantile(some, 0.99):.0f} ms, least {min(some):.0f} ms"
            + ("" if name in aims else "; a floor"),
        )
        for name, some in took_ms.items()
    ]


def _idle(made: Yard, daemon: psutil.Process, look_s: float) -> list[Figure]:
    used_s, faults, began = cpu_s(daemon), _collected_faults(daemon.pid), time.monotonic()
    time.sleep(look_s)
    share = (cpu_s(daemon) - used_s) / (time.monotonic() - began)
    figures = [
        Figure(IDLE, "daemon, share of a core", share * 100, "%", aim=1.0),
        Figure(IDLE, "daemon, RSS", daemon.memory_info().rss / 1e6, "MB", aim=120.0),
    ]
    if faults is not None:
        more = (_collected_faults(daemon.pid) or 0) - faults
        name = "page faults of processes that it started"
        beside = f"in {look_s:g} s; none started: 0"
        figures.append(Figure(IDLE, name, more, aim=0, beside=beside))
    services = sum(len(run) > 0 for run in made.runs())
    figures.append(Figure(IDLE, "services that ran", services, aim=ENVS * SERVICES, at_least=True))
    return figures


def rest(daemon: psutil.Process) -> None:
    """Wait until the daemon has come to rest.

    Raises:
        TimeoutError: It never does.
    """
    deadline = time.monotonic() + PATIENCE_S
    used_s = -1.0
    while time.monotonic() < deadline:
        before_s, used_s = used_s, cpu_s(daemon)
        if used_s - before_s < _CALM_CPU_S:
            return
        time.sleep(_LOOK_S)
    raise TimeoutError(f"the daemon is not at rest within {PATIENCE_S:g} s")


def cpu_s(process: psutil.Process) -> float:
    """Processor time of a process and of the children that it collected."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _collected_faults(pid: int) -> int | None:
    """Minor page faults of all children that were collected, field 11 of /proc/PID/stat.

    No process runs without one, so that this tells also of the shortest. `None` without /proc.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[8])
