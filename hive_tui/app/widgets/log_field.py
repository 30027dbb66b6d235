"""The field under a log: it takes what is typed as long as it is open, and no key more."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Key
from textual.widgets import Input


class LogField(Input):
    """A text to search or to filter by.

    Keys are on their way to it until the focus has moved, which is a turn of two loops after the
    key that closes it. So that key is obeyed here, and what comes behind it is let past.
    """

    def __init__(self, *, id: str | None = None) -> None:
        """Create it, closed."""
        super().__init__(id=id)
        self.purpose = ""
        """What it is for, in the words of who opened it; "" while it is closed."""
        self.entered: Callable[[str, str], None] = lambda purpose, text: None
        """Called in the turn of the key that closes it, with the purpose and what is in it."""

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
        """Close at the key that closes; give back to the app what came behind it."""
        if self.purpose and event.key != "enter":
            return
        event.prevent_default().stop()
        if self.purpose:
            purpose = self.purpose
            self.shut()
            self.entered(purpose, self.value)
        elif self.screen.focused is not self:
            self.app.post_message(Key(event.key, event.character))
