"""What a person put off or has seen. Values; kept in a file by `keeping`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from hive_tui.app.triage.items import Item

FORGOTTEN_S = 900.0
"""How long a thing has to be gone before it is new when it comes again, in seconds."""

_MORNING = 9
"""Hour of the local day at which `tomorrow` begins."""


class Note(msgspec.Struct, frozen=True):
    """Why one thing asks for nobody now."""

    stamp: str
    """Of the item as it was: another one brings it back."""
    until: float | None = None
    """Seconds since the epoch; `None`: until it changes."""
    gone: float | None = None
    """Since when there is no such thing; `None`: there is."""
    seen: bool = False
    """True where it was marked as seen; false where it was put off."""


class Kept(msgspec.Struct, frozen=True):
    """All notes, by the item's key. A change makes a new value."""

    notes: dict[str, Note] = {}

    def hides(self, item: Item, now: float) -> bool:
        """Whether the item asks for nobody now."""
        note = self.notes.get(item.key)
        if note is None or note.stamp != item.stamp:
            return False
        return note.until is None or now < note.until

    def with_note(self, item: Item, until: float | None, *, seen: bool = False) -> Kept:
        """With the item put off, or seen."""
        return Kept({**self.notes, item.key: Note(item.stamp, until, None, seen)})

    def without(self, item: Item) -> Kept:
        """With the item back in the queue."""
        return Kept({key: note for key, note in self.notes.items() if key != item.key})

    def tidied(self, items: Iterable[Item], now: float) -> Kept:
        """Without notes that have run out, that are of another state of their thing, or whose
        thing has been gone for long; the same value where there is nothing to tidy.

        Args:
            items: Everything that there is, put off or not.
            now: Seconds since the epoch.
        """
        there = {item.key: item.stamp for item in items}
        notes: dict[str, Note] = {}
        for key, note in self.notes.items():
            if note.until is not None and now >= note.until:
                continue
            if key in there:
                if there[key] == note.stamp:
                    notes[key] = msgspec.structs.replace(note, gone=None)
            elif note.gone is None:
                notes[key] = msgspec.structs.replace(note, gone=now)
            elif now - note.gone < FORGOTTEN_S:
                notes[key] = note
        return self if notes == self.notes else Kept(notes)


def tomorrow(now: float) -> float:
    """Nine in the morning of the next local day, in seconds since the epoch."""
    here = datetime.fromtimestamp(now).astimezone()
    day = (here + timedelta(days=1)).date()
    return datetime(day.year, day.month, day.day, _MORNING).astimezone().timestamp()
