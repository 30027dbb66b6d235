"""Claude Code: hooks and skill come as a plugin of one start, by flags alone."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from hive_tui.drivers.agents import claude_files, claude_hooks
from hive_tui.drivers.agents.prompt_line import HEAVY, PLAIN, prompt_line
from hive_tui.drivers.agents.silent import Silent
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.launches import Start, Wish
from hive_tui.engine.agents.records import Record
from hive_tui.engine.agents.signals import Question, Signal
from hive_tui.model.agent import AskKind

ASK_S = 24 * 3600
"""How long the hook of a permission may wait beside the dialog."""
HOOK_S = 10
STOP_S = 180
"""How long the hook of a turn's end may take, which may hold the agent: see `hook.HOLD_S`."""

_WAITING = {"PermissionRequest": ("ask", ASK_S), "Stop": ("hold", STOP_S)}
"""Hooks that may wait for an answer."""
_MATCHED = ("PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionRequest")


class Claude(Silent):
    """The driver. Keeps nothing."""

    kind = "claude"
    paste_pause_s = 0.3
    """Between a pasted prompt and Enter."""
    skill_file = "claude/skills/hive/SKILL.md"

    def start(self, wish: Wish) -> Start:
        """Flags, environment and the plugin's files."""
        session = wish.session or wish.fresh
        goes_on = ("--resume", session) if wish.session else ("--session-id", session)
        flags = ["--plugin-dir", f"{wish.folder}/claude", *(goes_on if session else ())]
        if wish.instructions:
            flags += ["--append-system-prompt", wish.instructions]
        prompted = wish.fits
        if prompted:
            flags += ["--", wish.prompt]
        manifest = {"name": "hive", "version": "1.0.0", "description": "The env that it works in."}
        return Start(
            flags=tuple(flags),
            files={
                "claude/.claude-plugin/plugin.json": json.dumps(manifest),
                "claude/hooks/hooks.json": json.dumps({"hooks": hooks(wish.hook)}, indent=1),
            },
            session=session,
            prompted=prompted,
        )

    def signal(self, event: Event) -> Signal | None:
        """What a hook told."""
        return claude_hooks.signal(event)

    def record(self, line: bytes) -> Record | None:
        """What a record of the conversation's file tells."""
        return claude_files.record(line)

    def dialog(self, lines: Sequence[str]) -> str:
        """A dialog that may come before anything is heard."""
        screen = "\n".join(lines)
        if "trust" in screen and "No, exit" in screen:
            return "does it trust this folder?"
        if "Select login method" in screen:
            return "how to sign in?"
        return ""

    def prompt_line(self, lines: Sequence[bytes], cursor: tuple[int, int] | None) -> str | None:
        """What stands in its prompt line."""
        return prompt_line(lines, cursor, PLAIN + HEAVY)

    def can_answer(self, question: Question) -> bool:
        """Whether a hook waits beside its dialog."""
        return bool(question.pipe) and question.answerable

    def answer(
        self, question: Question, choice: str, option: int | None = None, text: str = ""
    ) -> str | None:
        """What the waiting hook prints; `None` where the choice fits no such question.

        Args:
            question: What is asked.
            choice: `once`, `always`, `deny` or `option`.
            option: Of a question, from 1.
            text: Why it is denied, or a free answer.
        """
        decision = _decision(question, choice, option, text)
        if decision is None:
            return None
        told = {"hookEventName": "PermissionRequest", "decision": decision}
        return json.dumps({"hookSpecificOutput": told}, separators=(",", ":")) + "\n"

    def goes_on(self, text: str) -> str | None:
        """What the waiting hook of a turn's end prints so that the agent goes on with a text."""
        return json.dumps({"decision": "block", "reason": text}, separators=(",", ":"))


def hooks(command: Sequence[str]) -> dict[str, Any]:
    """The `hooks` table of settings: every event that is listened to."""
    shell = "exec " + shlex.join([*command, "claude"])
    table: dict[str, Any] = {}
    for name in claude_hooks.EVENTS:
        how, timeout = _WAITING.get(name, ("", HOOK_S))
        hook: dict[str, Any] = {
            "type": "command",
            "command": f"{shell} {how}" if how else shell,
            "timeout": timeout,
        }
        entry: dict[str, Any] = {"hooks": [hook]}
        if name in _MATCHED:
            entry["matcher"] = "*"
        table[name] = [entry]
    return table


def _decision(
    question: Question, choice: str, option: int | None, text: str
) -> dict[str, Any] | None:
    given = question.given.get("tool_input")
    if choice == "deny":
        why = text or "the person who watches over this environment said no"
        return {"behavior": "deny", "message": why}
    if question.kind is AskKind.QUESTION:
        asked = given.get("questions", []) if isinstance(given, dict) else []
        said = text
        if choice == "option" and option is not None and 0 < option <= len(question.options):
            said = question.options[option - 1]
        if not said or not asked or not isinstance(asked[0], dict):
            return None
        answers = {str(asked[0].get("question", "")): said}
        return {"behavior": "allow", "updatedInput": {"questions": asked, "answers": answers}}
    if choice == "once":
        return {"behavior": "allow"}
    if choice == "always":
        rules = [
            {**rule, "destination": "session"}
            for rule in question.given.get("permission_suggestions", [])
            if isinstance(rule, dict)
        ]
        return {"behavior": "allow", **({"updatedPermissions": rules} if rules else {})}
    return None
