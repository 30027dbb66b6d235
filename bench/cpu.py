"""A graph of jobs that burn a fixed amount of processor time: hive's slots beside all at once.

The lower bound is what the same jobs take where as many as there are cores run at a time, measured
in each round beside the graph. Of each the least counts: whatever else the machine does only adds.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

from bench.figures import Figure
from bench.graphs import BEGIN, END
from bench.warm import FREE_SLOTS, Warmed, warm
from bench.yards import Reports, yard

THEME = "warm: jobs that burn a core"

UNIT_S = 0.1
"""About what one unit of work takes on one core."""

JOBS: dict[str, tuple[int, tuple[str, ...]]] = {
    "deps": (2, ()),
    "core": (3, ("deps",)),
    "web": (4, ("core",)),
    "bundle": (4, ("web",)),
    "package": (2, ("bundle", "api")),
    "api": (3, ("core",)),
    "types": (3, ("deps",)),
    **{f"library{number}": (2, ()) for number in range(12)},
}
"""A monorepo's build: units of work and needs. A chain two thirds as long as the bound on two
cores, and a dozen libraries that could be built at any time."""


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """The graph with one slot more than there are cores, and with slots for all, in turn.

    Args:
        quick: Fewer rounds.
        stack: Closes what has to be closed at the end.
    """
    cores = os.cpu_count() or 1
    loops = _calibrate()
    runs: dict[int, list[Warmed]] = {cores + 1: [], FREE_SLOTS: []}
    bounds_s: list[float] = []
    with contextlib.ExitStack() as yards:
        made = {}
        for slots in runs:
            home = yards.enter_context(yard(HIVE_SLOTS=str(slots)))
            reports = Reports(home.folder)
            yards.callback(reports.close)
            home.make_repo(_toml(loops, reports))
            home.hive("spawn", "bench")
            warm(home, reports)
            made[slots] = (home, reports)
        for _ in range(2 if quick else 5):
            bounds_s.append(_bound_s(loops, cores))
            for slots, (home, reports) in made.items():
                runs[slots].append(warm(home, reports))
    ours_s, all_s = (min(run.makespan_s for run in some) for some in runs.values())
    bound_s = min(bounds_s)
    beside = f"makespan {ours_s:.3f} s"
    return [
        Figure(
            THEME,
            f"{cores + 1} slots / lower bound",
            ours_s / bound_s,
            aim=1.15,
            beside=f"{beside}, bound {bound_s:.3f} s; least of {len(bounds_s)} rounds each",
        ),
        Figure(
            THEME,
            f"{cores + 1} slots / all at once",
            ours_s / all_s,
            aim=0.90,
            beside=f"{beside}, all at once {all_s:.3f} s",
        ),
    ]


def _burn(loops: int) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", f"for _ in range({loops}): pass")


def _together_s(loops: int, copies: int) -> float:
    """Mean time of that many copies of a job that run side by side."""
    began = time.perf_counter()
    running = [subprocess.Popen(_burn(loops)) for _ in range(copies)]
    took_s = []
    for process in running:
        process.wait()
        took_s.append(time.perf_counter() - began)
    return sum(took_s) / copies


def _calibrate() -> int:
    """How many turns of the loop are one unit."""
    loops = 1_000_000
    return int(loops * UNIT_S / min(_together_s(loops, 1) for _ in range(3)))


def _bound_s(loops: int, cores: int) -> float:
    """The longer of the longest chain, and all work shared by all cores."""
    alone = {units: _together_s(units * loops, cores) for units, _ in JOBS.values()}
    chains: dict[str, float] = {}

    def chain_s(name: str) -> float:
        if name not in chains:
            units, needs = JOBS[name]
            chains[name] = alone[units] + max(map(chain_s, needs), default=0.0)
        return chains[name]

    return max(max(map(chain_s, JOBS)), sum(alone[units] for units, _ in JOBS.values()) / cores)


def _toml(loops: int, reports: Reports) -> str:
    needed = {need for _, needs in JOBS.values() for need in needs}
    sinks = [name for name in JOBS if name not in needed]
    parts = [
        f"[tasks.{BEGIN}]\nrun = 'echo {BEGIN} > {reports.path}'\nslots = 0\n",
        f"[tasks.{END}]\nrun = 'echo {END} > {reports.path}'\nslots = 0\nneeds = {sinks}\n",
    ]
    for name, (units, needs) in JOBS.items():
        *program, code = _burn(units * loops)
        parts.append(
            f"[tasks.{name}]\nrun = '''exec {' '.join(program)} \"{code}\"'''\n"
            f"needs = {list(needs) or [BEGIN]}\n"
        )
    return "\n".join(parts)
