"""What is kept of an env's agent, so that a new daemon finds it again. Values only."""

from __future__ import annotations

import msgspec


class Book(msgspec.Struct, frozen=True):
    """One start of an agent."""

    env_uid: str
    name: str
    """Of `[agents.NAME]`."""
    kind: str
    run: str
    """Id of the start."""
    launched_at: float
    """Seconds since the epoch."""
    session: str = ""
    """Its conversation, by which it is gone on with."""
    prompted: bool = False
    """Whether its conversation has a prompt; without one there is nothing to go on with."""
    port: int = 0
    password: str = ""
    seen_at: float = 0.0
    stopped: bool = False
    """Whether hive was asked to end it."""
    ended_at: float | None = None
    exit_code: int | None = None


class Told(msgspec.Struct, frozen=True):
    """What an agent tells of itself beside its state."""

    session: str = ""
    model: str = ""
    tokens: int | None = None
    cost_usd: float | None = None
