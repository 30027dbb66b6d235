"""The desk: what needs a person now, what was put off, what was just answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage.items import Item, items_of, pressure_of
from hive_tui.app.triage.keeping import Keeping
from hive_tui.app.triage.queue import Card, gather

ANSWERED_S = 10.0
"""How long an answered question may still be told of before it is asked again, in seconds."""


def all_items(state: HiveState) -> tuple[Item, ...]:
    """Everything that needs a person, put off or not."""
    envs = (item for detail in state.envs.values() for item in items_of(detail))
    return (*pressure_of(state.hive), *envs)


def waited_s(state: HiveState) -> float:
    """How long agents waited on the person today, all together, in seconds."""
    return sum(detail.agent.waited_s for detail in state.envs.values() if detail.agent)


class Desk:
    """Judges a state by what the person did. Keeps no envs: those are the state's."""

    def __init__(self, file: Path | None, clock: Callable[[], float]) -> None:
        """Create a desk.

        Args:
            file: Where it is kept what was put off; `None` for nowhere.
            clock: Seconds since the epoch.
        """
        self._keeping = Keeping(file)
        self._clock = clock
        self._answered: dict[tuple[str, str], float] = {}
        """Key and stamp of what was answered -> when."""

    def judged(self, state: HiveState) -> HiveState:
        """The state with what asks for nobody now; the same value where nothing changed."""
        self._keeping.look()
        items, now = all_items(state), self._clock()
        if state.link is Link.LIVE:
            self._keeping.keep(self._keeping.kept.tidied(items, now))
        there = {(item.key, item.stamp) for item in items}
        self._answered = {
            mark: at
            for mark, at in self._answered.items()
            if mark in there and now - at < ANSWERED_S
        }
        kept = self._keeping.kept
        put_off = frozenset(
            item.key for item in items if kept.hides(item, now) or self.answered(item)
        )
        return (
            state if put_off == state.put_off else msgspec.structs.replace(state, put_off=put_off)
        )

    def cards(self, state: HiveState, *, all_of_them: bool = False) -> list[Card]:
        """What needs a person, as cards in no order.

        Args:
            state: Judged.
            all_of_them: Whether those are wanted too that are put off.
        """
        pinned = frozenset(detail.id for detail in state.envs.values() if detail.pinned)
        items = [item for item in all_items(state) if not self.answered(item)]
        if not all_of_them:
            items = [item for item in items if item.key not in state.put_off]
        return gather(items, pinned=pinned, put_off=state.put_off)

    def answered(self, item: Item) -> bool:
        """Whether it was answered a moment ago, and is only told of still."""
        return (item.key, item.stamp) in self._answered

    def answer(self, items: Iterable[Item]) -> None:
        """These were answered."""
        now = self._clock()
        self._answered |= {(item.key, item.stamp): now for item in items}

    def unanswer(self, item: Item) -> None:
        """The answer was not taken: it asks again."""
        self._answered.pop((item.key, item.stamp), None)

    def put_off(self, items: Iterable[Item], until: float | None, *, seen: bool = False) -> str:
        """Let these ask for nobody until a time or a change; a problem in words, or "".

        Args:
            items: Of one card.
            until: Seconds since the epoch; `None`: until it changes.
            seen: Whether they were only marked as seen.
        """
        kept = self._keeping.kept
        for item in items:
            kept = kept.with_note(item, until, seen=seen)
        return self._keeping.keep(kept) or ""

    def bring_back(self, items: Iterable[Item]) -> str:
        """Let these ask again; a problem in words, or ""."""
        kept = self._keeping.kept
        for item in items:
            kept = kept.without(item)
        return self._keeping.keep(kept) or ""

    def until(self, item: Item) -> float | None:
        """When it comes back by itself; `None` where only a change brings it back."""
        note = self._keeping.kept.notes.get(item.key)
        return note.until if note is not None else None
