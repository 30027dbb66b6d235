"""Any other program: known by its process, its output, and what a wrapper tells (`hive notify`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hive_tui.drivers.agents.payloads import told
from hive_tui.drivers.agents.prompt_line import HEAVY, PLAIN, SINGLE, prompt_line
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.evidence import Stance
from hive_tui.engine.agents.launches import SKILL, Start, Wish
from hive_tui.engine.agents.records import Record
from hive_tui.engine.agents.signals import Question, Signal


class Generic:
    """The driver. Keeps nothing."""

    kind = "generic"
    has_hooks = False
    takes_prompts = False
    paste_pause_s = 0.5
    interrupt_keys = ("C-c",)
    skill_file = SKILL

    async def prepare(self, wish: Wish, argv: Sequence[str], env: Mapping[str, str]) -> Wish:
        """Nothing has to be known before."""
        return wish

    def start(self, wish: Wish) -> Start:
        """The prompt goes into a variable: nobody knows whether the program takes one."""
        env = {"HIVE_PROMPT": wish.prompt} if wish.prompt else {}
        return Start(env=env, prompted=bool(wish.prompt))

    def signal(self, event: Event) -> Signal | None:
        """What a wrapper told."""
        return told(event)

    def record(self, line: bytes) -> Record | None:
        """It has no file that is known."""
        return None

    def title(self, shown: str) -> Stance | None:
        """Its title means nothing that is known."""
        return None

    def dialog(self, lines: Sequence[str]) -> str:
        """It has none that is known."""
        return ""

    def prompt_line(self, lines: Sequence[bytes], cursor: tuple[int, int] | None) -> str | None:
        """What stands behind a usual sign in the cursor's line; of others nothing is known."""
        if cursor is None or cursor[1] >= len(lines):
            return ""
        line = lines[cursor[1] : cursor[1] + 1]
        return prompt_line(line, (cursor[0], 0), PLAIN + SINGLE + HEAVY + "$%") or ""

    def can_answer(self, question: Question) -> bool:
        """Only on its own screen."""
        return False

    def answer(
        self, question: Question, choice: str, option: int | None = None, text: str = ""
    ) -> str | None:
        """It takes no answer from outside."""
        return None

    def goes_on(self, text: str) -> str | None:
        """The end of its turn cannot be held: it is prompted."""
        return None
