"""What `derive` finds, and small helpers of its rules."""

from __future__ import annotations

import math

import msgspec

from hive_tui.engine.agents.signals import Question
from hive_tui.engine.plain import plain
from hive_tui.model.agent import AgentState

REASON = 160
"""Characters of a reason."""


class Finding(msgspec.Struct, frozen=True):
    """How an agent stands, and why."""

    state: AgentState
    reason: str
    since: float
    """Seconds since the epoch."""
    source: str
    """`process`, `native`, `registry`, `hook`, `transcript`, `title` or `screen`."""
    rule: str
    """What of the source decided, in a few words."""
    questions: tuple[Question, ...] = ()
    quiet_s: float | None = None
    """How long nothing was heard, where that is unusual."""
    again_at: float | None = None
    """When the answer may change by itself; `None`: only with other evidence."""


def age(at: float, now: float) -> float:
    """How long ago something was. What lies in the future says nothing, and counts as long ago.

    Clocks are set back; whoever waited for such a moment would wait for hours.
    """
    return max(0.0, now - at) if at <= now + 1.0 else math.inf


def first_line(text: str) -> str:
    """The first line with anything in it, without control codes, at most a reason long."""
    for line in text.splitlines():
        if line.strip():
            return cut(plain(line.encode("utf-8", "replace"), REASON * 4).strip(), REASON)
    return ""


def cut(text: str, most: int) -> str:
    """At most that many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
