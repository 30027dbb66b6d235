"""Nothing is answered by accident: a key counts only for what was seen long enough to be meant."""

from __future__ import annotations

from collections.abc import Callable

from hive_tui.app.triage.queue import Card

SEEN_S = 0.5
"""How long a thing has to stand under the cursor before a key can mean it, in seconds."""


class Guard:
    """Remembers since when each item of the selected card has been under the cursor."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Create one.

        Args:
            clock: Monotonic seconds.
        """
        self._clock = clock
        self._since: dict[tuple[str, str], float] = {}

    def show(self, card: Card | None, *, chosen: bool = False) -> None:
        """Note what is under the cursor now.

        Args:
            card: The selected card.
            chosen: Whether the person went there: then it may be answered at once.
        """
        before = {} if chosen else self._since
        first = float("-inf") if chosen else self._clock()
        items = card.items if card is not None else ()
        self._since = {
            (item.key, item.stamp): before.get((item.key, item.stamp), first) for item in items
        }

    def takes(self, card: Card) -> bool:
        """Whether a key may answer the card: all of it was there for long enough."""
        last = max(self._since.get((item.key, item.stamp), float("inf")) for item in card.items)
        return self._clock() - last >= SEEN_S
