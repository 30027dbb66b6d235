"""What a driver answers of which its program tells nothing; others say only what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hive_tui.engine.agents.evidence import Stance
from hive_tui.engine.agents.launches import SKILL, Wish
from hive_tui.engine.agents.records import Record
from hive_tui.engine.agents.signals import Question


class Silent:
    """A program without dialogs, files and titles that mean anything. Keeps nothing."""

    has_hooks = True
    takes_prompts = False
    paste_pause_s = 0.5
    interrupt_keys: tuple[str, ...] = ("Escape",)
    skill_file = SKILL

    async def prepare(self, wish: Wish, argv: Sequence[str], env: Mapping[str, str]) -> Wish:
        """Nothing has to be known before."""
        return wish

    def record(self, line: bytes) -> Record | None:
        """It has no file that is read."""
        return None

    def title(self, shown: str) -> Stance | None:
        """Its title means nothing."""
        return None

    def dialog(self, lines: Sequence[str]) -> str:
        """It has none."""
        return ""

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
