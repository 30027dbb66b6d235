"""Whether a prompt may be given to an agent now, and why not; and whether it took one. Pure.

What is asked is always: could these keys answer something, or be written into what a person has
begun? Where that cannot be excluded, the prompt waits.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hive_tui.engine.agents.prompts import Prompt, is_command
from hive_tui.engine.agents.verdict import cut, first_line
from hive_tui.model.agent import AgentState

LOOK_AGAIN_S = 1.0
"""How long a screen has to stand still before it is taken for one at which nobody types."""

SEEK_S = 2.0
"""Until a prompt line is looked for again: a program that starts draws it after it is heard of."""


class Situation(msgspec.Struct, frozen=True):
    """What decides. The screen's part may be left out as long as it was not looked at."""

    state: AgentState
    reason: str = ""
    since: float = 0.0
    running: bool = True
    tells: bool = True
    """Whether it tells of its turns; else it takes lines at any time."""
    asks: bool = False
    by_interface: bool = False
    """Whether it takes prompts beside its screen."""
    attached: bool = False
    """Whether a person has its terminal before them."""
    looked: bool = False
    """Whether its screen was looked at."""
    moving: bool = False
    """Whether it changed while it was looked at."""
    line: str | None = ""
    """What stands in its prompt line; `None` where none is seen."""


class Hurdle(msgspec.Struct, frozen=True):
    """Why a prompt has to wait."""

    reason: str
    again_s: float | None = None
    """When to look again; `None`: something will be heard once it may go on."""


def hurdle(now: Situation) -> Hurdle | None:
    """What stands in the way of a prompt; `None`: nothing."""
    if not now.running:
        return Hurdle(f"it does not run: {now.reason}" if now.reason else "it does not run")
    if now.asks or now.state is AgentState.WAITING:
        return Hurdle(f"it waits for an answer first ({cut(now.reason, 80)})")
    if now.tells:
        match now.state:
            case AgentState.WORKING | AgentState.STUCK:
                return Hurdle("it works: free at the end of its turn")
            case AgentState.STARTING:
                return Hurdle("it is starting")
            case AgentState.UNKNOWN | AgentState.NONE | AgentState.GONE:
                return Hurdle(f"nobody knows whether it would take it: {now.reason}")
            case _:
                pass
    if now.by_interface or not now.looked:
        return None
    if now.attached and now.moving:
        return Hurdle("somebody is at its terminal", LOOK_AGAIN_S)
    if now.line is None:
        return Hurdle("its prompt line is not on its screen: look at it (`hive open`)", SEEK_S)
    if now.line:
        again = SEEK_S if now.attached else None
        draft = cut(first_line(now.line), 40)
        return Hurdle(f"something is written in its prompt line already: {draft!r}", again)
    return None


def chosen(queue: Sequence[Prompt], now: Situation) -> Prompt | None:
    """Which prompt comes next; `None` where all of them wait for the person.

    After an error only what was asked for since then: else a service that is down would use up the
    whole queue.
    """
    for prompt in queue:
        if prompt.problem or prompt.tried_at:
            continue
        if now.tells and now.state is AgentState.ERROR and prompt.asked_at < now.since:
            continue
        return prompt
    return None


class Mark(msgspec.Struct, frozen=True):
    """What changes when an agent takes a prompt."""

    state: AgentState
    since: float
    prompted_at: float
    heard_at: float


def took(before: Mark, now: Mark, text: str) -> bool:
    """Whether the agent has taken a prompt.

    Args:
        before: As it was when the prompt was given to it.
        now: As it is.
        text: The prompt: a command of the agent's own begins no turn, and may be told in any way.
    """
    if now.prompted_at > before.prompted_at:
        return True
    if now.state in (AgentState.WORKING, AgentState.WAITING, AgentState.GONE):
        return now.state is not before.state or now.since > before.since
    if is_command(text):
        return now.heard_at > before.heard_at or now.since != before.since
    return now.state is not before.state and now.since > before.since
