"""What Codex CLI tells beside its hooks: the records of a conversation, and its title. Pure."""

from __future__ import annotations

import re

import msgspec

from hive_tui.drivers.agents.payloads import number, seconds, table, text
from hive_tui.engine.agents.evidence import Stance, Transcript
from hive_tui.engine.agents.records import Record


def record(line: bytes) -> Record | None:
    """One record of a rollout; `None` where it tells nothing."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    payload, at = table(value, "payload"), seconds(text(value, "timestamp"))
    if at is None:
        return None
    if text(value, "type") == "turn_context":
        return Record(None, model=text(payload, "model")) if text(payload, "model") else None
    if text(value, "type") != "event_msg":
        return None
    match text(payload, "type"):
        case "task_started":
            return Record(Transcript(Stance.WORKING, at))
        case "turn_aborted":
            return Record(Transcript(Stance.INTERRUPTED, at))
        case "task_complete":
            error = table(payload, "error")
            if error:
                said = text(error, "message") or text(error, "codex_error_info")
                return Record(Transcript(Stance.FAILED, at, said))
            return Record(Transcript(Stance.ENDED, at, text(payload, "last_agent_message")))
        case "token_count":
            used = table(table(payload, "info"), "total_token_usage")
            return Record(None, total_tokens=number(used, "total_tokens")) if used else None
    return None


_ASKS = re.compile(r"^\[ [!.] \] Action Required\b")
_SPINS = re.compile(r"^[\u2800-\u28ff]\s")


def title(shown: str) -> Stance | None:
    """What a window's title means; `None` where it is none of Codex's."""
    if _ASKS.match(shown):
        return Stance.WAITING
    if _SPINS.match(shown):
        return Stance.WORKING
    return Stance.IDLE if shown.strip() else None
