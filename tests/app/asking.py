"""Envs whose agents want something, for tests and for looking at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hive_tui.model.agent import AgentDetail, AgentState, Ask, AskKind
from hive_tui.model.environment import AgentView, EnvDetail, EnvState
from tests.app import scenes

NPM = Ask("p1", AskKind.PERMISSION, "Bash(npm test)", "npm test -- --watch=false", since=None)
DATABASE = Ask(
    "q1", AskKind.QUESTION, "Which database?", "It has to be on disk.", ("Postgres", "SQLite")
)
PLAN = Ask("d1", AskKind.PLAN, "Split the module", "1. move\n2. rename\n\n3. test")
TRUST = Ask("t1", AskKind.DIALOG, "Do you trust this folder?", answerable=False)


def env(
    name: str,
    index: int,
    *asks: Ask,
    state: AgentState = AgentState.WAITING,
    age_s: float = 60,
    reason: str | None = None,
    kind: str = "claude",
    agent: dict[str, Any] | None = None,
    **more: Any,
) -> EnvDetail:
    """A warm env with an agent that asks."""
    since = scenes.ago(age_s)
    why = reason or (asks[0].title if asks else None)
    full = AgentDetail(kind, kind, state, why, since, asks=asks, **(agent or {}))
    view = AgentView(kind, state.value, since, why)
    return scenes.env(name, index, EnvState.WARM, agent=view, agent_detail=full, **more)


def names(rows: Sequence[str], *wanted: str) -> list[str]:
    """Which of the names stand in the rows, in the order of the rows."""
    return [name for row in rows for name in wanted if name in row]
