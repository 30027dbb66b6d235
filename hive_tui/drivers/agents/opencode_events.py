"""What OpenCode's own server tells, folded into what it stands for. Pure.

Sessions of helpers have a parent, and steer nothing; but what they ask is asked of the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from hive_tui.drivers.agents.payloads import DETAIL, items, table, text
from hive_tui.engine.agents.evidence import Native, Stance
from hive_tui.engine.agents.signals import Question, Tool
from hive_tui.engine.agents.verdict import cut, first_line
from hive_tui.model.agent import AskKind


class OpenCodeView(msgspec.Struct, frozen=True):
    """What is known of one server."""

    session: str = ""
    """The one that the person talks to; empty until it is known."""
    helpers: frozenset[str] = frozenset()
    """Sessions with a parent."""
    busy_helpers: frozenset[str] = frozenset()
    stance: Stance = Stance.IDLE
    at: float = 0.0
    error: str = ""
    message: str = ""
    questions: tuple[Question, ...] = ()
    prompted: bool = False
    tokens: int | None = None
    cost_usd: float | None = None
    model: str = ""

    def native(self) -> Native:
        """As evidence."""
        return Native(
            self.stance, self.at, self.questions, self.error, self.message, len(self.busy_helpers)
        )


def apply(view: OpenCodeView, kind: str, properties: Mapping[str, Any], at: float) -> OpenCodeView:
    """What is known after one more event.

    Args:
        view: What was known.
        kind: The event's type: `session.status`, `permission.asked`, …
        properties: What it says; anything at all.
        at: When it came, in seconds since the epoch.
    """
    session = text(properties, "sessionID")
    match kind:
        case "permission.asked":
            return _ask(view, _permission(properties, at))
        case "question.asked":
            return _ask(view, _question(properties, at))
        case "permission.replied" | "question.replied" | "question.rejected":
            return _answered(view, text(properties, "requestID"))
        case "session.created" | "session.updated":
            return _session(view, table(properties, "info"))
        case "session.deleted" if session == view.session:
            return replace(view, session="", stance=Stance.IDLE, at=at, questions=(), error="")
        case "session.status":
            return _status(view, session, table(properties, "status"), at)
        case "session.error":
            return _error(view, session, table(properties, "error"), at)
        case "message.updated":
            return _message(view, table(properties, "info"))
    return view


def snapshot(
    view: OpenCodeView,
    statuses: Mapping[str, Any],
    permissions: Iterable[Any],
    questions: Iterable[Any],
    at: float,
) -> OpenCodeView:
    """What is known after all was asked for anew, as after a lost connection.

    Args:
        view: What was known.
        statuses: Of all sessions that do something; the others are idle.
        permissions: Those that wait for an answer.
        questions: The same.
        at: When that was.
    """
    view = replace(view, questions=())
    for asked in permissions:
        view = _ask(view, _permission(asked, at)) if isinstance(asked, Mapping) else view
    for asked in questions:
        view = _ask(view, _question(asked, at)) if isinstance(asked, Mapping) else view
    for session in (*statuses, view.session):
        if session:
            status = table(statuses, session) or {"type": "idle"}
            view = _status(view, session, status, at)
    return view


def _ask(view: OpenCodeView, question: Question) -> OpenCodeView:
    kept = tuple(other for other in view.questions if other.id != question.id)
    return replace(view, questions=(*kept, question))


def _answered(view: OpenCodeView, request: str) -> OpenCodeView:
    return replace(view, questions=tuple(q for q in view.questions if q.id != request))


def _permission(asked: Mapping[str, Any], at: float) -> Question:
    name = text(asked, "permission") or "a tool"
    patterns = [part for part in items(asked, "patterns") if isinstance(part, str)]
    command = text(table(asked, "metadata"), "command")
    told = first_line(command or (patterns[0] if patterns else ""))
    used = Tool(name, f"{name}({cut(told, 72)})" if told else name, text(asked, "id"), at=at)
    detail = cut(command or "\n".join(patterns), DETAIL)
    return Question(AskKind.PERMISSION, used.title, detail, tool=used, at=at)


def _question(asked: Mapping[str, Any], at: float) -> Question:
    first: Any = next(iter(items(asked, "questions")), {})
    said = text(first, "question")
    options = tuple(text(option, "label") for option in items(first, "options"))
    simple = len(items(asked, "questions")) == 1 and bool(options)
    simple = simple and isinstance(first, Mapping) and first.get("multiple") is not True
    used = Tool("question", "question", text(asked, "id"), at=at)
    shown = first_line(said) or "a question"
    return Question(
        AskKind.QUESTION, shown, cut(said, DETAIL), options, tool=used, answerable=simple, at=at
    )


def _session(view: OpenCodeView, info: Mapping[str, Any]) -> OpenCodeView:
    session = text(info, "id")
    if text(info, "parentID"):
        return replace(view, helpers=view.helpers | {session})
    if session and not view.session:
        view = replace(view, session=session)
    if session != view.session:
        return view
    cost = info.get("cost")
    known = isinstance(cost, (int, float)) and not isinstance(cost, bool)
    return replace(
        view,
        cost_usd=float(cost) if known and isinstance(cost, (int, float)) else view.cost_usd,
        tokens=_tokens(table(info, "tokens")) or view.tokens,
        model=text(table(info, "model"), "id") or view.model,
    )


def _tokens(tokens: Mapping[str, Any]) -> int:
    cache = table(tokens, "cache")
    found = [tokens.get(name) for name in ("input", "output", "reasoning")]
    found += [cache.get(name) for name in ("read", "write")]
    return sum(n for n in found if isinstance(n, int) and not isinstance(n, bool))


def _status(view: OpenCodeView, session: str, status: Mapping[str, Any], at: float) -> OpenCodeView:
    kind = text(status, "type")
    if session in view.helpers:
        busy = view.busy_helpers - {session} if kind == "idle" else view.busy_helpers | {session}
        return replace(view, busy_helpers=busy)
    if session != view.session:
        if view.session and view.stance is Stance.WORKING:
            return view
        view = replace(view, session=session, stance=Stance.IDLE, prompted=False)
    match kind:
        case "busy":
            if view.stance is Stance.WORKING and not view.message:
                return view
            at = view.at if view.stance is Stance.WORKING else at
            return replace(view, stance=Stance.WORKING, at=at, error="", message="", prompted=True)
        case "retry":
            why = first_line(text(status, "message")) or "its model does not answer"
            begun = view.at if view.stance is Stance.WORKING else at
            message = f"tries again: {why}"
            return replace(view, stance=Stance.WORKING, at=begun, message=message, prompted=True)
        case "idle":
            if view.stance is not Stance.WORKING:
                return view
            return replace(
                view, stance=Stance.ENDED, at=at, message="", busy_helpers=frozenset(), questions=()
            )
    return view


def _error(view: OpenCodeView, session: str, error: Mapping[str, Any], at: float) -> OpenCodeView:
    if session in view.helpers or (session and view.session and session != view.session):
        return view
    if text(error, "name") == "MessageAbortedError":
        return replace(view, stance=Stance.INTERRUPTED, at=at, error="", questions=())
    said = first_line(text(table(error, "data"), "message")) or text(error, "name") or "an error"
    return replace(view, stance=Stance.FAILED, at=at, error=said, questions=())


def _message(view: OpenCodeView, info: Mapping[str, Any]) -> OpenCodeView:
    if text(info, "sessionID") != view.session or text(info, "role") != "assistant":
        return view
    return replace(view, model=text(info, "modelID") or view.model)
