"""The dashboard in a real terminal of 200x60: first paint, keys, processor, logs, memory.

First paint and rest are measured on a real daemon; the rest on one that only talks
(`bench.busy_daemon`), since no machine has 200 envs that change 1,000 times a second.
"""

from __future__ import annotations

import contextlib
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil

from bench import big_log, responses
from bench.figures import Figure, median, spread
from bench.shown import SETTLED_S, busy, terminal
from bench.terminals import Terminal
from bench.yards import HIVE, yard

FIRST = "dashboard, 50 envs, real daemon"
FLEET = responses.FLEET
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


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """First paint and rest, the fleet in motion, keys beside a log, logs fast and big.

    Args:
        quick: Fewer rounds, shorter looks.
        stack: Closes what has to be closed at the end.
    """
    return [
        *_first(5 if quick else 15, 5.0 if quick else 15.0),
        *_fleet(5.0 if quick else 15.0),
        *responses.measure(30 if quick else 200),
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
            time.sleep(SETTLED_S)
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


def _fleet(look_s: float) -> list[Figure]:
    with busy("--envs", "200", "--changes", "1000") as made, terminal(made, HIVE) as shown:
        shown.until("env30")
        time.sleep(SETTLED_S)
        before = time.perf_counter()
        process = psutil.Process(shown.process.pid)
        used_s = _cpu_s(process)
        drawn = shown.during(look_s)
        passed_s = time.perf_counter() - before
        share = (_cpu_s(process) - used_s) / passed_s * 100
        fps = len(set(re.findall(r"cpu (\d+)%", drawn))) / passed_s
        rss = process.memory_info().rss / 1e6
    return [
        Figure(FLEET, "share of a core", share, "%", aim=35.0, beside=f"{rss:.0f} MB"),
        Figure(FLEET, "frames a second", fps, aim=20.0, at_least=True),
    ]


def _logs(look_s: float) -> list[Figure]:
    with busy("--envs", "1", "--lines", "120000") as made, terminal(made, HIVE) as shown:
        shown.until("env0")
        shown.until("following", "l")
        time.sleep(SETTLED_S)
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
