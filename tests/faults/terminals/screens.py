"""Every screen of the dashboard: the key that opens it from the fleet, and a text of its own."""

from __future__ import annotations

from typing import NamedTuple

from tests.terminals import ESCAPE, Terminal


class Way(NamedTuple):
    """A screen that is opened from the fleet."""

    keys: str
    shown: str
    """Stands on it, and not on the fleet; also in twenty columns and five rows."""

    def go(self, terminal: Terminal) -> None:
        """Open it and wait until it is there."""
        terminal.press(self.keys)
        terminal.until_seen(self.shown)

    def leave(self, terminal: Terminal) -> None:
        """Close it and wait until the fleet is back."""
        terminal.press(ESCAPE)
        terminal.until_gone(self.shown)
        terminal.until_seen("auth")


WAYS = {
    "env": Way("\r", "services"),
    "logs": Way("l", "nothing written yet"),
    "help": Way("?", "the fleet"),
    "messages": Way("m", "messages and"),
    "new": Way("n", "New env of shop"),
    "destroy": Way("D", "Destroy auth?"),
    "filter": Way("/", "name, branch"),
    "palette": Way("\x10", "Find an action"),
    "themes": Way("T", "hive-dark"),
}
