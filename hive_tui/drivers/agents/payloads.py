"""Reads what agents say in JSON: whatever is missing or of another type is empty. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.signals import Question, Signal, Tool, What
from hive_tui.engine.agents.verdict import cut, first_line
from hive_tui.model.agent import AskKind

TITLE = 72
"""Characters of what a tool is used on."""
DETAIL = 4000
"""Characters of a question in full."""

Json = Mapping[str, Any]

_TELLING = (
    "command",
    "file_path",
    "path",
    "notebook_path",
    "url",
    "query",
    "pattern",
    "description",
    "prompt",
)
"""Members of a tool's input that say best what it does, the best first."""


def text(value: object, name: str) -> str:
    """A member that is a text."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def table(value: object, name: str) -> Json:
    """A member that is an object."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def items(value: object, name: str) -> list[Any]:
    """A member that is a list."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []


def number(value: object, name: str) -> int:
    """A member that is a whole number."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def seconds(stamp: str) -> float | None:
    """RFC 3339 as seconds since the epoch; `None` where it is none."""
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def tool(payload: Json, at: float) -> Tool | None:
    """The use of a tool that a payload is about."""
    name = text(payload, "tool_name")
    if not name:
        return None
    given = payload.get("tool_input")
    return Tool(
        name, title(name, given), text(payload, "tool_use_id"), fingerprint(name, given), at
    )


def title(name: str, given: object) -> str:
    """A use of a tool in a few words: `Bash(npm test)`."""
    for member in _TELLING:
        if found := first_line(text(given, member)):
            return f"{name}({cut(found, TITLE)})"
    return name


def fingerprint(name: str, given: object) -> str:
    """The same for the same tool with the same input, whatever an agent adds to explain it."""
    if isinstance(given, Mapping):
        given = {key: given[key] for key in given if key != "description"}
    try:
        raw = msgspec.json.encode([name, given], order="sorted")
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError):
        raw = name.encode("utf-8", "replace")
    return hashlib.blake2b(raw, digest_size=8).hexdigest()


def permission(used: Tool, given: object, at: float) -> Question:
    """The question whether a tool may be used."""
    lines = [text(given, member) for member in ("description", "command", "file_path", "content")]
    detail = "\n".join(line for line in lines if line)
    return Question(AskKind.PERMISSION, used.title, cut(detail, DETAIL), tool=used, at=at)


def told(event: Event) -> Signal | None:
    """What a wrapper told with `hive notify`, which every kind of agent may use."""
    payload = event.payload
    if text(payload, "hook_event_name") != "Notify":
        return None
    said = text(payload, "text")
    whose = Signal(What.BEAT, at=event.at, run=event.run, text=said)
    match text(payload, "state"):
        case "working":
            return msgspec.structs.replace(whose, what=What.PROMPTED, how="begins")
        case "waiting":
            question = Question(
                AskKind.QUESTION,
                first_line(said) or "an answer",
                said,
                answerable=False,
                at=event.at,
            )
            return msgspec.structs.replace(whose, what=What.ASKED, question=question)
        case "done":
            return msgspec.structs.replace(whose, what=What.ENDED)
        case "error":
            return msgspec.structs.replace(whose, what=What.FAILED)
        case "idle":
            return msgspec.structs.replace(whose, what=What.BEGAN)
    return whose
