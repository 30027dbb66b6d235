"""Folds what an agent's hooks tell into what is known of its conversation. Pure.

Only the bound conversation counts: what other programs with the same hooks tell, such as an agent
that the agent itself starts, is counted and left out. So are things that are told twice, late or in
another order: each is taken for what it says and never for what should have come before it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec.structs import replace

from hive_tui.engine.agents.signals import Question, Signal, Tool, What
from hive_tui.model.agent import AskKind

TWICE_S = 1.0
"""The same prompt within that time is one that two hooks told."""
MOST = 32
"""Tools, helpers and conversations that are remembered at most."""

_MOVES = frozenset(
    {What.TOOL_BEGAN, What.TOOL_ENDED, What.TOOL_FAILED, What.TOOLS_ENDED, What.BEAT}
)
"""Signs that no dialog stands in the way of the main conversation."""


class Phase(StrEnum):
    """Where a conversation stands, as far as hooks tell."""

    NOTHING = "nothing"
    """Nothing was heard."""
    READY = "ready"
    """It was begun, and not asked anything."""
    WORKING = "working"
    ENDED = "ended"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    OVER = "over"
    """The program is about to end."""


class Heard(msgspec.Struct, frozen=True):
    """What hooks told of an agent's conversation. Times are seconds since the epoch."""

    run: str = ""
    """Only what is told with this run counts; empty: with any."""
    session: str = ""
    sessions: tuple[str, ...] = ()
    """All that were bound since the start, newest last."""
    pid: int = 0
    phase: Phase = Phase.NOTHING
    phase_at: float = 0.0
    """Since when it is in that phase; of work: since the turn began."""
    began_at: float = 0.0
    """When something last began that the person or the model has to do: a prompt, a tool, an ask.

    Signs that only trail, such as the end of a tool, do not count: after an interruption they may
    come late.
    """
    last_at: float = 0.0
    """When anything was heard last, of helpers too."""
    turn: str = ""
    queued: int = 0
    """Prompts that wait for the end of the turn in the agent itself."""
    tools: tuple[Tool, ...] = ()
    questions: tuple[Question, ...] = ()
    """Open ones, oldest first."""
    helpers: tuple[str, ...] = ()
    background: tuple[str, ...] | None = None
    """What runs on after the turn; `None` where that is unknown."""
    scheduled: int = 0
    rounds: int = 0
    """How often the turn ended and went on."""
    compacting_at: float | None = None
    failing: Tool | None = None
    """What failed last, with nothing else in between."""
    failures: int = 0
    """How often in a row."""
    how: str = ""
    """How it came into its phase: `clear`, `rate_limit`, …"""
    message: str = ""
    """What it said last, or its error."""
    pipe: str = ""
    """Where the hook of the turn's end waits for a word; empty where it does not."""
    prompt: str = ""
    prompted_at: float = 0.0
    model: str = ""
    transcript: str = ""
    foreign: int = 0
    """How much was told by others."""


def hear(heard: Heard, signal: Signal) -> Heard:
    """What is known after one more signal."""
    if not _is_ours(heard, signal):
        return replace(heard, foreign=heard.foreign + 1)
    heard = replace(
        _bind(heard, signal),
        last_at=signal.at,
        model=signal.model or heard.model,
        transcript=signal.transcript or heard.transcript,
    )
    if signal.helper and signal.what not in (What.ASKED, What.HELPER_BEGAN, What.HELPER_ENDED):
        return _without(heard, signal.tools)
    if signal.what in _MOVES and not signal.helper:
        heard = _without_dialogs(heard)
    return _HEAR[signal.what](heard, signal)


def _is_ours(heard: Heard, signal: Signal) -> bool:
    if heard.run and signal.run != heard.run:
        return False
    if not heard.session or not signal.session or signal.session in heard.sessions:
        return True
    # A new conversation of the same process: never in the middle of a turn, unless it says why.
    same = bool(heard.pid) and signal.pid == heard.pid
    told = signal.how in ("clear", "resume", "compact", "fork")
    return same and signal.what is What.BEGAN and (told or heard.phase is not Phase.WORKING)


def _bind(heard: Heard, signal: Signal) -> Heard:
    if not signal.session or signal.session in heard.sessions:
        return heard
    return replace(
        heard,
        session=signal.session,
        sessions=(*heard.sessions, signal.session)[-MOST:],
        pid=signal.pid or heard.pid,
        turn="",
    )


