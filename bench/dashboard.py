"""The dashboard in a real terminal of 200x60: first paint, keys, processor, logs, memory.

First paint and rest are measured on a real daemon; the rest on one that only talks
(`bench.busy_daemon`), since no machine has 200 envs that change 1,000 times a second.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bench import big_log
from bench.figures import Figure, median, quantile, spread
from bench.terminals import Terminal
from bench.yards import HIVE, PATIENCE_S, yard
from tests.hives import Yard

FIRST = "dashboard, 50 envs, real daemon"
FLEET = "dashboard, 200 envs, 1,000 changes a second"
KEYS = "dashboard, 20 envs warm, a log of 10,000 lines a second"
LOGS = "dashboard, a log of 120,000 lines a second"

ENVS = 50

_HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello")
Hello().run()
"""
_SERVICES = 'when = "manual"\nrun = "exec sleep 86400"\n'
_SETTLED_S = 2.0


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """First paint and rest, the fleet in motion, keys beside a log, logs fast and big.

    Args:
        quick: Fewer rounds, shorter looks.
        stack: Closes what has to be closed at the end.
    """
    return [
        *_first(5 if quick else 15, 5.0 if quick else 15.0),
        *_fleet(30 if quick else 200, 5.0 if quick else 15.0),
        *_keys(30 if quick else 200),
        *_logs(5.0 if quick else 15.0),
        *big_log.measure(quick),
    ]


def _first(rounds: int, look_s: float) -> list[Figure]:
    with yard() as made:
        made.make_repo("".join(f"[services.s{n}]\n{_SERVICES}" for n in range(6)))
        print(f"  {ENVS} envs", flush=True)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: made.hive("spawn", f"env{n}"), range(ENVS)))
        hello = (sys.executable, "-c", _HELLO)
        took: dict[str, list[float]] = {"hive": [], "hello": []}
        for _ in range(rounds):
            with terminal(made, *hello) as bare:
                took["hello"].append(bare.until("hello") * 1e3)
            with terminal(made, HIVE) as shown:
                took["hive"].append(shown.until("env30") * 1e3)
        with terminal(made, HIVE) as shown:
            shown.until("env30")
            time.sleep(_SETTLED_S)
            share, rss = _used(shown, look_s)
    floor = median(took["hello"])
    beside = f"{spread(took['hive'], ' ms')}; a bare Textual hello {floor:.0f} ms"
    return [
        Figure(
            FIRST,
            "start to the first paint, median",
            median(took["hive"]),
            "ms",
            aim=500.0,
            beside=beside,
        ),
        Figure(FIRST, "at rest, share of a core", share, "%", aim=1.0),
        Figure(FIRST, "at rest, RSS", rss, "MB", aim=80.0),
    ]


def _fleet(rounds: int, look_s: float) -> list[Figure]:
    with busy("--envs", "200", "--changes", "1000") as made:
        with terminal(made, HIVE) as shown:
            shown.until("env30")
            time.sleep(_SETTLED_S)
            before = time.perf_counter()
            process = psutil.Process(shown.process.pid)
            used_s = _cpu_s(process)
            drawn = shown.during(look_s)
            passed_s = time.perf_counter() - before
            share = (_cpu_s(process) - used_s) / passed_s * 100
            fps = len(set(re.findall(r"cpu (\d+)%", drawn))) / passed_s
            rss = process.memory_info().rss / 1e6
        with watched(made) as (shown, late_ms):
            shown.until("env30")
            time.sleep(_SETTLED_S)
            keys_ms = _marking(shown, rounds)
    return [
        Figure(FLEET, "share of a core", share, "%", aim=35.0, beside=f"{rss:.0f} MB"),
        Figure(FLEET, "frames a second", fps, aim=20.0, at_least=True),
        *_responses(FLEET, "mark an env", keys_ms, late_ms),
    ]


