"""Findings that several rules have in common, and the rules' patience. Pure."""

from __future__ import annotations

from hive_tui.engine.agents.evidence import Evidence
from hive_tui.engine.agents.signals import Question
from hive_tui.engine.agents.verdict import Finding, first_line
from hive_tui.model.agent import AgentState

RECORD_S = 1.0
"""How long the transcript may take to tell why the registry says that nothing is done."""
LAG_S = 2.0
"""How long the registry may take to follow a hook."""
STOP_S = 5.0
"""How long a hook may take to tell the end of a turn that the transcript tells."""


def waits(questions: tuple[Question, ...], source: str, rule: str) -> Finding:
    """It wants something of the person: the oldest question first."""
    first = questions[0]
    more = f" (and {len(questions) - 1} more)" if len(questions) > 1 else ""
    why = f"{first.kind.value}: {first.title}{more}"
    return Finding(AgentState.WAITING, why, first.at, source, rule, questions=questions)


def failed(text: str, since: float, source: str, rule: str) -> Finding:
    """Its turn failed for a reason that is not the task's."""
    why = first_line(text) or "its turn failed"
    return Finding(AgentState.ERROR, why, since, source, rule)


def interrupted(since: float, source: str) -> Finding:
    """A person ended its turn, and so has seen it."""
    return Finding(AgentState.IDLE, "was interrupted", since, source, "interrupted")


def done(e: Evidence, now: float, since: float, text: str, source: str, rule: str) -> Finding:
    """Its turn ended: `done` until somebody looks, `idle` afterwards."""
    seen = since <= e.seen_at <= now + 1.0
    state = AgentState.IDLE if seen else AgentState.DONE
    return Finding(state, first_line(text) or "its turn ended", since, source, rule)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many or one + 's'}"
