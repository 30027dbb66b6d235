"""Which lines of a log are wanted, by text and by level. Said over the wire; judged on both sides.

Looks at one line at a time. How a whole file is looked through fast is the drivers' business.
"""

from __future__ import annotations

import re

import msgspec

from hive_tui.model.levels import Level, level_of

# ECMA-48, as in `engine.plain`: control strings, control sequences, two-byte escapes.
_ESCAPES = re.compile(
    rb"\x1b(?:[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[@-~]?|[ -/]*[0-~])|\x1b"
)


class LogFilter(msgspec.Struct, frozen=True):
    """What a line has to have. The empty one keeps every line."""

    texts: tuple[str, ...] = ()
    """Each of them is in the line, whatever its case; none is empty."""
    least: Level = Level.ALL
    """The line is at least as grave."""

    def __bool__(self) -> bool:
        """Whether it leaves any line out."""
        return bool(self.texts or self.least)

    def keeps(self, raw: bytes) -> bool:
        """Whether a line, as it was written, is wanted."""
        if self.least and level_of(raw) < self.least:
            return False
        return all(holds(raw, text) for text in self.texts)

    def joined(self, other: LogFilter) -> LogFilter:
        """What keeps only lines that both keep."""
        return LogFilter((*self.texts, *other.texts), max(self.least, other.least))

    def narrows(self, other: LogFilter) -> bool:
        """Whether every line that this one keeps is kept by the other one too."""
        return self.least >= other.least and all(
            any(text.casefold() in mine.casefold() for mine in self.texts) for text in other.texts
        )


def holds(raw: bytes, text: str) -> bool:
    """Whether a line shows a text, whatever its case.

    An ASCII text is compared with ASCII letters alone: `ss` does not find `ß`.
    """
    if text.isascii():
        within = text.lower().encode() in raw.lower()
        if b"\x1b" not in raw and (b"\r" not in raw or not within):
            return within
        return text.lower() in seen(raw).lower()
    return text.casefold() in seen(raw).casefold()


def seen(raw: bytes) -> str:
    """What a person sees of a line: without escapes, and after its last carriage return."""
    return without_escapes(raw.rstrip(b"\r").rpartition(b"\r")[2]).decode("utf-8", "replace")


def without_escapes(raw: bytes) -> bytes:
    """The bytes without what steers terminals by escape sequences."""
    return _ESCAPES.sub(b"", raw) if b"\x1b" in raw else raw
