"""In which order steps should start, and how long it will all take: list scheduling on paper.

Pure and deterministic. Times are seconds; nothing here knows what a step does.

The order is that of the upward rank (longest path to an end, own time included: HLFET, Adam,
Chandy and Dickson 1974). With few slots it is not always the best one, so a number of perturbed
orders is simulated and the shortest is taken.
"""

from __future__ import annotations

import heapq
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence

from hive_tui.model.plan import Step, StepKind

ASSUMED_S: dict[StepKind, float] = {
    StepKind.WORKTREE: 1.0,
    StepKind.COPY: 0.05,
    StepKind.LINK: 0.2,
    StepKind.INSTALL: 20.0,
    StepKind.TASK: 5.0,
    StepKind.BUILD: 20.0,
    StepKind.PREPARE: 0.002,
    StepKind.START: 0.005,
    StepKind.READY: 1.0,
    StepKind.SEED: 20.0,
    StepKind.CREATE: 0.5,
    StepKind.HALT: 0.5,
    StepKind.FREEZE: 0.01,
    StepKind.THAW: 0.01,
    StepKind.SUITE: 20.0,
    StepKind.REMOVE: 0.1,
}
"""For a step that was never measured, where none of its kind was either. Rather too long than too
short for what varies most, so that it starts, and is measured, early."""

SIMULATED_STEPS = 4000
"""How many steps a search for a better order may simulate: about 10 ms."""


def durations(steps: Iterable[Step], expected: Mapping[str, float]) -> dict[str, float]:
    """Seconds for every step: learned, else the median of its kind's learned, else assumed."""
    steps = tuple(steps)
    known: dict[StepKind, list[float]] = {}
    for step in steps:
        if step.id in expected:
            known.setdefault(step.kind, []).append(expected[step.id])
    typical = ASSUMED_S | {kind: statistics.median(times) for kind, times in known.items()}
    return {step.id: expected.get(step.id, typical[step.kind]) for step in steps}


def ranks(steps: Iterable[Step], expected: Mapping[str, float]) -> dict[str, float]:
    """Upward rank of every step: seconds from its start to the last end that hangs on it."""
    graph = _Graph(steps)
    times = durations(graph.steps, expected)
    return dict(zip(graph.ids, graph.ranks([times[key] for key in graph.ids]), strict=True))


def critical_path(
    steps: Iterable[Step], durations: Mapping[str, float]
) -> tuple[float, tuple[str, ...]]:
    """Length and ids of the longest chain along needs; a step without a duration counts 0."""
    graph = _Graph(steps)
    times = [durations.get(key, 0.0) for key in graph.ids]
    rank = graph.ranks(times)
    chain: list[str] = []
    ahead: Sequence[int] = [index for index, needs in enumerate(graph.unmet) if not needs]
    while ahead:
        index = max(ahead, key=lambda at: (rank[at], -at))
        chain.append(graph.ids[index])
        ahead = graph.dependents[index]
    return max(rank, default=0.0), tuple(chain)


def lower_bound(steps: Iterable[Step], durations: Mapping[str, float], slots: int) -> float:
    """No order is shorter than this: max(critical path, work / slots)."""
    steps = tuple(steps)
    work = sum(min(step.slots, slots) * durations[step.id] for step in steps)
    return max(critical_path(steps, durations)[0], work / slots)


def simulate(
    steps: Iterable[Step],
    durations: Mapping[str, float],
    priority: Mapping[str, float],
    slots: int,
    lanes: Mapping[str, int],
) -> tuple[float, dict[str, float]]:
    """What the scheduler would do with these priorities (highest first) and durations.

    Args:
        steps: Needs that are not among them count as met.
        durations: Seconds by step id.
        priority: By step id.
        slots: CPU slots; a step that wants more takes all.
        lanes: Places by lane; a lane that is not named has one.

    Returns:
        The makespan, and when each step starts.
    """
    graph = _Graph(steps)
    times = [durations[key] for key in graph.ids]
    makespan, starts = graph.simulate(times, [priority[key] for key in graph.ids], slots, lanes)
    return makespan, dict(zip(graph.ids, starts, strict=True))


