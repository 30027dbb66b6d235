"""Entries of the event log: what happened, for people and scripts."""

from __future__ import annotations

from typing import Any

import msgspec


class LogEvent(msgspec.Struct, frozen=True):
    """One line of `hive events`."""

    seq: int
    """Grows by one with every event of a home, over all daemons."""
    at: str
    """RFC 3339 with milliseconds, UTC."""
    kind: str
    """Past tense, `area.verb`: `service.crashed`, `transition.ended`, `daemon.recovered`."""
    message: str
    env: str | None = None
    """`project/name`."""
    service: str | None = None
    level: str = "info"
    """`info`, `warning` or `error`."""
    data: dict[str, Any] = {}
