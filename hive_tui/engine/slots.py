"""Places that steps hold while they run, and the queue of those that wait for some.

It knows nothing of steps but how many places they take and whether they still wait.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from hive_tui.engine.node import Node, Phase

Order = tuple[float, ...]
"""What is smaller goes first."""


class Pool:
    """A number of places. The first in order gets the next free ones; nobody overtakes it.

    So a step that takes many places waits no longer than its order says, at the price of places
    that stay free meanwhile.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self._queue: list[tuple[Order, int, int, Node]] = []
        self._tickets = 0

    def join(self, node: Node, places: int, order: Order) -> None:
        """Queue for some places; more than there are means all."""
        self._tickets += 1
        entry = (order, self._tickets, min(places, self.size), node)
        heapq.heappush(self._queue, entry)

    def admit(self) -> Iterator[tuple[Node, int]]:
        """Give places to those that are first and fit: each with the number that it now holds."""
        while self._queue:
            _, _, places, node = self._queue[0]
            waits = node.phase is Phase.QUEUED
            if waits and self.taken + places > self.size:
                return
            heapq.heappop(self._queue)
            if waits:
                self.taken += places
                yield node, places

    def leave(self, places: int) -> None:
        """Give places back."""
        self.taken -= places

    def reorder(self, order: Callable[[Node], Order]) -> None:
        """Sort the queue anew, and forget those who no longer wait."""
        self._queue = [
            (order(node), ticket, places, node)
            for _, ticket, places, node in self._queue
            if node.phase is Phase.QUEUED
        ]
        heapq.heapify(self._queue)

    def first(self) -> Node | None:
        """Who gets the next free places; `None` where nobody waits."""
        waiting = [entry for entry in self._queue if entry[3].phase is Phase.QUEUED]
        return min(waiting)[3] if waiting else None

    @property
    def unused(self) -> bool:
        """True where nobody holds or awaits a place."""
        return not self.taken and all(entry[3].phase is not Phase.QUEUED for entry in self._queue)
