"""A text field that takes what is pasted as one line of text, whatever it was."""

from __future__ import annotations

from textual.events import Paste
from textual.widgets import Input

from hive_tui.app.lines import safe

LONGEST = 200
"""Characters that a field holds: more than any name of git or of ours has."""


class Field(Input):
    """A line of text, with a cursor that stands still."""

    def __init__(self, *, id: str | None = None, placeholder: str = "", value: str = "") -> None:
        super().__init__(value, placeholder=placeholder, id=id, compact=True, max_length=LONGEST)
        self.cursor_blink = False
        self.select_on_focus = False  # what was typed before the focus came would be replaced

    def _on_paste(self, event: Paste) -> None:
        """Insert the first line that says something, as far as it fits."""
        event.stop()
        event.prevent_default()
        text = one_line(event.text)
        start, end = sorted(self.selection)
        room = LONGEST - len(self.value) + (end - start)
        self.replace(text[:room], start, end)


def one_line(text: str) -> str:
    """The first line of a text that says something, with controls shown as a middle dot."""
    lines = (line.strip() for line in text[: 50 * LONGEST].splitlines())
    return safe(next(filter(None, lines), "").expandtabs(1))