# --- one function for each kind of signal ------------------------------------------------------


def _began(heard: Heard, signal: Signal) -> Heard:
    if signal.how == "compact":
        heard = replace(heard, compacting_at=None)
        return heard if heard.phase is not Phase.NOTHING else _enter(heard, Phase.READY, signal)
    if heard.phase is Phase.WORKING and signal.how in ("", "startup"):
        return heard  # it comes late, or twice
    return replace(
        _enter(heard, Phase.READY, signal), queued=0, helpers=(), background=None, scheduled=0
    )


def _closed(heard: Heard, signal: Signal) -> Heard:
    phase = Phase.READY if signal.how in ("clear", "resume") else Phase.OVER
    return replace(_enter(heard, phase, signal), queued=0, helpers=(), background=None)


def _prompted(heard: Heard, signal: Signal) -> Heard:
    same = signal.turn == heard.turn and signal.how != "begins"
    if heard.phase is Phase.WORKING and same:
        twice = signal.text == heard.prompt and abs(signal.at - heard.prompted_at) < TWICE_S
        heard = replace(heard, prompt=signal.text, prompted_at=signal.at)
        if twice or signal.how == "joins":
            return _without_dialogs(heard)
        return replace(heard, queued=heard.queued + 1)
    heard = _enter(heard, Phase.WORKING, signal)
    return replace(
        heard,
        turn=signal.turn,
        prompt=signal.text,
        prompted_at=signal.at,
        queued=0,
        rounds=0,
        background=None,
        scheduled=0,
        failing=None,
        failures=0,
    )


def _tool_began(heard: Heard, signal: Signal) -> Heard:
    heard = _resume(heard, signal)
    for tool in signal.tools:
        if not any(tool.same(other) for other in heard.tools):
            heard = replace(heard, tools=(*heard.tools, tool)[-MOST:])
    return replace(heard, began_at=signal.at)


def _tool_ended(heard: Heard, signal: Signal) -> Heard:
    return replace(_without(heard, signal.tools), failing=None, failures=0)


def _tool_failed(heard: Heard, signal: Signal) -> Heard:
    failed = signal.tools[0] if signal.tools else None
    again = failed is not None and heard.failing is not None and failed.key == heard.failing.key
    return replace(
        _without(heard, signal.tools), failing=failed, failures=heard.failures + 1 if again else 1
    )


def _tools_ended(heard: Heard, signal: Signal) -> Heard:
    return _without(heard, signal.tools)


def _asked(heard: Heard, signal: Signal) -> Heard:
    question = signal.question
    if question is None:
        return heard
    question = replace(question, helper=signal.helper)
    heard = heard if signal.helper else _resume(heard, signal)
    others = tuple(q for q in heard.questions if q.kind is not AskKind.DIALOG)
    for at, other in enumerate(others):
        if other.id == question.id or (
            question.tool is not None and other.tool is not None and question.tool.same(other.tool)
        ):
            kept = replace(
                question,
                at=other.at,
                tool=other.tool,
                pipe=question.pipe or other.pipe,
                given=question.given if question.pipe else other.given,
            )
            others = (*others[:at], kept, *others[at + 1 :])
            return replace(heard, questions=others)
    question = replace(question, tool=_known(heard, question.tool))
    return replace(heard, questions=(*others, question)[-MOST:], began_at=signal.at)


def _noticed(heard: Heard, signal: Signal) -> Heard:
    if signal.how == "idle":
        if heard.phase is Phase.WORKING:
            return _enter(heard, Phase.INTERRUPTED, signal)
        return heard
    if heard.questions:
        return heard
    kind = {"permission": AskKind.PERMISSION, "question": AskKind.QUESTION}.get(
        signal.how, AskKind.DIALOG
    )
    question = Question(kind, signal.text, answerable=False, at=signal.at)
    return replace(_resume(heard, signal), questions=(question,), began_at=signal.at)


def _helper_began(heard: Heard, signal: Signal) -> Heard:
    if signal.helper in heard.helpers:
        return heard
    return replace(heard, helpers=(*heard.helpers, signal.helper)[-MOST:])


def _helper_ended(heard: Heard, signal: Signal) -> Heard:
    return replace(
        heard,
        helpers=tuple(h for h in heard.helpers if h != signal.helper),
        questions=tuple(q for q in heard.questions if q.helper != signal.helper or not q.helper),
    )


def _compacting(heard: Heard, signal: Signal) -> Heard:
    return replace(heard, compacting_at=signal.at)


