"""What a transition did, or would do, as other programs read it: times, and where they went.

Pure. All seconds count from the moment in which the transition was asked for.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hive_tui.engine import rank
from hive_tui.engine.folding import stamp
from hive_tui.engine.node import SERVICE_NODES, group
from hive_tui.model.plan import Outcome, Plan, Step, StepKind, StepTrace, Trace

_WORST = (
    Outcome.FAILED,
    Outcome.CANCELLED,
    Outcome.SKIPPED,
    Outcome.RUNNING,
    Outcome.SUCCEEDED,
)


class _Entry(msgspec.Struct, frozen=True):
    """A step as a person counts it: the nodes of a service are one."""

    name: str
    kind: str
    needs: tuple[str, ...]
    """Names of entries."""
    nodes: tuple[Step, ...]
    counted: tuple[Step, ...]
    """The nodes whose times are the entry's. The preparation of a service that waits for others
    is not among them: it is over long before the service's own time begins."""


def contract(trace: Trace) -> dict[str, Any]:
    """The document that `hive trace --json` prints, steps in the order of their start.

    `critical_path_s` is the longest chain of measured step times along needs. `started_s` and
    `ended_s` are null, and `queued_s` is 0, for a step that never started.
    """
    by_id = {step.id: step for step in trace.steps}
    length_s, chain = _critical(trace)
    rows: list[dict[str, Any]] = []
    for entry in _entries([_step(step) for step in trace.steps]):
        nodes = [by_id[step.id] for step in entry.nodes]
        counted = [by_id[step.id] for step in entry.counted]
        begun = [step for step in counted if step.started_s is not None]
        begun = begun or [step for step in nodes if _spoilt(step)]
        first = begun[0] if begun else None
        ended = first is not None and all(step.ended_s is not None for step in nodes)
        expected = [step.expected_s for step in counted if step.expected_s is not None]
        rows.append(
            {
                "name": entry.name,
                "kind": entry.kind,
                "needs": list(entry.needs),
                "queued_s": _queued_s(first) if first is not None else 0.0,
                "started_s": first.started_s if first is not None else None,
                "ended_s": max(step.ended_s or 0.0 for step in nodes) if ended else None,
                "expected_s": sum(expected) if expected else None,
                "outcome": min((s.outcome for s in nodes), key=_WORST.index).value,
                "critical": any(step.id in chain for step in nodes),
            }
        )
    rows.sort(key=lambda row: (row["started_s"] is None, row["started_s"] or 0.0))
    return {
        "transition": trace.transition.value,
        "outcome": trace.outcome.value,
        "started": stamp(trace.started),
        "makespan_s": trace.makespan_s,
        "critical_path_s": length_s,
        "steps": rows,
    }


def lost(trace: Trace) -> dict[str, Any]:
    """Where time went on the chain of steps that ended last: seconds by cause.

    That chain is followed back from the step that ended last through the need that was met last.
    The makespan is the sum of its steps' times, of `queue_s` (waiting for a slot or a lane) and
    of `other_s` (from the end of a need to the next step). `spawn_s` (until the process existed)
    and `detection_s` (already true, not yet seen) are parts of the steps' times.
    """
    by_id = {step.id: step for step in trace.steps}
    ran = [step for step in trace.steps if step.ended_s is not None and step.started_s is not None]
    chain: list[StepTrace] = []
    last = max(ran, key=_ended_s, default=None)
    while last is not None:
        chain.append(last)
        needs = (by_id[need] for need in last.needs if need in by_id)
        last = max((n for n in needs if n.ended_s is not None), key=_ended_s, default=None)
    chain.reverse()
    queue_s = sum(_queued_s(step) for step in chain)
    work_s = sum(_took_s(step) for step in chain)
    spawned = [s for s in chain if s.spawned_s is not None and s.started_s is not None]
    ended_s = _ended_s(chain[-1]) if chain else 0.0
    return {
        "queue_s": queue_s,
        "spawn_s": sum((s.spawned_s or 0.0) - (s.started_s or 0.0) for s in spawned),
        "detection_s": sum(step.detected_s or 0.0 for step in chain),
        "other_s": max(0.0, ended_s - work_s - queue_s),
        "chain": list(dict.fromkeys(step.target for step in chain)),
    }


