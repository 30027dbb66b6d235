"""What a coding agent tells through its hooks, in words that are the same for every kind."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from hive_tui.model.agent import AskKind


class What(StrEnum):
    """What happened."""

    BEGAN = "began"
    """A conversation; `how` is `startup`, `resume`, `clear`, `compact` or `fork`."""
    CLOSED = "closed"
    """A conversation; `how` is `clear`, `resume`, or why the program is about to end."""
    PROMPTED = "prompted"
    """During a turn it waits for its end; unless `how` is `joins`: it becomes part of the turn; or
    `begins`: it is told when its own turn begins."""
    TOOL_BEGAN = "tool_began"
    TOOL_ENDED = "tool_ended"
    TOOL_FAILED = "tool_failed"
    TOOLS_ENDED = "tools_ended"
    """All tools that ran side by side."""
    ASKED = "asked"
    NOTICED = "noticed"
    """It told the person something; `how` is `idle`, `permission`, `question` or `dialog`."""
    HELPER_BEGAN = "helper_began"
    HELPER_ENDED = "helper_ended"
    COMPACTING = "compacting"
    COMPACTED = "compacted"
    ENDED = "ended"
    """A turn."""
    FAILED = "failed"
    """A turn, for a reason that is not the task's: `how` names it."""
    INTERRUPTED = "interrupted"
    BEAT = "beat"
    """A sign of life and nothing more."""


class Tool(msgspec.Struct, frozen=True):
    """One use of a tool."""

    name: str
    title: str
    """In a few words: `Bash(npm test)`."""
    id: str = ""
    """Of this use; empty where the agent gives none."""
    key: str = ""
    """The same for the same tool with the same input."""
    at: float = 0.0

    def same(self, other: Tool) -> bool:
        """Whether both mean one use: by id, or by what is done where an id is missing."""
        if self.id and other.id:
            return self.id == other.id
        return bool(self.key) and self.key == other.key


class Question(msgspec.Struct, frozen=True):
    """What an agent wants to know, and since when."""

    kind: AskKind
    title: str
    detail: str = ""
    options: tuple[str, ...] = ()
    tool: Tool | None = None
    """For which use of a tool; `None` where it is none."""
    answerable: bool = True
    at: float = 0.0
    helper: str = ""
    """The subagent that wants to know it; empty for the main conversation."""
    pipe: str = ""
    """Where a hook waits for the answer; empty where none does."""
    given: dict[str, Any] = {}
    """What the agent said of it, from which an answer is made."""

    @property
    def id(self) -> str:
        """Stable while it is open."""
        tool = self.tool
        return (tool.id or tool.key if tool else "") or f"{self.kind}-{self.at:.3f}"


class Signal(msgspec.Struct, frozen=True):
    """One thing that happened."""

    what: What
    at: float = 0.0
    """Seconds since the epoch."""
    how: str = ""
    session: str = ""
    run: str = ""
    """Of hive's start of the agent; empty where it is not told."""
    pid: int = 0
    """Of the process that told it; 0 where unknown."""
    helper: str = ""
    """Of the subagent in which it happened; empty in the main conversation."""
    turn: str = ""
    text: str = ""
    """The prompt, the last message, the error."""
    tools: tuple[Tool, ...] = ()
    question: Question | None = None
    background: tuple[str, ...] | None = None
    """What runs on after the turn, in words; `None` where the agent does not tell."""
    scheduled: int = 0
    """Prompts that it will give itself later."""
    model: str = ""
    pipe: str = ""
    """Where the hook of a turn's end waits for a word; empty where it does not."""
    transcript: str = ""
    """Path of the conversation's file."""
