"""Decides how an agent stands: `derive(evidence, now)`. Pure, and total: it never raises.

Rules are asked in the order of their authority, and the first that knows something wins:

1. `process`: whether its program runs. Nothing overrides its end.
2. `native`: its own interface.
3. `registry`: what it keeps of itself in a file, unless a hook is newer.
4. `transcript`, `title`: where they are newer than what the hooks say.
5. `hook`: what the hooks of its bound conversation told.
6. `quiet start`: its transcript, title or screen, where nothing else was heard.

`stuck` and `quiet` lie over `working`: see `overlay.py`. Where nothing is known, that is said.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

from msgspec.structs import replace

from hive_tui.engine.agents.evidence import Evidence, Stance
from hive_tui.engine.agents.file_rules import from_transcript, title, transcript
from hive_tui.engine.agents.findings import done, failed, interrupted, waits
from hive_tui.engine.agents.hearing import Phase
from hive_tui.engine.agents.overlay import overlay
from hive_tui.engine.agents.registry_rules import registry
from hive_tui.engine.agents.signals import Question
from hive_tui.engine.agents.turn_rules import hook
from hive_tui.engine.agents.verdict import Finding, age, first_line
from hive_tui.model.agent import AgentState, AskKind

START_S = 30.0
"""How long an agent may take until something is heard of it."""

Rule = Callable[[Evidence, float], Finding | None]


def derive(evidence: Evidence, now: float) -> Finding:
    """How the agent stands.

    Args:
        evidence: What is known.
        now: Seconds since the epoch.
    """
    for rule in RULES.values():
        found = rule(evidence, now)
        if found is not None:
            return _settled(overlay(found, evidence, now), now)
    return Finding(AgentState.UNKNOWN, "nothing is known of it", now, "nothing", "none")


def explain(evidence: Evidence, now: float) -> list[tuple[str, Finding | None]]:
    """What each rule says, in the order in which they are asked: the first one wins."""
    return [(name, rule(evidence, now)) for name, rule in RULES.items()]


def _settled(found: Finding, now: float) -> Finding:
    """A reason in one line; nothing began in the future, or is looked at again in the past."""
    again = found.again_at
    return replace(
        found,
        reason=first_line(found.reason) or found.rule,
        since=min(found.since, now),
        again_at=max(again, now + 0.05) if again is not None else None,
    )


# --- 1: the process ----------------------------------------------------------------------------


def _process(e: Evidence, now: float) -> Finding | None:
    if e.launched_at is None:
        return Finding(AgentState.NONE, "no agent was started here", now, "process", "not started")
    process = e.process
    if process is None or process.ended_at is None:
        return None
    code, since = process.exit_code, process.ended_at
    if process.stopped:
        return Finding(AgentState.GONE, "it was stopped", since, "process", "stopped")
    if code is None:
        return Finding(AgentState.GONE, "its program has ended", since, "process", "ended")
    if code == 0:
        return Finding(AgentState.GONE, "it has ended", since, "process", "ended")
    if code == -signal.SIGHUP:
        return Finding(AgentState.GONE, "its terminal was closed", since, "process", "hung up")
    if code < 0:
        why = f"it was killed by {_signal_name(-code)}"
        return Finding(AgentState.ERROR, why, since, "process", "killed")
    if code == 127:
        why = "its program was not found (exit status 127)"
        return Finding(AgentState.ERROR, why, since, "process", "failed")
    return Finding(AgentState.ERROR, f"it ended with status {code}", since, "process", "failed")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# --- 2: the agent's own interface --------------------------------------------------------------


def _native(e: Evidence, now: float) -> Finding | None:
    native = e.native
    if native is None:
        return None
    if native.questions:
        return waits(native.questions, "native", "asks by its interface")
    match native.stance:
        case Stance.WORKING:
            why = native.message or "works"
            return Finding(AgentState.WORKING, why, native.at, "native", "busy")
        case Stance.WAITING:
            question = Question(AskKind.DIALOG, "something on its screen", answerable=False)
            return waits((replace(question, at=native.at),), "native", "waits")
        case Stance.FAILED:
            return failed(native.error, native.at, "native", "error")
        case Stance.INTERRUPTED:
            return interrupted(native.at, "native")
        case Stance.ENDED:
            return done(e, now, native.at, native.message, "native", "idle after a turn")
        case Stance.IDLE:
            why = "waits for a prompt"
            return Finding(AgentState.IDLE, why, native.at, "native", "idle")


# --- 6: where nothing was heard ----------------------------------------------------------------


def _quiet_start(e: Evidence, now: float) -> Finding | None:
    """Before anything was heard, or where the agent tells nothing by itself."""
    process = e.process
    if e.heard.phase is not Phase.NOTHING or process is None:
        return None
    since = process.started_at
    told = e.transcript
    if told is not None and told.at >= since:
        found = from_transcript(e, told, now)
        if found is not None:
            return found
    if e.dialog:
        question = Question(AskKind.DIALOG, e.dialog, answerable=False, at=since)
        return waits((question,), "screen", "dialog of its start")
    if e.title is not None:
        match e.title.stance:
            case Stance.WAITING:
                question = Question(AskKind.DIALOG, "something on its screen", answerable=False)
                return waits((replace(question, at=e.title.at),), "title", "asks by its title")
            case Stance.WORKING:
                return Finding(AgentState.WORKING, "works", e.title.at, "title", "works")
            case Stance.IDLE if e.title.after_work:
                why = "its turn ended or was interrupted, as its title says"
                return done(e, now, e.title.at, why, "title", "idle after work")
            case Stance.IDLE:
                why = "waits for a prompt"
                return Finding(AgentState.IDLE, why, e.title.at, "title", "idle")
            case _:
                pass
    if not e.has_hooks:
        return Finding(AgentState.WORKING, "its program runs", since, "process", "runs")
    if age(since, now) < START_S:
        return Finding(
            AgentState.STARTING, "starts", since, "process", "started", again_at=since + START_S
        )
    why = "nothing has been heard of it since it started; are its hooks switched off?"
    return Finding(AgentState.UNKNOWN, why, since, "process", "runs, says nothing")


def _unknown(e: Evidence, now: float) -> Finding | None:
    if e.process is not None:
        return None
    since = e.launched_at if e.launched_at is not None else now
    if age(since, now) < START_S:
        return Finding(
            AgentState.STARTING, "starts", since, "process", "launched", again_at=since + START_S
        )
    why = "its terminal has not been heard of"
    return Finding(AgentState.UNKNOWN, why, since, "process", "no process known")


RULES: dict[str, Rule] = {
    "process": _process,
    "native": _native,
    "registry": registry,
    "transcript": transcript,
    "title": title,
    "hook": hook,
    "quiet start": _quiet_start,
    "unknown": _unknown,
}
"""In the order in which they are asked."""
