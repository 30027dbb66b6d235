"""The queue: items as cards, ordered by what it costs to let them wait, and still under a cursor.

Pure; the clock is passed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from hive_tui.app import figures
from hive_tui.app.triage.items import ASKS, TIERS, Item, Kind

_STEP_S = 300.0
"""Age counts in steps, so that a queue at rest keeps its order."""

_TIER_S = 1200.0
"""After so long a thing is as dear as one of the next kind."""

_MOST_AGE = 4.0
"""Tiers that age alone can lift a thing."""

_BLOCKED = 0.5
"""Tiers that each thing lifts it that stands still beside it."""


class Card(msgspec.Struct, frozen=True):
    """One row of the queue: a thing, or the same question of several envs."""

    key: str
    """The same as long as it is the same question."""
    items: tuple[Item, ...]
    """Oldest first; at least one."""
    pinned: bool = False
    put_off: bool = False

    @property
    def first(self) -> Item:
        """What it is about."""
        return self.items[0]

    @property
    def answerable(self) -> bool:
        """Whether an answer can be given from here."""
        return self.first.ask is not None and self.first.ask.answerable

    @property
    def names(self) -> str:
        """Of the envs."""
        return ", ".join(item.name for item in self.items)


def gather(
    items: Iterable[Item],
    *,
    pinned: frozenset[str] = frozenset(),
    put_off: frozenset[str] = frozenset(),
) -> list[Card]:
    """Items as cards: what several agents of one kind ask in the same words is one card.

    Args:
        items: Of all envs.
        pinned: Ids of envs that come first.
        put_off: Keys of items that ask for nobody now; they are never one card with others.
    """
    groups: dict[str, list[Item]] = {}
    for item in items:
        away = "put off " if item.key in put_off else ""
        groups.setdefault(away + _group(item), []).append(item)
    cards = []
    for key, members in groups.items():
        members.sort(key=lambda item: (item.since or "", item.env))
        first = any(item.env in pinned for item in members)
        cards.append(Card(key, tuple(members), first, members[0].key in put_off))
    return cards


def ordered(
    cards: Iterable[Card], now: float, *, selected: str | None = None, at: int = 0
) -> tuple[Card, ...]:
    """The cards, dearest first; the selected one stays in its row.

    Args:
        cards: In any order.
        now: Seconds since the epoch.
        selected: Key of the card under the cursor.
        at: Row that it has.
    """
    every = sorted(cards, key=lambda card: _place(card, now))
    held = next((card for card in every if card.key == selected), None)
    if held is not None:
        every.remove(held)
        every.insert(min(at, len(every)), held)
    return tuple(every)


def after(cards: Sequence[Card], gone: str, at: int) -> str | None:
    """Key of the card that comes after one that went; `None`: there is none left.

    Args:
        cards: As they stand now.
        gone: Key of the one that was answered; passed over if it is still there.
        at: Row that it had.
    """
    left = [card for card in cards if card.key != gone and not card.put_off]
    left = left or [card for card in cards if card.key != gone]
    return left[min(at, len(left) - 1)].key if left else None


def cost(card: Card, now: float) -> float:
    """How dear it is to let it wait: smaller is dearer."""
    item = card.first
    at = figures.epoch(item.since)
    age_s = max(0.0, now - at) if at is not None else 0.0
    lift = min(_MOST_AGE, age_s // _STEP_S * _STEP_S / _TIER_S)
    beside = sum(len(each.blocks) for each in card.items) + len(card.items) - 1
    return TIERS[item.kind] - lift - beside * _BLOCKED


def _place(card: Card, now: float) -> tuple[bool, bool, float, str, str]:
    return (card.put_off, not card.pinned, cost(card, now), card.first.since or "", card.key)


def _group(item: Item) -> str:
    ask = item.ask
    if ask is None or not ask.answerable or item.kind not in ASKS or item.kind is Kind.DIALOG:
        return item.key
    said = "\x00".join((item.agent, ask.kind, ask.title, ask.detail, *ask.options))
    return f"asks {hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()[:16]}"
