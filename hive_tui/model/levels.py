"""How grave a log line is, by the words that loggers of all languages use. Pure."""

from __future__ import annotations

import re
from enum import IntEnum

_ERROR = re.compile(
    rb"\b(?:(?i:errors?|err|fatal|critical|panic|panicked|traceback|exception|failed)"
    rb"|[A-Z]\w*(?:Error|Exception))\b"
)
_WARNING = re.compile(rb"(?i)\bwarn(?:ing|ings)?\b")
_NONE = re.compile(rb"(?i)\b(?:0|no)\s+(?:errors?|failed|warnings?)\b")
SIGNS = (b"err", b"fatal", b"critical", b"panic", b"traceback", b"exception", b"failed", b"warn")
"""One of these is in every line of a level; most lines have none, and that is cheap to see."""

_COLOURS = re.compile(rb"\x1b\[[0-9;:]*m")
_LOOKED_AT = 512
"""Bytes at the start of a line that decide."""


class Level(IntEnum):
    """From how grave a line on it is shown."""

    ALL = 0
    WARNING = 1
    ERROR = 2

    @property
    def next(self) -> Level:
        """The one after it; after the last the first."""
        return Level((self + 1) % len(Level))

    @property
    def words(self) -> str:
        """What the foot of the log says."""
        return ("all lines", "warnings and errors", "errors only")[self]


def level_of(raw: bytes) -> Level:
    """The level of a line. `0 errors` is none."""
    start = raw[:_LOOKED_AT]
    lower = start.lower()
    if not any(sign in lower for sign in SIGNS):
        return Level.ALL
    if b"\x1b" in start:
        start = _COLOURS.sub(b"", start)
    start = _NONE.sub(b"", start)
    if _ERROR.search(start):
        return Level.ERROR
    return Level.WARNING if _WARNING.search(start) else Level.ALL
