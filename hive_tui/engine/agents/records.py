"""What the records of a conversation's file add up to. Pure."""

from __future__ import annotations

import msgspec

from hive_tui.engine.agents.evidence import Transcript


class Record(msgspec.Struct, frozen=True):
    """What one record tells."""

    transcript: Transcript | None
    message: str = ""
    """Id of the message: one is written once for each of its parts, with the same usage."""
    tokens: int = 0
    total_tokens: int | None = None
    """Of the whole conversation, where the program adds them up itself."""
    cost_usd: float | None = None
    """Of the whole conversation."""
    model: str = ""


class Read(msgspec.Struct, frozen=True):
    """What was read of a conversation so far."""

    transcript: Transcript | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    model: str = ""
    message: str = ""
    message_tokens: int = 0


def add(read: Read, record: Record) -> Read:
    """One more record."""
    tokens = read.tokens
    if record.total_tokens is not None:
        tokens = record.total_tokens
    elif record.tokens:
        again = record.message and record.message == read.message
        before = read.message_tokens if again else 0
        tokens = (tokens or 0) + record.tokens - before
    return Read(
        transcript=record.transcript or read.transcript,
        tokens=tokens,
        cost_usd=record.cost_usd if record.cost_usd is not None else read.cost_usd,
        model=record.model if record.model and record.model[0] != "<" else read.model,
        message=record.message or read.message,
        message_tokens=record.tokens if record.message else read.message_tokens,
    )
