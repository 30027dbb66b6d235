"""A text of several lines: enter sends it, another key begins a new line."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.binding import BindingType
from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import TextArea

from hive_tui.app.lines import even

LONGEST = 20_000
"""Characters that a text holds."""

NEW_LINE = frozenset({"ctrl+j", "shift+enter", "alt+enter"})
"""Keys that begin a new line; terminals without a protocol for keys know the first one alone."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f]")


def plain_text(text: str) -> str:
    """A text of any origin as lines: without controls, tabs as blanks, at most `LONGEST`."""
    lines = text[: 2 * LONGEST].replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return even(_CONTROLS.sub("", lines))[:LONGEST]


class Editor(TextArea):
    """An editor that is sent like a line of text."""

    BINDINGS: ClassVar[list[BindingType]] = []

    class Sent(Message):
        """Enter was pressed."""

    class Recalled(Message):
        """The cursor went beyond the first (-1) or the last (1) row."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, text: str = "", *, id: str | None = None, placeholder: str = "") -> None:
        super().__init__(
            text,
            id=id,
            placeholder=placeholder,
            compact=True,
            highlight_cursor_line=False,
            soft_wrap=True,
        )
        self.cursor_blink = False

    def put(self, text: str) -> None:
        """Another text, with the cursor at its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def type(self, text: str) -> None:
        """Insert at the cursor what is typed or pasted, as far as it fits."""
        room = LONGEST - len(self.text) + len(self.selected_text)
        start, end = sorted(self.selection)
        text = plain_text(text)[: max(0, room)]
        done = self.replace(text, start, end, maintain_selection_offset=False)
        self.move_cursor(done.end_location)

    async def _on_key(self, event: Key) -> None:
        """Send, begin a line, go beyond the text, or type."""
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Sent())
        elif event.key in NEW_LINE:
            event.stop()
            event.prevent_default()
            self.type("\n")
        elif event.is_printable and len(self.text) >= LONGEST:
            event.stop()
            event.prevent_default()

    def action_cursor_up(self, select: bool = False) -> None:
        """Up; from the first row to the text before."""
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self.post_message(self.Recalled(-1))
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down; from the last row to the text after."""
        if not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self.post_message(self.Recalled(1))
        else:
            super().action_cursor_down(select)

    async def _on_paste(self, event: Paste) -> None:
        """Insert all lines, without what could steer a terminal."""
        event.stop()
        event.prevent_default()
        self.type(event.text)
