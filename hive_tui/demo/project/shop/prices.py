"""What an order costs. Pure, in whole cents."""

from __future__ import annotations

MANY = 10
"""From so many pieces on everything is ten per cent cheaper."""


def total(cents: int, quantity: int) -> int:
    """Price of so many pieces at so many cents each; half a cent goes up."""
    full = cents * quantity
    return full if quantity < MANY else (full * 9 + 5) // 10


def text(cents: int) -> str:
    """An amount as people read it: `€ 12.50`."""
    return f"€ {cents // 100}.{cents % 100:02d}"