def _keys(rounds: int) -> list[Figure]:
    load = ("--envs", "50", "--moving", "20", "--changes", "200", "--lines", "10000")
    with busy(*load) as made, watched(made) as (shown, late_ms):
        shown.until("env30")
        shown.until("following", "l")
        time.sleep(_SETTLED_S)
        keys_ms = []
        for _ in range(rounds // 2):
            keys_ms.append(shown.until(" held", "f") * 1e3)
            time.sleep(0.1)
            keys_ms.append(shown.until(" following", "f") * 1e3)
            time.sleep(0.1)
    return _responses(KEYS, "hold the log, or follow", keys_ms, late_ms)


def _logs(look_s: float) -> list[Figure]:
    with busy("--envs", "1", "--lines", "120000") as made, terminal(made, HIVE) as shown:
        shown.until("env0")
        shown.until("following", "l")
        time.sleep(_SETTLED_S)
        process = psutil.Process(shown.process.pid)
        used_s, before = _cpu_s(process), time.perf_counter()
        numbers = shown.numbers(look_s)
        passed_s = time.perf_counter() - before
        share = (_cpu_s(process) - used_s) / passed_s * 100
        rss = process.memory_info().rss / 1e6
    followed = (max(numbers) - min(numbers)) / passed_s
    return [
        Figure(LOGS, "lines followed a second", followed, aim=100_000, at_least=True),
        Figure(LOGS, "share of a core", share, "%"),
        Figure(LOGS, "RSS, 50,000 lines kept", rss, "MB", aim=80.0),
    ]


def _marking(shown: Terminal, rounds: int) -> list[float]:
    """Milliseconds from the key to the count of marked envs, one mark a round."""
    took = []
    for at in range(1, rounds + 1):
        took.append(shown.until(f"{at} env{'s' if at > 1 else ''} marked", " ") * 1e3)
        time.sleep(0.05)
    return took


def _responses(theme: str, key: str, keys_ms: list[float], late_ms: list[float]) -> list[Figure]:
    return [
        Figure(
            theme,
            f"key to paint ({key}), p99",
            quantile(keys_ms, 0.99),
            "ms",
            aim=50.0,
            beside=f"median {median(keys_ms):.0f} ms of {len(keys_ms)}",
        ),
        Figure(
            theme,
            "the loop is late, p99",
            quantile(late_ms, 0.99),
            "ms",
            aim=16.0,
            beside=f"at most {max(late_ms):.0f} ms",
        ),
    ]


def _used(shown: Terminal, look_s: float) -> tuple[float, float]:
    """Percent of a core over a while, and MB of memory after it."""
    process = psutil.Process(shown.process.pid)
    used_s, before = _cpu_s(process), time.perf_counter()
    time.sleep(look_s)
    share = (_cpu_s(process) - used_s) / (time.perf_counter() - before) * 100
    return share, process.memory_info().rss / 1e6


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextlib.contextmanager
def terminal(made: Yard, *argv: str) -> Iterator[Terminal]:
    """A program in a terminal, ended with the block."""
    opened = Terminal(argv, made.environ, made.folder)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def watched(made: Yard) -> Iterator[tuple[Terminal, list[float]]]:
    """The dashboard; after the block the list holds how late its loop ran, in milliseconds.

    The time before it settled is left out.
    """
    noted = made.folder / "late"
    late_ms: list[float] = []
    with terminal(made, sys.executable, "-m", "bench.watched", str(noted)) as shown:
        yield shown, late_ms
        shown.leave("\x11")
    began = shown.began + _SETTLED_S
    for line in noted.read_text().splitlines():
        at, late_s = map(float, line.split())
        if at > began:
            late_ms.append(late_s * 1e3)


@contextlib.contextmanager
def busy(*words: str) -> Iterator[Yard]:
    """A home whose daemon only talks (`bench.busy_daemon`), ended with the block."""
    root = str(Path(__file__).parents[1])
    with yard(PYTHONPATH=root) as made:
        talking = subprocess.Popen(
            (sys.executable, "-m", "bench.busy_daemon", *words),
            env=made.environ,
            cwd=made.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert talking.stdout is not None
            if not talking.stdout.readline():
                raise ChildProcessError("the talking daemon ended")
            yield made
        finally:
            talking.communicate(timeout=PATIENCE_S)
