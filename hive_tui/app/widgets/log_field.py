"""The field under a log: it takes what is typed as long as it is open, and no key more."""

from __future__ import annotations

from textual.events import Key
from textual.message import Message
from textual.widgets import Input


class LogField(Input):
    """A text to search or to filter by.

    Keys are on their way to it until the focus has moved, which is a turn of two loops after the
    key that closes it. So that key is obeyed here, and what comes behind it is let past.
    """

    class Entered(Message):
        """It was closed with what is in it."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    purpose = ""
    """What it is for, in the words of who opened it; "" while it is closed."""

    def open(self, purpose: str, text: str, hint: str) -> None:
        """Show it, with a text in it that was there already, and give it the keys."""
        self.purpose = purpose
        self.placeholder = hint
        with self.prevent(Input.Changed):
            self.value = text
        self.display = True
        self.cursor_blink = False
        self.screen.set_focus(self)  # at once: what is typed ahead belongs to it already

    def shut(self) -> None:
        """Hide it. Who does that gives the focus to something else, in the same turn."""
        self.purpose = ""
        self.display = False

    def on_key(self, event: Key) -> None:
        """Close at the key that closes; leave alone what came behind it."""
        if not self.purpose:
            event.prevent_default()
        elif event.key == "enter":
            event.prevent_default().stop()
            self.post_message(self.Entered(self.purpose, self.value))
            self.shut()
