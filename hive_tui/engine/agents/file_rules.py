"""What a conversation's file and its window's title say, where they are newer than hooks. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from hive_tui.engine.agents.evidence import Evidence, Stance, Transcript
from hive_tui.engine.agents.findings import LAG_S, STOP_S, done, failed, interrupted, waits
from hive_tui.engine.agents.hearing import Phase
from hive_tui.engine.agents.signals import Question
from hive_tui.engine.agents.turn_rules import works
from hive_tui.engine.agents.verdict import Finding, age
from hive_tui.model.agent import AgentState, AskKind


def transcript(e: Evidence, now: float) -> Finding | None:
    """The conversation's file, where it is newer than what the hooks say."""
    told, heard = e.transcript, e.heard
    if told is None or heard.phase is Phase.NOTHING:
        return None
    if heard.phase is Phase.WORKING:
        newer = told.at > heard.began_at and told.stance is not Stance.WORKING
        if not newer or (heard.questions and told.stance is Stance.ENDED):
            return None
        if told.stance is Stance.ENDED and age(told.at, now) < STOP_S:
            return None
        return from_transcript(e, told, now)
    if told.stance is Stance.WORKING and told.at > heard.phase_at + LAG_S:
        return from_transcript(e, told, now)
    if told.stance is Stance.FAILED and told.at > heard.phase_at:
        return from_transcript(e, told, now)
    return None


def from_transcript(e: Evidence, told: Transcript, now: float) -> Finding | None:
    """What the newest telling record means; `None` where that is nothing."""
    match told.stance:
        case Stance.WORKING:
            return Finding(AgentState.WORKING, "works", told.at, "transcript", "works on")
        case Stance.FAILED:
            return failed(told.text, told.at, "transcript", "error")
        case Stance.INTERRUPTED:
            return interrupted(told.at, "transcript")
        case Stance.ENDED:
            return done(e, now, told.at, told.text, "transcript", "turn ended")
    return None


def title(e: Evidence, now: float) -> Finding | None:
    """The title, where it is newer than what the hooks say."""
    title, heard = e.title, e.heard
    if title is None or heard.phase in (Phase.NOTHING, Phase.OVER):
        return None
    if heard.phase is not Phase.WORKING:
        if title.stance is Stance.WORKING and title.at > heard.phase_at + LAG_S:
            return Finding(AgentState.WORKING, "works", title.at, "title", "works on")
        return None
    if title.stance is Stance.WAITING and not heard.questions and title.at > heard.began_at:
        question = Question(AskKind.DIALOG, "something on its screen", answerable=False)
        return waits((replace(question, at=title.at),), "title", "asks by its title")
    if title.stance is Stance.WORKING and heard.questions and title.at > heard.questions[-1].at:
        return works(replace(heard, questions=()), "title", "answered, as its title says")
    idle = title.stance is Stance.IDLE and title.at > heard.began_at and not heard.questions
    if idle and age(title.at, now) >= STOP_S:
        why = "its turn ended or was interrupted, as its title says"
        return done(e, now, title.at, why, "title", "idle without an end")
    return None
