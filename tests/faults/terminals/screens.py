"""Every screen of the dashboard: the key that opens it from the fleet, and a text of its own."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.terminals import Terminal


class Way(NamedTuple):
    """A screen that is opened from the fleet."""

    key: str
    shown: str
    """A pattern of what is on it and not on the fleet; also in twenty columns and five rows."""

    def go(self, terminal: Terminal) -> None:
        """Open it and wait until it is there."""
        terminal.press(self.key)
        terminal.until_match(self.shown)

    def leave(self, terminal: Terminal) -> None:
        """Close it and wait until the fleet is back."""
        terminal.press("esc")
        gone = re.compile(self.shown)
        terminal.until(lambda: not gone.search(terminal.text()), f"/{self.shown}/ is gone")
        terminal.until_shown("auth")


WAYS = {
    "env": Way("enter", "hive (?:>|\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}) shop"),
    "logs": Way("l", "nothing written yet"),
    "help": Way("?", "the fleet"),
    "messages": Way("m", "messages and"),
    "new": Way("n", "New env of shop"),
    "destroy": Way("D", "Destroy auth[?]"),
    "filter": Way("/", "name, branch"),
    "palette": Way("ctrl+p", "Find an action"),
    "themes": Way("T", "hive-dark"),
}
