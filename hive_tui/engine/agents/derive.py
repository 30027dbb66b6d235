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

from hive_tui.engine.agents.evidence import Evidence, Registry, Stance, Transcript
from hive_tui.engine.agents.hearing import Heard, Phase
from hive_tui.engine.agents.overlay import overlay
from hive_tui.engine.agents.signals import Question
from hive_tui.engine.agents.verdict import Finding, age, cut, first_line
from hive_tui.model.agent import AgentState, AskKind

SETTLE_S = 0.5
"""A turn may end and go on at once: its end is believed after that long."""
QUEUED_S = 10.0
"""How long a prompt that waits in the agent may take to become a turn."""
RECORD_S = 1.0
"""How long the transcript may take to tell why the registry says that nothing is done."""
LAG_S = 2.0
"""How long the registry may take to follow a hook."""
STOP_S = 5.0
"""How long a hook may take to tell the end of a turn that the transcript tells."""
LOOP_S = 60.0
"""How long a loop may take to go on."""
BACKGROUND_S = 600.0
"""After that long without a sign, what runs in the background no longer counts as work."""
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
    return Finding(AgentState.UNKNOWN, "nothing is known of it", now, "", "none")


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
        return _waits(native.questions, "native", "asks by its interface")
    match native.stance:
        case Stance.WORKING:
            why = native.message or "works"
            return Finding(AgentState.WORKING, why, native.at, "native", "busy")
        case Stance.WAITING:
            question = Question(AskKind.DIALOG, "something on its screen", answerable=False)
            return _waits((replace(question, at=native.at),), "native", "waits")
        case Stance.FAILED:
            return _error(native.error, native.at, "native", "error")
        case Stance.INTERRUPTED:
            return _interrupted(native.at, "native")
        case Stance.ENDED:
            return _done(e, now, native.at, native.message, "native", "idle after a turn")
        case Stance.IDLE:
            why = "waits for a prompt"
            return Finding(AgentState.IDLE, why, native.at, "native", "idle")


# --- 3: the registry ---------------------------------------------------------------------------


def _registry(e: Evidence, now: float) -> Finding | None:
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
        found = _works(replace(heard, questions=()), "registry", "busy")
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
        return _waits(heard.questions, "registry", "waiting")
    if not _is_current(entry, heard.began_at, now):
        return None
    kind, title = _WAITING_FOR.get(entry.waiting_for, (AskKind.DIALOG, entry.waiting_for))
    question = Question(kind, title or "something on its screen", answerable=False, at=entry.at)
    return _waits((question,), "registry", "waiting")


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
            found = _from_transcript(e, told, now)
            if found is not None and found.state is not AgentState.WORKING:
                return replace(found, source="registry", rule="idle, as the transcript says")
        why, again = "its turn ended or was interrupted", entry.at + RECORD_S
        if age(entry.at, now) < RECORD_S:
            found = _works(heard, "registry", "idle just now")
            return replace(found, reason="its turn is ending", again_at=again)
        return _done(e, now, max(entry.at, heard.began_at), why, "registry", "idle without an end")
    if heard.phase is Phase.NOTHING:
        if told is not None and told.stance is not Stance.WORKING:
            return _from_transcript(e, told, now)
        return Finding(AgentState.IDLE, "waits for a prompt", entry.at, "registry", "idle")
    if heard.phase is Phase.ENDED and not heard.questions:
        settled = entry.at >= heard.phase_at
        found = _after_turn(e, replace(heard, queued=0 if settled else heard.queued), now, settled)
        return replace(found, source="registry")
    if heard.phase is Phase.OVER and _is_current(entry, heard.phase_at, now):
        return Finding(AgentState.IDLE, "waits for a prompt", entry.at, "registry", "idle")
    found = _hook(e, now)
    return replace(found, source="registry") if found is not None else None


# --- 4: transcript and title, where they are newer ---------------------------------------------


def _transcript(e: Evidence, now: float) -> Finding | None:
    told, heard = e.transcript, e.heard
    if told is None or heard.phase is Phase.NOTHING:
        return None
    if heard.phase is Phase.WORKING:
        newer = told.at > heard.began_at and told.stance is not Stance.WORKING
        if not newer or (heard.questions and told.stance is Stance.ENDED):
            return None
        if told.stance is Stance.ENDED and age(told.at, now) < STOP_S:
            return None
        return _from_transcript(e, told, now)
    if told.stance is Stance.WORKING and told.at > heard.phase_at + LAG_S:
        return _from_transcript(e, told, now)
    if told.stance is Stance.FAILED and told.at > heard.phase_at:
        return _from_transcript(e, told, now)
    return None


def _from_transcript(e: Evidence, told: Transcript, now: float) -> Finding | None:
    match told.stance:
        case Stance.WORKING:
            return Finding(AgentState.WORKING, "works", told.at, "transcript", "works on")
        case Stance.FAILED:
            return _error(told.text, told.at, "transcript", "error")
        case Stance.INTERRUPTED:
            return _interrupted(told.at, "transcript")
        case Stance.ENDED:
            return _done(e, now, told.at, told.text, "transcript", "turn ended")
    return None


