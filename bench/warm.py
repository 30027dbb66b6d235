"""Makespan of `hive warm` on generated graphs, beside its lower bound and beside other runners.

Every runner gets the same nodes; rounds are interleaved, so that a noisy machine is noisy for all.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

import msgspec

from bench import peers
from bench.figures import Figure, median
from bench.graphs import BEGIN, END, Commands, Graph, generate, hive_toml
from bench.peers import Peer, Took
from bench.yards import HIVE, Reports, yard
from tests.hives import Yard

THEME = "warm: makespan / lower bound"

FREE_SLOTS = 64


class Warmed(msgspec.Struct, frozen=True):
    """One `hive warm`, measured from outside and by hive's own trace."""

    took: Took
    trace: dict[str, Any]

    def bound_s(self, slots: int) -> float:
        """The longer of the longest chain of measured times and the tasks' work shared by slots."""
        tasks = (step for step in self.trace["steps"] if step["kind"] == "task")
        work_s = sum(
            step["ended_s"] - step["started_s"]
            for step in tasks
            if step["name"] not in (BEGIN, END)
        )
        return float(max(self.trace["critical_path_s"], work_s / slots))

    @property
    def makespan_s(self) -> float:
        """As hive's own trace has it."""
        return float(self.trace["makespan_s"])


def warm(yard: Yard, reports: Reports) -> Warmed:
    """Stop the env `bench`, then warm it and look at the trace."""
    yard.hive("stop", "bench")
    reports.clear()
    launched_ns = time.time_ns()
    process = subprocess.Popen(
        (HIVE, "warm", "bench", "--json"),
        cwd=yard.repo,
        env=yard.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        seen = reports.until(END, process)
        if process.wait() != 0:
            raise ChildProcessError("hive warm failed")
    finally:
        process.kill()
        process.wait()
    took = Took((seen[END] - seen[BEGIN]) / 1e9, (seen[END] - launched_ns) / 1e9)
    return Warmed(took, yard.hive("trace", "bench", "--json").json)


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Every graph with free slots and with two, hive and the peers in turn.

    Args:
        quick: Fewer rounds, smaller graphs.
        stack: Closes what has to be closed at the end.
    """
    found, absent = peers.find()
    for peer in absent:
        print(f"  left out: {peer.name}: {peer.reason}")
    figures: list[Figure] = []
    for size, rounds in ((10, 2), (50, 1)) if quick else ((10, 5), (50, 3), (200, 2)):
        graph = generate(size, seed=size + 1)
        print(f"  {size} steps, {rounds} rounds", flush=True)
        figures += _graph(graph, rounds, found, {peer.name for peer in absent})
    return figures


def _graph(graph: Graph, rounds: int, found: list[Peer], absent: set[str]) -> list[Figure]:
    size = len(graph.nodes)
    runs: dict[str, list[Took]] = {}
    ours: dict[int, list[Warmed]] = {FREE_SLOTS: [], 2: []}
    with contextlib.ExitStack() as stack:
        runners = {
            f"hive, {slots} slots": _hive(stack, graph, slots, into) for slots, into in ours.items()
        }
        for peer in found:
            if peer.largest is None or size <= peer.largest:
                runners[f"{peer.name}, {peer.setting}"] = _peer(stack, graph, peer)
        for _ in range(rounds):
            for name, run in runners.items():
                runs.setdefault(name, []).append(run())
    free, two = ours[FREE_SLOTS], ours[2]
    chain_s = median([run.trace["critical_path_s"] for run in free])
    makespan_s = median([run.makespan_s for run in free])
    figures = [
        Figure(
            THEME,
            f"{size} steps, free slots",
            median([run.makespan_s / run.trace["critical_path_s"] for run in free]),
            aim=1.03,
            beside=f"makespan {makespan_s:.3f} s, chain {chain_s:.3f} s"
            f" (declared {graph.critical_path_s():.3f} s)",
        ),
        Figure(
            THEME,
            f"{size} steps, 2 slots",
            median([run.makespan_s / run.bound_s(2) for run in two]),
            aim=1.10,
            beside=f"makespan {median([run.makespan_s for run in two]):.3f} s,"
            f" bound {median([run.bound_s(2) for run in two]):.3f} s",
        ),
    ]
    for name, took in runs.items():
        inner_s, whole_s = (
            median([getattr(t, key) for t in took]) for key in ("inner_s", "whole_s")
        )
        figures.append(
            Figure(
                "warm: first job to last, seconds",
                f"{size} steps, {name}",
                inner_s,
                "s",
                beside=f"whole process {whole_s:.3f} s; {inner_s / graph.critical_path_s():.2f} of"
                " the declared chain",
            )
        )
    if "process-compose" in absent:
        figures += [
            Figure(
                "warm: first job to last, seconds",
                f"{size} steps, [model] a look at each service every {period_s:g} s",
                graph.polled_s(period_s),
                "s",
                beside="process-compose's rule where nothing else costs anything",
            )
            for period_s in (1.0, 10.0)
        ]
    return figures


def _hive(
    stack: contextlib.ExitStack, graph: Graph, slots: int, into: list[Warmed]
) -> Callable[[], Took]:
    made = stack.enter_context(yard(HIVE_SLOTS=str(slots)))
    reports = Reports(made.folder)
    stack.callback(reports.close)
    ready = made.folder / "ready"
    ready.mkdir()
    made.make_repo(hive_toml(graph, Commands(str(reports.path), str(ready))))
    made.hive("spawn", "bench")
    warm(made, reports)

    def run() -> Took:
        into.append(warm(made, reports))
        return into[-1].took

    return run


def _peer(stack: contextlib.ExitStack, graph: Graph, peer: Peer) -> Callable[[], Took]:
    folder = stack.enter_context(peers.folder())
    reports = Reports(folder)
    stack.callback(reports.close)
    return lambda: peers.run(peer, graph, folder, reports)
