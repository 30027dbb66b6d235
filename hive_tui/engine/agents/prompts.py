"""Prompts that wait for an agent, and the text of one. Values only."""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from hive_tui.engine.folding import stamp
from hive_tui.engine.plain import strip_escapes
from hive_tui.model.agent import QueuedPrompt
from hive_tui.model.errors import UsageError

LONGEST = 256 * 1024
"""Bytes of a prompt."""
COMPARED = 200
"""Characters by which a prompt is known again: what hooks tell of a long one is cut later."""

_CODES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Prompt(msgspec.Struct, frozen=True):
    """One that was not delivered yet. Times are seconds since the epoch."""

    id: str
    text: str
    asked_at: float
    tried_at: float = 0.0
    """When it was given to the agent; 0: never. Such a one is not given to it again by itself."""
    problem: str = ""
    """Why that did not work; empty while it still may."""

    def view(self) -> QueuedPrompt:
        """As screens show it."""
        return QueuedPrompt(self.id, self.text, stamp(self.asked_at), self.problem or None)

    def failed(self, why: str) -> Prompt:
        """The same, as one that waits for the person."""
        return replace(self, problem=why)

    def is_told(self, prompt: str, at: float) -> bool:
        """Whether a prompt that the agent tells of is this one.

        Args:
            prompt: As its hook told it, perhaps cut.
            at: When.
        """
        if not self.tried_at or at < self.tried_at - 1.0:
            return False
        mine, told = ("".join(text.split())[:COMPARED] for text in (self.text, prompt))
        return bool(told) and mine == told


def clean(text: str) -> str:
    """A prompt as it may be kept, shown and typed: no control codes but tabs and line ends.

    Raises:
        UsageError: Nothing is left of it, or it is too long.
    """
    raw = text.encode("utf-8", "replace")
    if len(raw) > LONGEST:
        raise UsageError(
            f"a prompt takes at most {LONGEST // 1024} kB, and this one has {len(raw) // 1024}",
            hint="put it into a file of the worktree, and let the prompt name that",
            code="prompt_too_long",
        )
    lines = strip_escapes(raw).decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    found = _CODES.sub("", lines).strip("\n").rstrip()
    if not found:
        raise UsageError("the prompt is empty", hint="say what is to be done", code="no_prompt")
    return found


def is_command(text: str) -> bool:
    """Whether it is a command of the agent's own, such as `/clear`: typed, and never pasted."""
    return text.startswith("/") and "\n" not in text and len(text) <= 200 and text.isprintable()
