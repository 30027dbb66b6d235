"""A log of a gigabyte in the dashboard, beside what pagers need: opened, searched, followed.

The daemon and the file are real; the file lies in the bench's own folder and goes with it.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.figures import Figure, median, quantile, spread
from bench.terminals import ROWS, Terminal
from bench.writer import writing
from bench.yards import HIVE, yard
from tests.hives import Yard

BIG = "dashboard, a log of a gigabyte, real daemon"
FLOOD = "dashboard, a log that is written at 120,000 lines a second, real daemon"

_LINE = (
    b"2026-01-01 12:00:00 line%09d \x1b[32mINFO\x1b[0m GET /api/items/4711?sort=price&page=3"
    b" 200 in 12.3 ms, 1482 bytes\n"
)
_AT_ONCE = 20_000
_SETTLED_S = 2.0
_TOML = """
[logs]
max_mb = 4000
[services.api]
run = "exec sleep 86400"
"""


def measure(quick: bool) -> list[Figure]:
    """Opened at its end, searched to its start, given up; then a log that grows.

    Args:
        quick: A smaller log, fewer rounds.
    """
    with yard() as made:
        made.make_repo(_TOML)
        made.hive("spawn", "one")
        made.hive("warm", "one")
        log = next(made.home.glob("logs/*/api.log"))
        megabytes = 128 if quick else 1024
        print(f"  a log of {megabytes} MB", flush=True)
        _write(log, megabytes)
        return [*_big(made, log, 5 if quick else 15), *_flood(made, log, 5.0 if quick else 15.0)]


def _big(made: Yard, log: Path, rounds: int) -> list[Figure]:
    size = log.stat().st_size
    daemon = psutil.Process(int((made.home / "daemon.lock").read_text()))
    before = daemon.memory_info().rss
    opened, floors, given_up = [], _floors(made, log, rounds), []
    with _terminal(made, HIVE) as shown:
        shown.until("one")
        time.sleep(_SETTLED_S)
        for at in range(rounds):
            last = _append(log, b"round%03d" % at)
            opened.append(shown.until(last, "l") * 1e3)
            shown.until("warm", "\x1b")
            time.sleep(0.2)
        shown.until("following", "l")
        shown.until("first needle", "/first needle")
        found_s = shown.until("the very ", "\r")
        shown.until("following", "G")
        for at in range(rounds):
            shown.until(f"nowhere{at}", f"/nowhere{at}")
            shown.until("searching back", "\r")
            given_up.append(shown.until("given up", "\x1b") * 1e3)
        rss = psutil.Process(shown.process.pid).memory_info().rss / 1e6
    grown = (daemon.memory_info().rss - before) / 1e6
    beside = "; ".join(f"{name} {median(took):.0f} ms" for name, took in floors.items())
    return [
        Figure(
            BIG,
            f"{size / 1e6:.0f} MB opened at its end, key to paint, median",
            median(opened),
            "ms",
            aim=300.0,
            beside=f"{spread(opened, ' ms')}; {beside}",
        ),
        Figure(BIG, "searched back to its first line", size / found_s / 1e6, "MB/s"),
        Figure(
            BIG,
            "a search given up, key to paint, p99",
            quantile(given_up, 0.99),
            "ms",
            aim=50.0,
            beside=f"median {median(given_up):.0f} ms of {len(given_up)}",
        ),
        Figure(BIG, "RSS of the dashboard after all this", rss, "MB", aim=80.0),
        Figure(BIG, "growth of the daemon's RSS by all this", grown, "MB", aim=20.0),
    ]


def _flood(made: Yard, log: Path, look_s: float) -> list[Figure]:
    with _terminal(made, HIVE) as shown:
        shown.until("one")
        shown.until("following", "l")
        with writing(log, 120_000) as written:
            time.sleep(_SETTLED_S)
            process, before = psutil.Process(shown.process.pid), time.perf_counter()
            used_s = sum(process.cpu_times()[:2])
            drawn = shown.numbers(look_s)
            passed_s = time.perf_counter() - before
            share = (sum(process.cpu_times()[:2]) - used_s) / passed_s * 100
            behind = written() - max(drawn)
    followed = (max(drawn) - min(drawn)) / passed_s
    return [
        Figure(FLOOD, "lines followed a second", followed, aim=100_000, at_least=True),
        Figure(FLOOD, "behind the writer at the end", behind, "lines"),
        Figure(FLOOD, "share of a core", share, "%"),
    ]


def _floors(made: Yard, log: Path, rounds: int) -> dict[str, list[float]]:
    """What pagers that are installed need for the same, from the start of the program."""
    pagers = {
        "tail": ("tail", "-n", str(ROWS - 1), str(log)),
        "less": ("less", "-R", "-S", "+G", str(log)),
    }
    took: dict[str, list[float]] = {}
    for name, argv in pagers.items():
        if shutil.which(name) is None:
            continue
        for at in range(rounds):
            last = _append(log, b"%s%03d" % (name.encode(), at))
            with _terminal(made, *argv) as shown:
                took.setdefault(name, []).append(shown.until(last) * 1e3)
    return took


def _write(log: Path, megabytes: int) -> None:
    with log.open("ab", buffering=0) as file:
        file.write(b"the very first needle\n")
        at = 0
        while file.tell() < megabytes * 1_000_000:
            file.write(b"".join(_LINE % number for number in range(at, at + _AT_ONCE)))
            at += _AT_ONCE


def _append(log: Path, word: bytes) -> str:
    with log.open("ab", buffering=0) as file:
        file.write(word + b"\n")
    return word.decode()


@contextlib.contextmanager
def _terminal(made: Yard, *argv: str) -> Iterator[Terminal]:
    opened = Terminal(argv, made.environ, made.folder)
    try:
        yield opened
    finally:
        opened.close()
