"""Reads the lines that hooks leave in an env's event file. Pure; never raises on what it finds."""

from __future__ import annotations

from typing import Any

import msgspec

LONGEST = 64 * 1024
"""Bytes of a line."""

_BEGIN = b'{"v":1,'


class Event(msgspec.Struct, frozen=True):
    """What one hook told."""

    at: float = msgspec.field(name="t", default=0.0)
    """Seconds since the epoch, by the hook's clock."""
    agent: str = ""
    """Kind of the agent whose hook it was."""
    run: str = ""
    """Of hive's start of the agent; empty where hive did not start it."""
    pid: int = 0
    """Of the agent's process, as far as the hook knows."""
    pipe: str = ""
    """Where the hook waits for an answer: a name beside the file; empty where it does not."""
    cut: bool = False
    """Whether the payload was too long and was shortened."""
    payload: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(Event)


def decode(line: bytes) -> Event | None:
    """One line; `None` where it is none of a hook's.

    A line that was begun on a full disk has no end, so that the next one may follow it directly:
    that next one is found.
    """
    while line:
        if len(line) <= LONGEST:
            try:
                return _decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
        at = line.find(_BEGIN, 1)
        if at < 0:
            return None
        line = line[at:]
    return None
