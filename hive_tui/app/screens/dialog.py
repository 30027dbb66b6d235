"""A question in front of the screen; escape always takes it back."""

from __future__ import annotations

from typing import TypeVar

from textual.binding import Binding
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None]):
    """Base of all questions. Dismissed with `None` where the person went back."""

    BINDINGS = [Binding("escape", "give_up", "back", show=False)]

    def action_give_up(self) -> None:
        """Nothing is done."""
        self.dismiss(None)
