"""What an agent's evidence means for healing. Pure."""

from __future__ import annotations

from hive_tui.engine.agents.evidence import Evidence
from hive_tui.engine.agents.hearing import Phase
from hive_tui.engine.agents.verdict import Finding
from hive_tui.engine.healing.rules import Receipt, Situation
from hive_tui.model.agent import AgentState

_ENDED = ("turn ended", "idle after a turn", "idle after work")
_BROKEN_OFF = ("interrupted", "idle without an end")
"""The second one may have been an end: then a person can still ask for it."""
_AWAY = (AgentState.NONE, AgentState.GONE, AgentState.UNKNOWN)
_KNOWN = 120
"""Characters by which a text is known again."""


def ended_at(found: Finding, e: Evidence) -> float | None:
    """When the turn ended that may be looked at; `None` in a turn, or where there was none."""
    if found.state in _AWAY or found.state is AgentState.ERROR:
        return None
    if e.heard.phase is Phase.ENDED:
        return e.heard.phase_at
    resting = found.state in (AgentState.DONE, AgentState.IDLE)
    return found.since if resting and found.rule in _ENDED else None


def situation(found: Finding, e: Evidence, *, held: bool) -> Situation:
    """What the agent does; nothing is measured in it.

    Args:
        found: How it stands.
        e: By what that is known.
        held: Whether hive keeps it from ending its turn, or could.
    """
    heard, loop = e.heard, e.loop
    at_work = found.state in (AgentState.WORKING, AgentState.STARTING, AgentState.STUCK)
    goes_on = heard.queued > 0 or (loop is not None and (loop.of is None or loop.round < loop.of))
    helpers = len(heard.background if heard.background is not None else heard.helpers)
    helpers += e.native.helpers if e.native is not None else 0
    return Situation(
        working=goes_on if held else at_work,
        interrupted=heard.phase is Phase.INTERRUPTED or found.rule in _BROKEN_OFF,
        api_error=heard.phase is Phase.FAILED or found.state is AgentState.ERROR,
        waiting=bool(found.questions) or found.state is AgentState.WAITING,
        background=helpers if held or at_work else 0,
    )


def person_spoke(e: Evidence, receipts: tuple[Receipt, ...]) -> bool:
    """Whether the turn that ended is a person's, and none that goes on with an attempt."""
    if not receipts:
        return True
    last = receipts[-1]
    if last.after is not None:
        return True
    ours = any(one.sent[:_KNOWN] in e.heard.prompt for one in receipts)
    return e.heard.prompted_at > last.at and not ours