def best_order(
    steps: Iterable[Step],
    durations: Mapping[str, float],
    slots: int,
    lanes: Mapping[str, int],
    *,
    tries: int = 300,
    seed: int = 0,
) -> tuple[dict[str, float], float]:
    """Priorities for the shortest makespan found, and that makespan.

    The ranks are taken as they are where they already reach the lower bound, as they always do
    without contention. Same arguments, same answer: the search is bounded by a count of simulated
    steps (`SIMULATED_STEPS`), never by the time it takes.

    Args:
        steps: The plan's.
        durations: Seconds by step id.
        slots: CPU slots.
        lanes: Places by lane.
        tries: How many perturbed orders to simulate at most; 0 for the plain ranks.
        seed: Of the perturbations.
    """
    graph = _Graph(steps)
    times = [durations[key] for key in graph.ids]
    best = graph.ranks(times)
    shortest, _ = graph.simulate(times, best, slots, lanes)
    bound = lower_bound(graph.steps, durations, slots) * (1 + 1e-9)
    if shortest > bound:
        rng = random.Random(seed)
        ranked = best
        for turn in range(min(tries, SIMULATED_STEPS // len(graph.ids))):
            spread = (0.05, 0.2, 0.5)[turn % 3]
            perturbed = [rank * rng.uniform(1 - spread, 1 + spread) for rank in ranked]
            makespan, _ = graph.simulate(times, perturbed, slots, lanes)
            if makespan < shortest:
                best, shortest = perturbed, makespan
                if shortest <= bound:
                    break
    return dict(zip(graph.ids, best, strict=True)), shortest


class _Graph:
    """Steps as numbers, so that simulating them hundreds of times is cheap."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = tuple(steps)
        self.ids = [step.id for step in self.steps]
        number = {key: index for index, key in enumerate(self.ids)}
        self.dependents: list[list[int]] = [[] for _ in self.ids]
        self.unmet = [0] * len(self.ids)
        for index, step in enumerate(self.steps):
            for need in step.needs:
                if need in number:
                    self.dependents[number[need]].append(index)
                    self.unmet[index] += 1

    def ranks(self, times: Sequence[float]) -> list[float]:
        unmet = list(self.unmet)
        order = [index for index, needs in enumerate(unmet) if not needs]
        for index in order:
            for dependent in self.dependents[index]:
                unmet[dependent] -= 1
                if not unmet[dependent]:
                    order.append(dependent)
        if len(order) < len(self.ids):
            raise ValueError("the steps' needs make a cycle")
        rank = list(times)
        for index in reversed(order):
            rank[index] += max((rank[after] for after in self.dependents[index]), default=0.0)
        return rank

    def simulate(
        self,
        times: Sequence[float],
        priority: Sequence[float],
        slots: int,
        lanes: Mapping[str, int],
    ) -> tuple[float, list[float]]:
        steps, unmet = self.steps, list(self.unmet)
        starts = [0.0] * len(steps)
        free = slots
        places: dict[str, int] = {}
        in_lane: dict[str, list[tuple[float, int]]] = {}
        in_slots: list[tuple[float, int]] = []
        running: list[tuple[float, int]] = []
        now = 0.0
        eligible = [index for index, needs in enumerate(unmet) if not needs]
        touched: set[str] = set()
        while True:
            for index in eligible:
                step = steps[index]
                if step.lane is not None:
                    heapq.heappush(in_lane.setdefault(step.lane, []), (-priority[index], index))
                    places.setdefault(step.lane, lanes.get(step.lane, 1))
                    touched.add(step.lane)
                elif step.slots:
                    heapq.heappush(in_slots, (-priority[index], index))
                else:
                    starts[index] = now
                    heapq.heappush(running, (now + times[index], index))
            for lane in touched:
                queue = in_lane[lane]
                while queue and places[lane]:
                    places[lane] -= 1
                    entry = heapq.heappop(queue)
                    if steps[entry[1]].slots:
                        heapq.heappush(in_slots, entry)
                    else:
                        starts[entry[1]] = now
                        heapq.heappush(running, (now + times[entry[1]], entry[1]))
            touched.clear()
            while in_slots and free >= min(steps[in_slots[0][1]].slots, slots):
                index = heapq.heappop(in_slots)[1]
                free -= min(steps[index].slots, slots)
                starts[index] = now
                heapq.heappush(running, (now + times[index], index))
            if not running:
                return now, starts
            now, index = heapq.heappop(running)
            step = steps[index]
            free += min(step.slots, slots)
            if step.lane is not None:
                places[step.lane] += 1
                touched.add(step.lane)
            eligible.clear()
            for dependent in self.dependents[index]:
                unmet[dependent] -= 1
                if not unmet[dependent]:
                    eligible.append(dependent)
