"""Quiet and stuck: what lies over an agent that claims to work. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from hive_tui.engine.agents.evidence import Evidence
from hive_tui.engine.agents.verdict import Finding
from hive_tui.model.agent import AgentState

QUIET_S = 90.0
"""Nothing heard for that long is worth a word, if it is longer than usual for this env."""
STUCK_S = 600.0
"""Nothing heard and nothing done for that long is worth a person."""
FRUITLESS_S = 1800.0
"""It paints its screen, but nothing comes of it: no hook, no record, no work of a process."""
FAILURES = 3
"""The same tool with the same input failed that often in a row."""


def overlay(found: Finding, e: Evidence, now: float) -> Finding:
    """The finding with how quiet it is; `stuck` where that was too long."""
    if found.state is not AgentState.WORKING:
        return found
    if e.given_up:
        return replace(found, state=AgentState.STUCK, reason=e.given_up, rule="healing gave up")
    if e.heard.failures >= FAILURES and e.heard.failing is not None:
        why = f"{e.heard.failing.title} failed {e.heard.failures} times in a row"
        return replace(found, state=AgentState.STUCK, reason=why, rule="the same fails again")
    told = max(e.heard.last_at, e.written_at, e.cpu_at, e.awake_at, found.since)
    if e.native is not None:
        told = max(told, e.native.at)
    shown = max(told, e.output_at)
    quiet, fruitless = max(0.0, now - shown), max(0.0, now - told)
    # A tool may think for a while, and an agent that makes its conversation shorter says nothing.
    busy = bool(e.heard.tools) or e.heard.compacting_at is not None
    quiet_after = STUCK_S if busy else max(QUIET_S, e.usual_gap_s)
    stuck_after = FRUITLESS_S if busy else STUCK_S
    again = [shown + quiet_after]
    if e.has_hooks:
        if quiet >= stuck_after:
            why = f"nothing has been heard of it for {_minutes(quiet)}; it said: {found.reason}"
            return replace(found, state=AgentState.STUCK, reason=why, since=shown, rule="silent")
        if fruitless >= FRUITLESS_S:
            why = f"its screen moves, but nothing has come of it for {_minutes(fruitless)}"
            return replace(found, state=AgentState.STUCK, reason=why, since=told, rule="fruitless")
        again += [shown + stuck_after, told + FRUITLESS_S]
    if quiet >= quiet_after:
        found = replace(found, quiet_s=quiet)
    later = [at for at in (*again, found.again_at) if at is not None and at > now]
    return replace(found, again_at=min(later, default=None))


def _minutes(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
