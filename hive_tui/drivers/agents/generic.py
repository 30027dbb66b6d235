"""Any other program: known by its process, its output, and what a wrapper tells (`hive notify`)."""

from __future__ import annotations

from collections.abc import Sequence

from hive_tui.drivers.agents.payloads import told
from hive_tui.drivers.agents.prompt_line import HEAVY, PLAIN, SINGLE, prompt_line
from hive_tui.drivers.agents.silent import Silent
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.launches import Start, Wish
from hive_tui.engine.agents.signals import Signal


class Generic(Silent):
    """The driver. Keeps nothing."""

    kind = "generic"
    has_hooks = False
    interrupt_keys = ("C-c",)

    def start(self, wish: Wish) -> Start:
        """The prompt goes into a variable: nobody knows whether the program takes one."""
        env = {"HIVE_PROMPT": wish.prompt} if wish.prompt else {}
        return Start(env=env, prompted=bool(wish.prompt))

    def signal(self, event: Event) -> Signal | None:
        """What a wrapper told."""
        return told(event)

    def prompt_line(self, lines: Sequence[bytes], cursor: tuple[int, int] | None) -> str | None:
        """What stands behind a usual sign in the cursor's line; of others nothing is known."""
        if cursor is None or cursor[1] >= len(lines):
            return ""
        line = lines[cursor[1] : cursor[1] + 1]
        return prompt_line(line, (cursor[0], 0), PLAIN + SINGLE + HEAVY + "$%") or ""
