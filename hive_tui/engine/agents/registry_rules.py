"""What an agent keeps of itself in a file says, unless a hook is newer. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from hive_tui.engine.agents.evidence import Evidence, Registry, Stance
from hive_tui.engine.agents.file_rules import from_transcript
from hive_tui.engine.agents.findings import LAG_S, RECORD_S, done, interrupted, waits
from hive_tui.engine.agents.hearing import Phase
from hive_tui.engine.agents.signals import Question
from hive_tui.engine.agents.turn_rules import after_turn, hook, works
from hive_tui.engine.agents.verdict import Finding, age
from hive_tui.model.agent import AgentState, AskKind


def registry(e: Evidence, now: float) -> Finding | None:
    """What it keeps of itself."""
    entry = e.registry
    if entry is None:
        return None
    match entry.status:
        case "busy":
            return _registry_busy(e, entry, now)
        case "waiting":
            return _registry_waiting(e, entry, now)
        case "idle":
            return _registry_idle(e, entry, now)
    return None


def _is_current(entry: Registry, at: float, now: float) -> bool:
    """Whether it says how things are after what happened at `at`."""
    return entry.at >= at or age(at, now) >= LAG_S


def _registry_busy(e: Evidence, entry: Registry, now: float) -> Finding | None:
    heard = e.heard
    if heard.questions:
        asked = heard.questions[-1].at
        if not (entry.at > asked or age(asked, now) >= LAG_S):
            return None
    if heard.phase is Phase.WORKING:
        found = works(replace(heard, questions=()), "registry", "busy")
        return replace(found, since=heard.phase_at)
    if heard.phase in (Phase.ENDED, Phase.FAILED):
        queued = heard.phase is Phase.ENDED and heard.queued > 0
        if entry.at <= heard.phase_at and not queued:
            return None
        why = "a queued prompt comes next" if queued else "goes on"
        return Finding(AgentState.WORKING, why, heard.phase_at, "registry", "busy after its end")
    if not _is_current(entry, heard.phase_at, now):
        return None
    return Finding(AgentState.WORKING, "works", entry.at, "registry", "busy")


def _registry_waiting(e: Evidence, entry: Registry, now: float) -> Finding | None:
    heard = e.heard
    if heard.questions:
        return waits(heard.questions, "registry", "waiting")
    if not _is_current(entry, heard.began_at, now):
        return None
    kind, title = _WAITING_FOR.get(entry.waiting_for, (AskKind.DIALOG, entry.waiting_for))
    question = Question(kind, title or "something on its screen", answerable=False, at=entry.at)
    return waits((question,), "registry", "waiting")


_WAITING_FOR = {
    "permission prompt": (AskKind.PERMISSION, "a permission on its screen"),
    "sandbox request": (AskKind.PERMISSION, "a permission of its sandbox"),
    "input needed": (AskKind.QUESTION, "a question on its screen"),
    "goal proposal": (AskKind.PLAN, "a proposed goal"),
    "dialog open": (AskKind.DIALOG, "a dialog on its screen"),
}


def _registry_idle(e: Evidence, entry: Registry, now: float) -> Finding | None:
    heard, told = e.heard, e.transcript
    if heard.phase is Phase.WORKING:
        if not _is_current(entry, heard.began_at, now):
            return None
        if told is not None and told.at >= heard.phase_at:
            found = from_transcript(e, told, now)
            if found is not None and found.state is not AgentState.WORKING:
                return replace(found, source="registry", rule="idle, as the transcript says")
        if e.interrupted_at >= heard.began_at:
            return interrupted(max(entry.at, heard.began_at), "registry")
        why, again = "its turn ended or was interrupted", entry.at + RECORD_S
        if age(entry.at, now) < RECORD_S:
            found = works(heard, "registry", "idle just now")
            return replace(found, reason="its turn is ending", again_at=again)
        return done(e, now, max(entry.at, heard.began_at), why, "registry", "idle without an end")
    if heard.phase is Phase.NOTHING:
        if told is not None and told.stance is not Stance.WORKING:
            return from_transcript(e, told, now)
        return Finding(AgentState.IDLE, "waits for a prompt", entry.at, "registry", "idle")
    if heard.phase is Phase.ENDED and not heard.questions:
        settled = entry.at >= heard.phase_at
        found = after_turn(e, replace(heard, queued=0 if settled else heard.queued), now, settled)
        return replace(found, source="registry")
    if heard.phase is Phase.OVER and _is_current(entry, heard.phase_at, now):
        return Finding(AgentState.IDLE, "waits for a prompt", entry.at, "registry", "idle")
    found = hook(e, now)
    return replace(found, source="registry") if found is not None else None