def _compacted(heard: Heard, signal: Signal) -> Heard:
    return replace(heard, compacting_at=None)


def _ended(heard: Heard, signal: Signal) -> Heard:
    if heard.phase is Phase.FAILED and signal.turn == heard.turn:
        return heard  # the error says more
    queued = heard.queued
    if heard.phase is Phase.ENDED and queued and signal.turn != heard.turn:
        queued -= 1
    helpers = heard.helpers if signal.background is None else ()
    return replace(
        _enter(heard, Phase.ENDED, signal),
        turn=signal.turn or heard.turn,
        queued=queued,
        rounds=heard.rounds + 1,
        helpers=helpers,
        pipe=signal.pipe,
        background=signal.background,
        scheduled=signal.scheduled,
    )


def _failed(heard: Heard, signal: Signal) -> Heard:
    return replace(_enter(heard, Phase.FAILED, signal), turn=signal.turn or heard.turn, queued=0)


def _interrupted(heard: Heard, signal: Signal) -> Heard:
    return replace(_enter(heard, Phase.INTERRUPTED, signal), queued=0)


def _beat(heard: Heard, signal: Signal) -> Heard:
    if heard.phase is Phase.ENDED and signal.turn and signal.turn != heard.turn:
        # a prompt that waited has become a turn, and nothing else tells it
        queued = max(0, heard.queued - 1)
        return replace(_enter(heard, Phase.WORKING, signal), turn=signal.turn, queued=queued)
    return heard


_HEAR = {
    What.BEGAN: _began,
    What.CLOSED: _closed,
    What.PROMPTED: _prompted,
    What.TOOL_BEGAN: _tool_began,
    What.TOOL_ENDED: _tool_ended,
    What.TOOL_FAILED: _tool_failed,
    What.TOOLS_ENDED: _tools_ended,
    What.ASKED: _asked,
    What.NOTICED: _noticed,
    What.HELPER_BEGAN: _helper_began,
    What.HELPER_ENDED: _helper_ended,
    What.COMPACTING: _compacting,
    What.COMPACTED: _compacted,
    What.ENDED: _ended,
    What.FAILED: _failed,
    What.INTERRUPTED: _interrupted,
    What.BEAT: _beat,
}


# --- steps that several of them take -----------------------------------------------------------


def _enter(heard: Heard, phase: Phase, signal: Signal) -> Heard:
    """Come into a phase, with nothing open but what helpers ask that go on after a turn."""
    kept = tuple(q for q in heard.questions if q.helper and phase is Phase.ENDED)
    return replace(
        heard,
        phase=phase,
        phase_at=signal.at,
        began_at=signal.at,
        tools=(),
        questions=kept,
        compacting_at=None,
        how=signal.how,
        pipe="",
        message=signal.text if phase is not Phase.WORKING else "",
    )


def _resume(heard: Heard, signal: Signal) -> Heard:
    """Be at work: a turn that had ended goes on, or begins with what is told of it."""
    if heard.phase is Phase.WORKING:
        if signal.turn and heard.turn and signal.turn != heard.turn and not signal.helper:
            return replace(_enter(heard, Phase.WORKING, signal), turn=signal.turn)
        return heard
    queued = heard.queued - 1 if heard.queued and signal.turn != heard.turn else heard.queued
    turn = signal.turn or heard.turn
    return replace(_enter(heard, Phase.WORKING, signal), turn=turn, queued=queued)


def _without(heard: Heard, tools: tuple[Tool, ...]) -> Heard:
    """Close tools and the questions that were asked for them."""
    if not tools:
        return heard

    def over(tool: Tool | None) -> bool:
        return tool is not None and any(tool.same(ended) for ended in tools)

    return replace(
        heard,
        tools=tuple(tool for tool in heard.tools if not over(tool)),
        questions=tuple(q for q in heard.questions if not over(q.tool)),
    )


def _without_dialogs(heard: Heard) -> Heard:
    """Forget questions that belong to no tool: whoever goes on is no longer asked."""
    kept = tuple(q for q in heard.questions if q.tool is not None or q.helper)
    return replace(heard, questions=kept) if len(kept) != len(heard.questions) else heard


def _known(heard: Heard, tool: Tool | None) -> Tool | None:
    """The open use of a tool that is meant, which has an id where a question's has none."""
    if tool is None:
        return None
    return next((open_ for open_ in heard.tools if open_.same(tool)), tool)
