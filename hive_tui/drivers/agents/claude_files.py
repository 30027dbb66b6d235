"""What Claude Code keeps in files: its live sessions, and the records of a conversation. Pure.

Both are its own and not documented: they are read by an allow-list, and whatever is new, missing or
of another shape is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any

import msgspec

from hive_tui.drivers.agents.payloads import items, seconds, table, text
from hive_tui.engine.agents.evidence import Loop, Registry, Stance, Transcript
from hive_tui.engine.agents.records import Record

_INTERRUPTED = "[Request interrupted by user"
_NOISE = (b'{"type":"api-request', b'{"type":"prompt_snapshot', b'{"type":"file-history')
LARGEST = 64 * 1024
"""Bytes of an entry."""

LOOP_FILE = ".claude/ralph-loop.local.md"
"""Where the plugin for loops that prompt themselves keeps its round, in the worktree."""


class Entry(msgspec.Struct, frozen=True):
    """One live session, as its file says."""

    registry: Registry
    start_ticks: str
    """When its process started, as in `/proc/<pid>/stat`: a pid alone is used again."""
    domain: str
    """Machine and namespace of its pid; empty in older versions."""


def entry(raw: bytes) -> Entry | None:
    """Read `sessions/<pid>.json`; `None` where it is half written, foreign or too large."""
    if len(raw) > LARGEST:
        return None
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    pid, at = value.get("pid"), value.get("statusUpdatedAt", value.get("updatedAt"))
    status = text(value, "status")
    if not isinstance(pid, int) or not isinstance(at, (int, float)) or not status:
        return None
    return Entry(
        Registry(status, at / 1000, text(value, "waitingFor"), text(value, "sessionId"), pid),
        str(value.get("procStart", "")),
        text(value, "pidDomain"),
    )


def chosen(
    entries: list[Entry], alive: Mapping[int, str], family: Set[int], domain: str
) -> Registry | None:
    """The entry of the agent in a window: of a process of that window that lives.

    Args:
        entries: All that lie there, those of other programs and of dead ones too.
        alive: Start ticks of the living processes, by pid.
        family: The window's program and all below it.
        domain: Namespace of this daemon's pids (`pid:[…]`), with which an entry's own ends; empty:
            unknown.
    """
    mine = [
        found
        for found in entries
        if found.registry.pid in family
        and alive.get(found.registry.pid) == found.start_ticks
        and (not domain or not found.domain or found.domain.endswith(domain))
    ]
    # An agent that the agent itself started is deeper in the tree, and so younger.
    oldest = min(mine, key=lambda e: (int(e.start_ticks or 0), e.registry.pid), default=None)
    return oldest.registry if oldest is not None else None


def record(line: bytes) -> Record | None:
    """One record of a conversation; `None` where it tells nothing."""
    if line.startswith(_NOISE):
        return None
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    kind = text(value, "type")
    if kind == "cost-state":
        return _cost(value)
    at = seconds(text(value, "timestamp"))
    if at is None or value.get("isSidechain") is True:
        return None
    if kind == "assistant":
        return _assistant(value, at)
    if kind == "user":
        return _user(value, at)
    return None


def _assistant(value: Mapping[str, Any], at: float) -> Record | None:
    message = table(value, "message")
    said = "\n".join(
        text(block, "text") for block in items(message, "content") if text(block, "type") == "text"
    )
    if value.get("isApiErrorMessage") is True:
        return Record(Transcript(Stance.FAILED, at, said or text(value, "error")))
    ended = text(message, "stop_reason") in ("end_turn", "stop_sequence", "max_tokens")
    usage = table(message, "usage")
    tokens = sum(
        found
        for name in _USAGE
        if isinstance(found := usage.get(name), int) and not isinstance(found, bool)
    )
    return Record(
        Transcript(Stance.ENDED if ended else Stance.WORKING, at, said if ended else ""),
        message=text(message, "id"),
        tokens=tokens,
        model=text(message, "model"),
    )


_USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
)


def _user(value: Mapping[str, Any], at: float) -> Record | None:
    content = table(value, "message").get("content")
    said = content if isinstance(content, str) else ""
    for block in content if isinstance(content, list) else []:
        said = said or text(block, "text")
    if said.startswith(_INTERRUPTED):
        return Record(Transcript(Stance.INTERRUPTED, at))
    if said.startswith(("<command-name>", "<local-command")) or value.get("isMeta") is True:
        return None
    return Record(Transcript(Stance.WORKING, at))


def _cost(value: Mapping[str, Any]) -> Record | None:
    total = value.get("totalCostUSD")
    if not isinstance(total, (int, float)) or isinstance(total, bool):
        return None
    return Record(None, cost_usd=float(total))


_ITERATION = re.compile(r"^iteration:\s*(\d{1,6})\s*$", re.MULTILINE)
_MAX = re.compile(r"^max_iterations:\s*(\d{1,6})\s*$", re.MULTILINE)
_ACTIVE = re.compile(r"^active:\s*true\s*$", re.MULTILINE)


def loop(state: str) -> Loop | None:
    """The loop that a worktree's loop file tells of; `None` where none is active."""
    head = state[:4096]
    found = _ITERATION.search(head)
    if found is None or _ACTIVE.search(head) is None:
        return None
    most = _MAX.search(head)
    return Loop(int(found[1]), int(most[1]) or None if most is not None else None)
