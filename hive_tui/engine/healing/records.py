"""What survives the daemon of the healing of an env. Values only."""

from __future__ import annotations

import msgspec

from hive_tui.engine.healing.rules import Receipt

PAST = 20
"""Receipts of earlier series that are kept."""


class HealRecord(msgspec.Struct, frozen=True):
    """Where the healing of an env stands."""

    env_uid: str
    turn: float = 0.0
    """The end of the turn that was looked at last, in seconds since the epoch."""
    state: str = "idle"
    """As in `HealView`."""
    reason: str | None = None
    receipts: tuple[Receipt, ...] = ()
    """The attempts since a person last spoke to the agent, oldest first."""
    past: tuple[Receipt, ...] = ()
    """Those before, oldest first."""
    verified: str | None = None
    """Content that was last seen green."""
    cost_before: float | None = None
    """What the agent had cost when the series began; `None` where it does not tell."""

    @property
    def done(self) -> bool:
        """Whether what was to be done about that turn was done."""
        return self.state not in ("settling", "checking", "feeding")

    def begin(self, cost_usd: float | None) -> HealRecord:
        """A new series: a person has spoken to the agent."""
        past = (*self.past, *self.receipts)[-PAST:]
        return msgspec.structs.replace(self, receipts=(), past=past, cost_before=cost_usd)

    def close(self, after: str) -> HealRecord:
        """With what was measured after the last attempt: a mark, or "" for green."""
        if not self.receipts or self.receipts[-1].after is not None:
            return self
        last = msgspec.structs.replace(self.receipts[-1], after=after)
        return msgspec.structs.replace(self, receipts=(*self.receipts[:-1], last))
