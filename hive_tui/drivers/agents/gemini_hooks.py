"""Gemini CLI's hooks as signals. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from hive_tui.drivers.agents.payloads import table, text, told, tool
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.evidence import Stance
from hive_tui.engine.agents.signals import Signal, What
from hive_tui.engine.agents.verdict import first_line

EVENTS = (
    "SessionStart",
    "SessionEnd",
    "BeforeAgent",
    "AfterAgent",
    "BeforeModel",
    "BeforeTool",
    "AfterTool",
    "Notification",
)
"""Those that hive listens to. `AfterModel` comes for every piece of an answer: that is too much."""


def signal(event: Event) -> Signal | None:
    """What one hook told; `None` where it is no hook's payload."""
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
        model=text(table(payload, "llm_request"), "model"),
        transcript=text(payload, "transcript_path"),
        tools=(used,) if used is not None else (),
    )
    match name:
        case "SessionStart":
            return replace(base, what=What.BEGAN, how=text(payload, "source") or "startup")
        case "SessionEnd":
            return replace(base, what=What.CLOSED, how=text(payload, "reason"))
        case "BeforeAgent":
            return replace(base, what=What.PROMPTED, how="begins", text=text(payload, "prompt"))
        case "AfterAgent":
            said = text(payload, "prompt_response")
            return replace(base, what=What.ENDED, text=said, pipe=event.pipe)
        case "BeforeTool" if used is not None:
            return replace(base, what=What.TOOL_BEGAN)
        case "AfterTool":
            failed = bool(table(payload, "tool_response").get("error"))
            return replace(base, what=What.TOOL_FAILED if failed else What.TOOL_ENDED)
        case "Notification" if text(payload, "notification_type") == "ToolPermission":
            said = text(payload, "message") or text(table(payload, "details"), "title")
            return replace(base, what=What.NOTICED, how="permission", text=first_line(said))
    return base


_TITLES = {
    "\u270b": Stance.WAITING,
    "\u25c7": Stance.IDLE,
    "\u2726": Stance.WORKING,
    "\u23f2": Stance.WORKING,
}


def title(shown: str) -> Stance | None:
    """What a window's title means: it begins with a sign, unless the user wants another title."""
    return _TITLES.get(shown[:1])
