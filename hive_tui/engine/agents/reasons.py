"""Why an agent stands as it does: the rule that won, what the others said, and the evidence."""

from __future__ import annotations

from typing import Any

from hive_tui.engine.agents.agent import EnvAgent
from hive_tui.engine.agents.derive import explain
from hive_tui.engine.folding import stamp


def reason(agent: EnvAgent, now: float) -> dict[str, Any]:
    """The row of `hive why NAME agent`."""
    found, heard = agent.finding, agent.heard
    evidence = [f"decided by {found.source or 'nothing'}: {found.rule}"]
    known = agent.evidence()
    won = False
    for name, said in explain(known, now):
        if said is None:
            evidence.append(f"{name}: knows nothing")
            continue
        mark = "" if won else ", and decides"
        won = True
        when = stamp(min(said.since, now))
        evidence.append(f"{name}: {said.state.value}, {said.reason} (since {when}){mark}")
    if heard.last_at:
        evidence.append(f"last hook at {stamp(heard.last_at)}, phase {heard.phase.value}")
    for words, number in (
        ("hooks of others were left out", heard.foreign),
        ("lines of its event file were none", agent.garbage),
        ("helpers run", len(heard.helpers)),
        ("prompts wait in it", heard.queued),
    ):
        if number:
            evidence.append(f"{number} {words}")
    for prompt in agent.queued:
        why = f"not delivered: {prompt.problem}" if prompt.problem else agent.held or "under way"
        evidence.append(f"prompt {prompt.id} waits since {prompt.since}: {why}")
    pid = known.process.pid if known.process is not None else None
    if pid is not None:
        evidence.append(f"pid {pid}")
    evidence += [f"asks {q.id}: {q.title}" for q in found.questions]
    if known.registry is not None:
        evidence.append(
            f"its registry: {known.registry.status} since {stamp(known.registry.at)}"
            + (f", {known.registry.waiting_for}" if known.registry.waiting_for else "")
        )
    if known.title is not None:
        evidence.append(f"its title: {known.title.text.strip()!r}")
    return {
        "cell": "agent",
        "state": found.state.value,
        "since": stamp(found.since),
        "source": found.source or "nothing",
        "evidence": [found.reason, *evidence],
        "change": _changes(agent, now),
    }


def _changes(agent: EnvAgent, now: float) -> str:
    found = agent.finding
    if found.again_at is not None and found.again_at > now:
        return f"other evidence, or the time: looked at again in {found.again_at - now:.0f} s"
    return "other evidence"
