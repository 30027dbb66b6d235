"""What the hooks of the bound conversation say of its turn. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from hive_tui.engine.agents.evidence import Evidence
from hive_tui.engine.agents.findings import count, done, failed, interrupted, waits
from hive_tui.engine.agents.hearing import Heard, Phase
from hive_tui.engine.agents.verdict import Finding, age, cut, first_line
from hive_tui.model.agent import AgentState

SETTLE_S = 0.5
"""A turn may end and go on at once: its end is believed after that long."""
QUEUED_S = 10.0
"""How long a prompt that waits in the agent may take to become a turn."""
LOOP_S = 60.0
"""How long a loop may take to go on."""
BACKGROUND_S = 600.0
"""After that long without a sign, what runs in the background no longer counts as work."""


def hook(e: Evidence, now: float) -> Finding | None:
    """What the hooks told."""
    heard = e.heard
    if heard.questions:
        return waits(heard.questions, "hook", "asked")
    match heard.phase:
        case Phase.NOTHING:
            return None
        case Phase.WORKING:
            return works(heard, "hook", "at work")
        case Phase.ENDED:
            return after_turn(e, heard, now)
        case Phase.FAILED:
            return failed(heard.message or heard.how, heard.phase_at, "hook", "error")
        case Phase.INTERRUPTED:
            return interrupted(heard.phase_at, "hook")
        case Phase.OVER:
            why = f"its conversation was closed ({heard.how or 'no reason told'})"
            return Finding(AgentState.GONE, why, heard.phase_at, "hook", "closed")
        case Phase.READY:
            why = "waits for a prompt; its conversation was cleared"
            why = why if heard.how == "clear" else "waits for a prompt"
            return Finding(AgentState.IDLE, why, heard.phase_at, "hook", "not asked yet")


def works(heard: Heard, source: str, rule: str) -> Finding:
    """It is at work, on what it began last."""
    why = "works on its prompt"
    if heard.compacting_at is not None:
        why = "makes its conversation shorter"
    elif heard.tools:
        why = f"runs {heard.tools[-1].title}"
    elif heard.helpers:
        why = f"waits for {count(len(heard.helpers), 'helper')}"
    return Finding(AgentState.WORKING, why, heard.phase_at, source, rule)


def after_turn(e: Evidence, heard: Heard, now: float, settled: bool = False) -> Finding:
    """After a turn ended: whether that was all."""
    since, ago = heard.phase_at, age(heard.phase_at, now)
    working = Finding(AgentState.WORKING, "", since, "hook", "")
    if e.held:
        return replace(working, reason=e.held, rule="ended, and held by hive")
    if heard.queued and ago < QUEUED_S:
        return replace(
            working,
            reason="a queued prompt comes next",
            rule="ended, more is queued",
            again_at=since + QUEUED_S,
        )
    if not settled and ago < SETTLE_S:
        return replace(
            working, reason="its turn is ending", rule="ended just now", again_at=since + SETTLE_S
        )
    beside = heard.background if heard.background is not None else heard.helpers
    if beside and age(max(heard.last_at, e.cpu_at), now) < BACKGROUND_S:
        what = count(len(beside), "task runs", "tasks run")
        named = f": {cut(beside[0], 60)}" if heard.background else ""
        return replace(
            working,
            reason=f"its turn ended; {what} in the background{named}",
            rule="ended, work goes on behind it",
            again_at=max(heard.last_at, e.cpu_at) + BACKGROUND_S,
        )
    loop = e.loop
    if loop is not None and (loop.of is None or loop.round < loop.of) and ago < LOOP_S:
        of = f" of {loop.of}" if loop.of is not None else ""
        return replace(
            working,
            reason=f"round {loop.round}{of} of its loop",
            rule="ended inside a loop",
            again_at=since + LOOP_S,
        )
    why = first_line(heard.message) or "its turn ended"
    if beside:
        why = f"{why} ({count(len(beside), 'task')} left in the background)"
    elif heard.scheduled:
        why = f"{why} ({count(heard.scheduled, 'prompt')} scheduled)"
    return done(e, now, since, why, "hook", "turn ended")