def chrome(trace: Trace) -> dict[str, Any]:
    """The trace in the Trace Event Format, for chrome://tracing, Perfetto and speedscope.

    Steps that overlap lie in different rows. The format counts in microseconds.
    """
    _, chain = _critical(trace)
    ran = [step for step in trace.steps if step.started_s is not None]
    ran.sort(key=lambda step: step.started_s or 0.0)
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    events: list[dict[str, Any]] = [
        {"name": "process_name", "ph": "M", "pid": 1, "args": {"name": trace.env}}
    ]
    for step in ran:
        started_s = step.started_s or 0.0
        while busy and busy[0][0] <= started_s:
            heapq.heappush(free, heapq.heappop(busy)[1])
        row = heapq.heappop(free) if free else len(busy) + 1
        ended_s = trace.makespan_s if step.ended_s is None else step.ended_s
        heapq.heappush(busy, (ended_s, row))
        events.append(
            {
                "name": step.id,
                "cat": step.kind.value,
                "ph": "X",
                "ts": started_s * 1e6,
                "dur": max(0.0, ended_s - started_s) * 1e6,
                "pid": 1,
                "tid": row,
                "args": {
                    "outcome": step.outcome.value,
                    "queued_s": _queued_s(step),
                    "needs": list(step.needs),
                    "critical": step.id in chain,
                },
            }
        )
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {"transition": trace.transition.value, "outcome": trace.outcome.value},
    }


def preview(
    plan: Plan, expected: Mapping[str, float], slots: int, lanes: Mapping[str, int]
) -> dict[str, Any]:
    """What `hive plan` prints: the plan as the scheduler would run it, in the order of starts.

    `expected_s` is null for what was never measured; times that hang on it are assumed.
    """
    times = rank.durations(plan.steps, expected)
    priorities, makespan_s = rank.best_order(plan.steps, times, slots, lanes)
    _, starts = rank.simulate(plan.steps, times, priorities, slots, lanes)
    length_s, chain = rank.critical_path(plan.steps, times)
    rows: list[dict[str, Any]] = []
    for entry in _entries(plan.steps):
        known = [expected[step.id] for step in entry.counted if step.id in expected]
        rows.append(
            {
                "name": entry.name,
                "kind": entry.kind,
                "needs": list(entry.needs),
                "expected_s": sum(known) if known else None,
                "start_s": min(starts[step.id] for step in entry.counted),
                "critical": any(step.id in chain for step in entry.nodes),
            }
        )
    rows.sort(key=lambda row: row["start_s"])
    return {
        "transition": plan.transition.value,
        "steps": rows,
        "makespan_s": makespan_s,
        "critical_path_s": length_s,
    }


def _entries(steps: Sequence[Step]) -> list[_Entry]:
    """The steps by what a person counts; names are unique, so that needs by name are clear."""
    groups: dict[str, list[Step]] = {}
    for step in steps:
        groups.setdefault(group(step), []).append(step)
    uses = Counter(nodes[0].target for nodes in groups.values())
    names = {
        key: nodes[0].target
        if nodes[0].kind in SERVICE_NODES or uses[nodes[0].target] == 1
        else key
        for key, nodes in groups.items()
    }
    key_of = {step.id: group(step) for step in steps}
    entries = []
    for key, nodes in groups.items():
        outer = {
            node.id: [key_of[need] for need in node.needs if key_of.get(need, key) != key]
            for node in nodes
        }
        awaits = any(outer[n.id] for n in nodes if n.kind is StepKind.START)
        service = nodes[0].kind in SERVICE_NODES
        counted = [n for n in nodes if not (awaits and n.kind is StepKind.PREPARE)]
        entries.append(
            _Entry(
                name=names[key],
                kind="service" if service else nodes[0].kind.value,
                needs=tuple(dict.fromkeys(names[k] for needs in outer.values() for k in needs)),
                nodes=tuple(nodes),
                counted=tuple(counted),
            )
        )
    return entries


def _critical(trace: Trace) -> tuple[float, frozenset[str]]:
    """The longest chain of measured times along needs: its length and its steps."""
    times = {step.id: _took_s(step) for step in trace.steps}
    length_s, chain = rank.critical_path([_step(step) for step in trace.steps], times)
    return length_s, frozenset(chain)


def _step(step: StepTrace) -> Step:
    return Step(id=step.id, kind=step.kind, target=step.target, needs=step.needs)


def _spoilt(step: StepTrace) -> bool:
    """Whether the step began and did not go well: then the service's time ends with it."""
    bad = step.outcome in (Outcome.FAILED, Outcome.CANCELLED)
    return bad and step.started_s is not None


def _took_s(step: StepTrace) -> float:
    if step.started_s is None or step.ended_s is None:
        return 0.0
    return step.ended_s - step.started_s


def _queued_s(step: StepTrace) -> float:
    if step.started_s is None or step.eligible_s is None:
        return 0.0
    return step.started_s - step.eligible_s


def _ended_s(step: StepTrace) -> float:
    return step.ended_s or 0.0