def _title(e: Evidence, now: float) -> Finding | None:
    title, heard = e.title, e.heard
    if title is None or heard.phase in (Phase.NOTHING, Phase.OVER):
        return None
    if heard.phase is not Phase.WORKING:
        if title.stance is Stance.WORKING and title.at > heard.phase_at + LAG_S:
            return Finding(AgentState.WORKING, "works", title.at, "title", "works on")
        return None
    if title.stance is Stance.WAITING and not heard.questions and title.at > heard.began_at:
        question = Question(AskKind.DIALOG, "something on its screen", answerable=False)
        return _waits((replace(question, at=title.at),), "title", "asks by its title")
    if title.stance is Stance.WORKING and heard.questions and title.at > heard.questions[-1].at:
        return _works(replace(heard, questions=()), "title", "answered, as its title says")
    idle = title.stance is Stance.IDLE and title.at > heard.began_at and not heard.questions
    if idle and age(title.at, now) >= STOP_S:
        why = "its turn ended or was interrupted, as its title says"
        return _done(e, now, title.at, why, "title", "idle without an end")
    return None


# --- 5: the hooks ------------------------------------------------------------------------------


def _hook(e: Evidence, now: float) -> Finding | None:
    heard = e.heard
    if heard.questions:
        return _waits(heard.questions, "hook", "asked")
    match heard.phase:
        case Phase.NOTHING:
            return None
        case Phase.WORKING:
            return _works(heard, "hook", "at work")
        case Phase.ENDED:
            return _after_turn(e, heard, now)
        case Phase.FAILED:
            return _error(heard.message or heard.how, heard.phase_at, "hook", "error")
        case Phase.INTERRUPTED:
            return _interrupted(heard.phase_at, "hook")
        case Phase.OVER:
            why = f"its conversation was closed ({heard.how or 'no reason told'})"
            return Finding(AgentState.GONE, why, heard.phase_at, "hook", "closed")
        case Phase.READY:
            why = "waits for a prompt; its conversation was cleared"
            why = why if heard.how == "clear" else "waits for a prompt"
            return Finding(AgentState.IDLE, why, heard.phase_at, "hook", "not asked yet")


def _works(heard: Heard, source: str, rule: str) -> Finding:
    why = "works on its prompt"
    if heard.compacting_at is not None:
        why = "makes its conversation shorter"
    elif heard.tools:
        why = f"runs {heard.tools[-1].title}"
    elif heard.helpers:
        why = f"waits for {_count(len(heard.helpers), 'helper')}"
    return Finding(AgentState.WORKING, why, heard.phase_at, source, rule)


def _after_turn(e: Evidence, heard: Heard, now: float, settled: bool = False) -> Finding:
    """After a turn ended: whether that was all."""
    since, ago = heard.phase_at, age(heard.phase_at, now)
    working = Finding(AgentState.WORKING, "", since, "hook", "")
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
        what = _count(len(beside), "task runs", "tasks run")
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
        why = f"{why} ({_count(len(beside), 'task')} left in the background)"
    elif heard.scheduled:
        why = f"{why} ({_count(heard.scheduled, 'prompt')} scheduled)"
    return _done(e, now, since, why, "hook", "turn ended")


# --- 6: where nothing was heard ----------------------------------------------------------------


def _quiet_start(e: Evidence, now: float) -> Finding | None:
    """Before anything was heard, or where the agent tells nothing by itself."""
    process = e.process
    if e.heard.phase is not Phase.NOTHING or process is None:
        return None
    since = process.started_at
    if e.transcript is not None and e.transcript.at >= since:
        return _from_transcript(e, e.transcript, now)
    if e.dialog:
        question = Question(AskKind.DIALOG, e.dialog, answerable=False, at=since)
        return _waits((question,), "screen", "dialog of its start")
    if e.title is not None:
        match e.title.stance:
            case Stance.WAITING:
                question = Question(AskKind.DIALOG, "something on its screen", answerable=False)
                return _waits((replace(question, at=e.title.at),), "title", "asks by its title")
            case Stance.WORKING:
                return Finding(AgentState.WORKING, "works", e.title.at, "title", "works")
            case Stance.IDLE if e.title.after_work:
                why = "its turn ended or was interrupted, as its title says"
                return _done(e, now, e.title.at, why, "title", "idle after work")
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
    "registry": _registry,
    "transcript": _transcript,
    "title": _title,
    "hook": _hook,
    "quiet start": _quiet_start,
    "unknown": _unknown,
}
"""In the order in which they are asked."""


# --- findings that several rules have in common ------------------------------------------------


def _waits(questions: tuple[Question, ...], source: str, rule: str) -> Finding:
    first = questions[0]
    more = f" (and {len(questions) - 1} more)" if len(questions) > 1 else ""
    why = f"{first.kind.value}: {first.title}{more}"
    return Finding(AgentState.WAITING, why, first.at, source, rule, questions=questions)


def _error(text: str, since: float, source: str, rule: str) -> Finding:
    why = first_line(text) or "its turn failed"
    return Finding(AgentState.ERROR, why, since, source, rule)


def _interrupted(since: float, source: str) -> Finding:
    return Finding(AgentState.IDLE, "was interrupted", since, source, "interrupted")


def _done(e: Evidence, now: float, since: float, text: str, source: str, rule: str) -> Finding:
    seen = since <= e.seen_at <= now + 1.0
    state = AgentState.IDLE if seen else AgentState.DONE
    return Finding(state, first_line(text) or "its turn ended", since, source, rule)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
