"""Gemini CLI: hooks come in a file of defaults that a variable names, below the user's settings."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from hive_tui.drivers.agents import gemini_hooks
from hive_tui.drivers.agents.prompt_line import PLAIN, prompt_line
from hive_tui.drivers.agents.silent import Silent
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.evidence import Stance
from hive_tui.engine.agents.launches import Start, Wish
from hive_tui.engine.agents.signals import Signal

HOOK_MS = 10_000
STOP_MS = 180_000
"""How long the hook of a turn's end may take, which may hold the agent: see `hook.HOLD_S`."""


class Gemini(Silent):
    """The driver. Keeps nothing."""

    kind = "gemini"

    def start(self, wish: Wish) -> Start:
        """Flags, environment and the file of defaults."""
        flags = ["--resume", wish.session] if wish.session else []
        if wish.fresh and not wish.session:
            flags = ["--session-id", wish.fresh]
        prompted = wish.fits
        if prompted:
            flags += [f"--prompt-interactive={wish.prompt}"]
        return Start(
            flags=tuple(flags),
            env={"GEMINI_CLI_SYSTEM_DEFAULTS_PATH": f"{wish.folder}/gemini/defaults.json"},
            files={"gemini/defaults.json": json.dumps({"hooks": hooks(wish.hook)}, indent=1)},
            session=wish.session or wish.fresh,
            prompted=prompted,
        )

    def signal(self, event: Event) -> Signal | None:
        """What a hook told."""
        return gemini_hooks.signal(event)

    def title(self, shown: str) -> Stance | None:
        """What its title means."""
        return gemini_hooks.title(shown)

    def dialog(self, lines: Sequence[str]) -> str:
        """A dialog that may come before anything is heard."""
        screen = "\n".join(lines)
        if "Do you trust" in screen:
            return "does it trust this folder?"
        return "how to sign in?" if "How would you like to authenticate" in screen else ""

    def prompt_line(self, lines: Sequence[bytes], cursor: tuple[int, int] | None) -> str | None:
        """What stands in its prompt line."""
        return prompt_line(lines, cursor, PLAIN, ("Type your message",))

    def goes_on(self, text: str) -> str | None:
        """What the waiting hook of a turn's end prints so that the agent goes on with a text."""
        return json.dumps({"decision": "deny", "reason": text}, separators=(",", ":"))


def hooks(command: Sequence[str]) -> dict[str, Any]:
    """The `hooks` table of settings."""
    shell = "exec " + shlex.join([*command, "gemini"])
    hook = {"name": "hive", "type": "command", "command": shell, "timeout": HOOK_MS}
    holds = {**hook, "command": f"{shell} hold", "timeout": STOP_MS}
    return {
        name: [{"matcher": "*", "hooks": [holds if name == "AfterAgent" else hook]}]
        for name in gemini_hooks.EVENTS
    }
