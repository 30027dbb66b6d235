"""When a person is called, and with which words. Pure; the clock is passed in."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hive_tui.app import figures
from hive_tui.app.triage.items import Item, Kind

CALLING = (
    Kind.PERMISSION,
    Kind.QUESTION,
    Kind.PLAN,
    Kind.DIALOG,
    Kind.WAITING,
    Kind.ERROR,
    Kind.STUCK,
    Kind.GAVE_UP,
    Kind.FAILED,
    Kind.DONE,
)
"""What calls unless the settings say otherwise: what stands still for want of a person."""

_NAMED = 3
"""Envs that one call names."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[notify]` of the user's settings."""

    desktop: bool = True
    bell: bool = True
    on: tuple[Kind, ...] = CALLING
    """Kinds that call, by their words."""
    after_s: float = 5.0
    """How long a thing has to stand before it calls: what is answered at once is no news."""
    apart_s: float = 30.0
    """Shortest time between two calls; what comes meanwhile is in the next one."""


class Call(msgspec.Struct, frozen=True):
    """One notification."""

    title: str
    body: str


class Calls:
    """Remembers what was told. What is there at the start is known, not new."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] | None = None
        """Key and stamp of each thing -> when it was first there."""
        self._told: set[tuple[str, str]] = set()
        self._last = float("-inf")

    def due(
        self, items: Iterable[Item], settings: Settings, now: float, quiet: frozenset[str]
    ) -> Call | None:
        """The call that is due, and from then on told; `None`: none is.

        Args:
            items: What needs a person now, without what is put off.
            settings: Of the person.
            now: Seconds on any clock.
            quiet: Ids of envs on the screen: what is seen does not call.
        """
        there = {(item.key, item.stamp): item for item in items}
        if self._since is None:
            self._since, self._told = dict.fromkeys(there, now), set(there)
            return None
        self._since = {mark: self._since.get(mark, now) for mark in there}
        self._told &= set(there)
        self._told |= {mark for mark, item in there.items() if item.env in quiet}
        new = [
            mark
            for mark, item in there.items()
            if mark not in self._told
            and item.kind in settings.on
            and now - self._since[mark] >= settings.after_s
        ]
        if not new or now - self._last < settings.apart_s:
            return None
        self._last = now
        self._told |= set(new)
        return _words([there[mark] for mark in new])


def _words(items: list[Item]) -> Call:
    """One call for all of it."""
    if len(items) == 1:
        (item,) = items
        return Call(f"hive: {item.name or 'the machine'}: {item.kind.value}", item.text)
    named = [f"{item.name}: {item.kind.value}" for item in items[:_NAMED]]
    if len(items) > _NAMED:
        named.append(f"and {len(items) - _NAMED} more")
    return Call(f"hive: {figures.count(len(items), 'thing')} need you", ", ".join(named))
