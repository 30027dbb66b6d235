"""Claude Code's hooks, and those that are compatible with them, as signals. Pure."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from hive_tui.drivers.agents.payloads import (
    DETAIL,
    Json,
    items,
    permission,
    table,
    text,
    told,
    tool,
)
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.signals import Question, Signal, Tool, What
from hive_tui.engine.agents.verdict import cut, first_line
from hive_tui.model.agent import AskKind

EVENTS = (
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PostToolBatch",
    "PermissionRequest",
    "Notification",
    "Elicitation",
    "ElicitationResult",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
    "MessageDisplay",
)
"""Those that hive listens to, for a program that knows all of them."""

_NOTICES = {
    "idle_prompt": "idle",
    "permission_prompt": "permission",
    "worker_permission_prompt": "permission",
    "elicitation_dialog": "question",
    "elicitation_url_dialog": "question",
    "agent_needs_input": "dialog",
}


def signal(event: Event, *, joins: bool = False) -> Signal | None:
    """What one hook told; `None` where it is no hook's payload.

    A name that is not known is still a sign of life.

    Args:
        event: A line of the event file.
        joins: Whether a prompt during a turn becomes part of that turn.
    """
    if (notice := told(event)) is not None:
        return notice
    payload, at = event.payload, event.at
    name = text(payload, "hook_event_name")
    if not name:
        return None
    used = tool(payload, at)
    base = Signal(
        What.BEAT,
        at=at,
        session=text(payload, "session_id"),
        run=event.run,
        pid=event.pid,
        helper=text(payload, "agent_id"),
        turn=text(payload, "prompt_id") or text(payload, "turn_id"),
        model=text(payload, "model"),
        transcript=text(payload, "transcript_path"),
        tools=(used,) if used is not None else (),
    )
    match name:
        case "SessionStart":
            how = text(payload, "source") or "startup"
            return replace(base, what=What.BEGAN, how=how)
        case "SessionEnd":
            return replace(base, what=What.CLOSED, how=text(payload, "reason"))
        case "UserPromptSubmit":
            how = "joins" if joins else ""
            return replace(base, what=What.PROMPTED, how=how, text=text(payload, "prompt"))
        case "PreToolUse" if used is not None:
            asked = _own_question(used, payload, at)
            what = What.ASKED if asked is not None else What.TOOL_BEGAN
            return replace(base, what=what, question=asked)
        case "PermissionRequest" if used is not None:
            given = payload.get("tool_input")
            asked = _own_question(used, payload, at) or permission(used, given, at)
            asked = replace(asked, pipe=event.pipe, given=_given(payload) if event.pipe else {})
            return replace(base, what=What.ASKED, question=asked)
        case "PostToolUse":
            return replace(base, what=What.TOOL_ENDED)
        case "PostToolUseFailure":
            stopped = payload.get("is_interrupt") is True and not base.helper
            return replace(base, what=What.INTERRUPTED if stopped else What.TOOL_FAILED)
        case "PostToolBatch":
            return replace(base, what=What.TOOLS_ENDED, tools=_batch(payload, at))
        case "Notification":
            how = _NOTICES.get(text(payload, "notification_type"), "")
            if not how:
                return base
            said = first_line(text(payload, "message"))
            return replace(base, what=What.NOTICED, how=how, text=said)
        case "Elicitation":
            said = first_line(text(payload, "message"))
            asked = Question(AskKind.QUESTION, said, answerable=False, at=at)
            return replace(base, what=What.ASKED, question=asked)
        case "Stop":
            return _stop(replace(base, pipe=event.pipe), payload)
        case "StopFailure":
            said = text(payload, "last_assistant_message") or text(payload, "error_details")
            how = text(payload, "error")
            return replace(base, what=What.FAILED, how=how, text=said or how)
        case "Interrupt":
            return replace(base, what=What.INTERRUPTED)
        case "SubagentStart":
            return replace(base, what=What.HELPER_BEGAN, helper=base.helper or "helper")
        case "SubagentStop":
            return replace(base, what=What.HELPER_ENDED, helper=base.helper or "helper")
        case "PreCompact":
            return replace(base, what=What.COMPACTING)
        case "PostCompact":
            return replace(base, what=What.COMPACTED)
    return base


def _given(payload: Json) -> dict[str, Any]:
    """What an answer to a permission is made from."""
    return {
        "tool_input": table(payload, "tool_input"),
        "permission_suggestions": items(payload, "permission_suggestions"),
    }


def _stop(base: Signal, payload: Json) -> Signal:
    background: tuple[str, ...] | None = None
    if isinstance(payload.get("background_tasks"), list):
        background = tuple(_task(task) for task in items(payload, "background_tasks"))
    return replace(
        base,
        what=What.ENDED,
        text=text(payload, "last_assistant_message"),
        background=background,
        scheduled=len(items(payload, "session_crons")),
    )


def _task(task: object) -> str:
    """A background task in a few words."""
    named = (text(task, member) for member in ("command", "description", "name", "agent_type"))
    return first_line(next((name for name in named if name), "")) or text(task, "type") or "a task"


def _batch(payload: Json, at: float) -> tuple[Tool, ...]:
    found = (tool(call, at) for call in items(payload, "tool_calls") if isinstance(call, dict))
    return tuple(used for used in found if used is not None)


def _own_question(used: Tool, payload: Json, at: float) -> Question | None:
    """What a tool asks whose whole purpose is to ask."""
    given = table(payload, "tool_input")
    if used.name == "ExitPlanMode":
        plan = text(given, "plan")
        head = first_line(plan).lstrip("# ") or "its plan"
        return Question(AskKind.PLAN, head, cut(plan, DETAIL), tool=used, at=at)
    if used.name != "AskUserQuestion":
        return None
    asked = [question for question in items(given, "questions") if isinstance(question, dict)]
    if not asked:
        return Question(AskKind.QUESTION, "a question", tool=used, answerable=False, at=at)
    first = asked[0]
    options = tuple(text(option, "label") for option in items(first, "options"))
    said = [text(question, "question") for question in asked]
    said += [
        f"- {text(option, 'label')}: {text(option, 'description')}"
        for option in items(first, "options")
    ]
    simple = len(asked) == 1 and first.get("multiSelect") is not True and bool(options)
    return Question(
        AskKind.QUESTION,
        first_line(said[0]) or "a question",
        cut("\n".join(said), DETAIL),
        options,
        tool=used,
        answerable=simple,
        at=at,
    )
