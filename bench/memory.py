"""How true the bar of memory is, and what it costs: beside the kernel's own figures.

Ten envs, each with a heap and with a server that forks four workers, which share its pages.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from bench.figures import Figure
from bench.yards import PATIENCE_S, yard
from tests.hives import Yard

THEME = "memory: 10 envs of 2 services, 7 processes"

ENVS = 10

_PASS_S = 2.0
_GROWN = 12 << 20

_PROJECT = '''
[services.heap]
run = """exec python3 -c "
import signal, time
kept = [b'x' * (30 << 20)]
signal.signal(signal.SIGUSR1, lambda *_: kept.append(b'x' * (12 << 20)))
print('up', flush=True)
while True:
    time.sleep(1000)
" """
ready = { log = "up" }
[services.forks]
run = """exec python3 -c "
import os, time
kept = b'x' * (20 << 20)
for _ in range(4):
    if os.fork() == 0:
        time.sleep(100000)
print('up', flush=True)
time.sleep(100000)
" """
ready = { log = "up" }
'''


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """At rest, after growth, and what the daemon takes meanwhile.

    Args:
        quick: A shorter look.
        stack: Closes what has to be closed at the end.
    """
    with yard() as made:
        made.make_repo(_PROJECT)
        for number in range(ENVS):
            made.hive("spawn", f"env{number}", "--warm")
        leaders = [identity.pid for identity in made.runs().values()]
        members = _members(leaders)
        figures = [_settled(made, members, "bar beside the kernel's PSS, at rest")]
        figures += _beside(members)
        for pid in members:
            if _catches_usr1(pid):
                os.kill(pid, signal.SIGUSR1)
        time.sleep(2 * _PASS_S)
        name = f"the same, {2 * _PASS_S:g} s after half of it grew by {_GROWN >> 20} MB each"
        figures.append(_error(made, members, name))
        figures.append(_cost(made, 10.0 if quick else 30.0))
        return figures


def _settled(made: Yard, members: list[int], name: str) -> Figure:
    """The error once the daemon has read everybody's share.

    Raises:
        TimeoutError: It never comes near.
    """
    deadline = time.monotonic() + PATIENCE_S
    while (found := _error(made, members, name)).ok is False:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the bar is off by {found.value:.0f} % for {PATIENCE_S:g} s")
        time.sleep(_PASS_S)
    return found


def _error(made: Yard, members: list[int], name: str) -> Figure:
    envs = made.hive("list", "--json").json["environments"]
    bar, kernel = sum(env["memory_bytes"] or 0 for env in envs), _kernel(members)
    beside = f"bar {bar / 1e6:.0f} MB, kernel {kernel / 1e6:.0f} MB"
    return Figure(THEME, name, abs(bar - kernel) / kernel * 100, "%", aim=10.0, beside=beside)


def _beside(members: list[int]) -> list[Figure]:
    """What cheaper figures would have said."""
    kernel = _kernel(members)
    infos = [psutil.Process(pid).memory_info() for pid in members]
    rss = sum(info.rss for info in infos)
    private = sum(info.rss - info.shared for info in infos)
    return [
        Figure(THEME, "sum of RSS, off by", (rss - kernel) / kernel * 100, "%"),
        Figure(THEME, "RSS less shared files, off by", (private - kernel) / kernel * 100, "%"),
    ]


def _cost(made: Yard, look_s: float) -> Figure:
    pid = made.daemon_pid()
    if pid is None:
        raise ChildProcessError("the daemon is gone")
    daemon = psutil.Process(pid)
    used = _cpu_s(daemon)
    time.sleep(look_s)
    share = (_cpu_s(daemon) - used) / look_s
    return Figure(THEME, "daemon, share of a core", share * 100, "%", aim=1.0)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _kernel(members: Iterable[int]) -> int:
    """Sum of the processes' proportional shares, as the kernel has them now."""
    return sum(_field(f"/proc/{pid}/smaps_rollup", "Pss:", _kilobytes) for pid in members)


def _members(leaders: list[int]) -> list[int]:
    return [p.pid for p in psutil.process_iter() if os.getsid(p.pid) in leaders]


def _catches_usr1(pid: int) -> bool:
    bit = 1 << (signal.SIGUSR1 - 1)
    shell = psutil.Process(pid).name() in ("sh", "dash", "bash")
    return not shell and bool(_field(f"/proc/{pid}/status", "SigCgt:", _hexadecimal) & bit)


def _field(path: str, name: str, read: Callable[[str], int]) -> int:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return read(line.split()[1])
    raise LookupError(f"{path} has no {name}")


def _kilobytes(text: str) -> int:
    return int(text) * 1024


def _hexadecimal(text: str) -> int:
    return int(text, 16)
