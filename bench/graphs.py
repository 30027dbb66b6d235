"""Generated graphs of jobs and services, and the same graph in the language of every runner.

Pure: nothing is run here. Durations are no multiples of anybody's poll step.
"""

from __future__ import annotations

import json
import random
import shlex
import sys
from collections.abc import Mapping
from enum import StrEnum

import msgspec

UNIT_S = 0.0437
"""Grid of the durations, before their jitter of a tenth."""

BEGIN, END = "begin", "end"
"""The two jobs that every graph has: before all others, and after all others. They report to the
bench, so that every runner is measured by the same clock in the same way."""

READY = "ready"
"""What a service prints once it is ready, and the folder in which it leaves a file of its name."""


class Kind(StrEnum):
    """What a node does."""

    JOB = "job"
    """Sleeps, and ends."""
    LOG = "log"
    """A service that sleeps, then prints that it is ready."""
    TCP = "tcp"
    """A service that sleeps, then listens."""


class Node(msgspec.Struct, frozen=True):
    """One job or service."""

    name: str
    kind: Kind
    takes_s: float
    """Until it has ended, or is ready; the time that its process takes to start comes on top."""
    needs: tuple[str, ...]


class Graph(msgspec.Struct, frozen=True):
    """Nodes, needs first; without the first and the last job."""

    nodes: tuple[Node, ...]

    def roots(self) -> tuple[str, ...]:
        """Names of those that need nothing."""
        return tuple(node.name for node in self.nodes if not node.needs)

    def sinks(self) -> tuple[str, ...]:
        """Names of those that nothing needs."""
        needed = {need for node in self.nodes for need in node.needs}
        return tuple(node.name for node in self.nodes if node.name not in needed)

    def critical_path_s(self, times: Mapping[str, float] | None = None) -> float:
        """The longest chain, of the times that it was made with or of other ones."""
        ends: dict[str, float] = {}
        for node in self.nodes:
            takes_s = node.takes_s if times is None else times[node.name]
            ends[node.name] = takes_s + max((ends[need] for need in node.needs), default=0.0)
        return max(ends.values())

    def polled_s(self, period_s: float) -> float:
        """Makespan of a runner that looks for ready services at their start and each period after.

        A model, for a runner that is not there to be measured; everything else is free in it.
        """
        seen = {
            node.name: node.takes_s
            if node.kind is Kind.JOB
            else -(-node.takes_s // period_s) * period_s
            for node in self.nodes
        }
        return self.critical_path_s(seen)


def generate(size: int, seed: int) -> Graph:
    """A layered graph like a project's: up to three needs among the last dozen; same for a seed."""
    rng = random.Random(seed)
    nodes: list[Node] = []
    for index in range(size):
        recent = [node.name for node in nodes[-12:]]
        needs = rng.sample(recent, min(len(recent), rng.choice((0, 1, 1, 2, 3))))
        kind = rng.choices((Kind.JOB, Kind.LOG, Kind.TCP), (60, 25, 15))[0]
        takes_s = UNIT_S * rng.choice((1, 1, 2, 3, 5)) * rng.uniform(0.9, 1.1)
        nodes.append(Node(f"n{index}", kind, round(takes_s, 4), tuple(sorted(needs))))
    return Graph(tuple(nodes))


class Commands(msgspec.Struct, frozen=True):
    """The command lines of a graph's nodes; absolute, so that every runner runs the same."""

    fifo: str
    """Where the first and the last job report."""
    ready: str
    """Folder of the services' files."""

    def of(self, node: Node, port: str = "0") -> str:
        """Command of a node."""
        if node.kind is Kind.JOB:
            return f"sleep {node.takes_s}"
        file = shlex.quote(f"{self.ready}/{node.name}")
        if node.kind is Kind.LOG:
            return f"sleep {node.takes_s}; : > {file}; echo {READY}; exec sleep 3600"
        code = (
            "import _socket, time; "
            f"time.sleep({node.takes_s}); "
            "s = _socket.socket(); "
            "s.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1); "
            f's.bind(("127.0.0.1", {port})); s.listen(9); '
            f'open("{self.ready}/{node.name}", "w").close(); '
            f'print("{READY}", flush=True); time.sleep(3600)'
        )
        return f"exec {shlex.quote(sys.executable)} -I -S -c {shlex.quote(code)}"

    def report(self, word: str) -> str:
        """Command of the first and the last job."""
        return f"echo {word} > {shlex.quote(self.fifo)}"


def hive_toml(graph: Graph, commands: Commands) -> str:
    """The graph for hive, without its `[project]`."""
    ports = [node.name for node in graph.nodes if node.kind is Kind.TCP]
    names = ", ".join(f"{name} = {offset}" for offset, name in enumerate(ports))
    parts = [f"[ports]\nnames = {{ {names} }}\n"]
    for name, needs in ((BEGIN, ()), (END, graph.sinks())):
        table = {"run": commands.report(name), "needs": list(needs), "slots": 0}
        parts.append(_toml(f"tasks.{name}", table))
    for node in graph.nodes:
        needs = node.needs or (BEGIN,)
        run = commands.of(node, f"{{{{port.{node.name}}}}}")
        table = {"run": run, "needs": list(needs)}
        if node.kind is Kind.JOB:
            parts.append(_toml(f"tasks.{node.name}", table))
            continue
        parts.append(_toml(f"services.{node.name}", table))
        value = READY if node.kind is Kind.LOG else node.name
        parts.append(f'ready = {{ {node.kind.value} = "{value}" }}\n')
    return "\n".join(parts)


def _toml(header: str, table: Mapping[str, object]) -> str:
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    return f"[{header}]\n{''.join(lines)}"


def build_ninja(graph: Graph, commands: Commands) -> str:
    """The graph for ninja, which knows no services: they are jobs that take as long."""
    lines = ["rule run", "  command = $run"]
    for name, needs, run in _rows(graph, commands, jobs_only=True):
        escaped = run.replace("$", "$$")
        lines += [f"build {name}: run {' '.join(needs)}".rstrip(), f"  run = {escaped}"]
    return "\n".join(lines) + "\n"


def package_json(graph: Graph, commands: Commands) -> str:
    """The graph for wireit, which sees that a service is ready by a line that it prints."""
    services = {node.name for node in graph.nodes if node.kind is not Kind.JOB}
    wireit: dict[str, object] = {}
    for name, needs, run in _rows(graph, commands):
        script: dict[str, object] = {"command": run, "dependencies": list(needs)}
        if name in services:
            script["service"] = {"readyWhen": {"lineMatches": READY}}
        wireit[name] = script
    scripts = dict.fromkeys(wireit, "wireit")
    return json.dumps({"name": "bench", "version": "1.0.0", "scripts": scripts, "wireit": wireit})


def process_compose(graph: Graph, commands: Commands, probe: Mapping[str, int] | None) -> str:
    """The graph for process-compose, as JSON, which is YAML too.

    Args:
        graph: The graph.
        commands: Its commands.
        probe: Settings of a readiness probe, empty for its defaults; `None`: by the log line.
    """
    kinds = {node.name: node.kind for node in graph.nodes}
    by_log = probe is None
    processes: dict[str, object] = {}
    for name, needs, run in _rows(graph, commands):
        depends = {}
        for need in needs:
            done = kinds.get(need, Kind.JOB) is Kind.JOB
            seen = "process_log_ready" if by_log else "process_healthy"
            depends[need] = {"condition": "process_completed_successfully" if done else seen}
        process: dict[str, object] = {"command": run, "depends_on": depends}
        if kinds.get(name, Kind.JOB) is not Kind.JOB:
            if probe is None:
                process["ready_log_line"] = READY
            else:
                test = f"test -e {shlex.quote(f'{commands.ready}/{name}')}"
                process["readiness_probe"] = {"exec": {"command": test}, **probe}
        processes[name] = process
    return json.dumps({"version": "0.5", "processes": processes})


def _rows(
    graph: Graph, commands: Commands, *, jobs_only: bool = False
) -> list[tuple[str, tuple[str, ...], str]]:
    """Name, needs and command of every node, the first and the last job among them."""
    rows: list[tuple[str, tuple[str, ...], str]] = [(BEGIN, (), commands.report(BEGIN))]
    for node in graph.nodes:
        run = f"sleep {node.takes_s}" if jobs_only else commands.of(node)
        rows.append((node.name, node.needs or (BEGIN,), run))
    rows.append((END, graph.sinks(), commands.report(END)))
    return rows
