"""Delivery of what changed to readers, without unbounded queues. For one event loop.

A value replaces the undelivered one with the same key, so a reader that falls behind holds at most
one value per thing in the hive. Events cannot replace one another: the oldest go, and are counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable

import msgspec

from hive_tui.model.events import LogEvent

EVENTS_KEPT = 512
"""Undelivered events that a mailbox holds."""


class Batch(msgspec.Struct, frozen=True):
    """What a mailbox held when it was drained."""

    values: dict[Hashable, object]
    """Newest value per key, in the order of their last change; `None`: the thing is gone."""
    events: tuple[LogEvent, ...] = ()
    dropped: int = 0
    """Events that were left out before `events`."""


class Mailbox:
    """What one reader has not seen yet."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """Create an empty mailbox.

        Args:
            wake: Called each time the mailbox stops being empty; it must not block.
        """
        self._wake = wake
        self._values: dict[Hashable, object] = {}
        self._events: deque[LogEvent] = deque(maxlen=EVENTS_KEPT)
        self._dropped = 0

    @property
    def empty(self) -> bool:
        """True where there is nothing to drain."""
        return not self._values and not self._events

    def put(self, key: Hashable, value: object) -> None:
        """Leave a value in place of the undelivered one with the same key."""
        was_empty = self.empty
        self._values.pop(key, None)  # the order is that of the last change
        self._values[key] = value
        if was_empty:
            self._wake()

    def put_event(self, event: LogEvent) -> None:
        """Leave an event; the oldest goes where there are too many."""
        was_empty = self.empty
        self._dropped += len(self._events) == EVENTS_KEPT
        self._events.append(event)
        if was_empty:
            self._wake()

    def drain(self) -> Batch:
        """Take all there is."""
        batch = Batch(self._values, tuple(self._events), self._dropped)
        self._values, self._dropped = {}, 0
        self._events.clear()
        return batch


class Bus:
    """Hands what changed to every mailbox."""

    def __init__(self) -> None:
        self._mailboxes: tuple[Mailbox, ...] = ()

    @property
    def heard(self) -> bool:
        """True while somebody listens: else a value need not even be made."""
        return bool(self._mailboxes)

    def subscribe(self, wake: Callable[[], None]) -> Mailbox:
        """Open a mailbox; `wake` is called each time it stops being empty."""
        mailbox = Mailbox(wake)
        self._mailboxes = (*self._mailboxes, mailbox)
        return mailbox

    def unsubscribe(self, mailbox: Mailbox) -> None:
        """Close a mailbox; closing it twice is fine."""
        self._mailboxes = tuple(box for box in self._mailboxes if box is not mailbox)

    def publish(self, key: Hashable, value: object) -> None:
        """Say that the thing `key` is now `value`; `None` says that it is gone."""
        for mailbox in self._mailboxes:
            mailbox.put(key, value)

    def publish_event(self, event: LogEvent) -> None:
        """Hand out an entry of the event log."""
        for mailbox in self._mailboxes:
            mailbox.put_event(event)
