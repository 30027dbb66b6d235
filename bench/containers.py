"""Containers: how soon a dependent starts once one is ready, and what twenty at rest cost.

The moment of readiness is when the program inside is about to be executed that listens: the time
of a file that it touches before. So what is measured contains the program's own start. It comes
seconds after the container's start, so that the engine is not still busy with starting others.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import time
from datetime import datetime

import psutil

from bench import crowd
from bench.figures import Figure, median, quantile
from bench.fleet import cpu_s, rest
from bench.yards import HIVE, Reports, yard
from tests import engines
from tests.stacks import Stack

READY = "containers: ready -> dependent runs"
IDLE = "containers: 20 at rest"

PENDING = 8
AT_REST = 20
_END = "end"
_TRUNCATED_S = 0.0005
"""What the trace's start, cut to milliseconds, lacks on average."""


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Readiness, then rest.

    Args:
        quick: Fewer rounds, a shorter look.
        stack: Closes what has to be closed at the end.
    """
    if (reason := engines.missing()) is not None:
        print(f"  left out: {reason}", flush=True)
        return []
    engines.busybox()
    figures = [*_readiness(2 if quick else 5), *_rest(10.0 if quick else 30.0)]
    return [*figures, *crowd.measure(quick)]


def _readiness(rounds: int) -> list[Figure]:
    with yard() as made:
        stack = Stack(made)
        reports = Reports(made.folder)
        touched = made.folder / "touched"
        touched.mkdir()
        try:
            rng = random.Random(PENDING)
            parts = []
            for n in range(PENDING):
                start = f"sleep {rng.uniform(4, 7):.3f}; touch /out/{n}"
                parts.append(
                    f"[services.s{n}]\nimage = 'IMAGE'\n"
                    f"command = ['sh', '-c', '{start}; exec httpd -f -p 80']\n"
                    f"ports = {{ p{n} = 80 }}\nvolumes = ['{touched}:/out']\n"
                    f"ready = {{ tcp = 'p{n}' }}\n"
                    f"[tasks.d{n}]\nrun = 'echo {n} > {reports.path}'\nneeds = ['s{n}']\n"
                )
            all_of_them = [f"d{n}" for n in range(PENDING)]
            parts.append(
                f"[tasks.end]\nrun = 'echo {_END} > {reports.path}'\nneeds = {all_of_them}\n"
            )
            stack.make("\n".join(parts))
            made.hive("spawn", "bench")
            delays_ms: list[float] = []
            words_ms: list[float] = []
            for _ in range(rounds):
                words = (HIVE, "warm", "bench")
                with subprocess.Popen(
                    words, cwd=made.repo, env=made.environ, stderr=subprocess.DEVNULL
                ) as warming:
                    seen = reports.until(_END, warming)
                started_s = _started_s(stack)
                for n in range(PENDING):
                    at_ns = os.stat(touched / str(n)).st_mtime_ns
                    words_ms.append((seen[str(n)] - at_ns) / 1e6)
                    delays_ms.append(started_s[f"d{n}"] * 1e3 - at_ns / 1e6)
                made.hive("stop", "bench")
        finally:
            reports.close()
            stack.close()
    beside = f"max {max(delays_ms):.1f} ms, n = {len(delays_ms)}"
    return [
        Figure(
            READY, "to the dependent's start, median", median(delays_ms), "ms", 15.0, False, beside
        ),
        Figure(READY, "to the dependent's start, p99", quantile(delays_ms, 0.99), "ms"),
        Figure(READY, "to the dependent's first word, median", median(words_ms), "ms"),
    ]


def _started_s(stack: Stack) -> dict[str, float]:
    """When each step of the last transition began, in seconds since the epoch."""
    trace = stack.yard.hive("trace", "bench", "--json").json
    began = datetime.fromisoformat(trace["started"]).timestamp() + _TRUNCATED_S
    return {step["name"]: began + step["started_s"] for step in trace["steps"]}


def _rest(look_s: float) -> list[Figure]:
    with yard() as made:
        stack = Stack(made)
        try:
            service = "image = 'IMAGE'\ncommand = 'sleep 86400'\n"
            stack.make("".join(f"[services.s{n}]\n{service}" for n in range(AT_REST)))
            made.hive("spawn", "bench", "--warm")
            pid = made.daemon_pid()
            if pid is None:
                raise ChildProcessError("the daemon is gone")
            daemon = psutil.Process(pid)
            rest(daemon)
            share, engine = _shares(daemon, look_s)
            rss = daemon.memory_info().rss / 1e6
            made.hive("daemon", "stop")
            _, alone = _shares(None, look_s)
            running = len(stack.left()["containers"])
        finally:
            stack.close()
    return [
        Figure(IDLE, "daemon, share of a core", share * 100, "%", aim=1.0),
        Figure(IDLE, "daemon, RSS", rss, "MB"),
        Figure(
            IDLE,
            "engine, share of a core",
            engine * 100,
            "%",
            beside=f"without a daemon of hive: {alone * 100:.2f} %",
        ),
        Figure(IDLE, "containers that ran", running, aim=AT_REST, at_least=True),
    ]


def _shares(daemon: psutil.Process | None, look_s: float) -> tuple[float, float]:
    """What a daemon and the engines of this machine use of a core meanwhile."""
    names = ("dockerd", "containerd")
    found = [process for process in psutil.process_iter(["name"]) if process.name() in names]
    began = time.monotonic()
    before = sum(map(cpu_s, found)), cpu_s(daemon) if daemon is not None else 0.0
    time.sleep(look_s)
    took_s = time.monotonic() - began
    after = sum(map(cpu_s, found)), cpu_s(daemon) if daemon is not None else 0.0
    return (after[1] - before[1]) / took_s, (after[0] - before[0]) / took_s
