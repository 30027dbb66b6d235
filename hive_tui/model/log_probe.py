"""Sees in many lines at once where a filter may keep one. Never misses one; the filter decides."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hive_tui.model.levels import SIGNS, Level
from hive_tui.model.log_filter import LogFilter, without_escapes

_BETWEEN = rb"(?:\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]px^_][^\x07\x1b\n]*(?:\x07|\x1b\\)))*"
"""What may stand between two letters that a person sees side by side, in lower case."""


class LogProbe:
    """A filter, made ready for much text."""

    def __init__(self, wanted: LogFilter) -> None:
        self._any = not wanted
        text = max(wanted.texts, key=len, default="")
        self._text = text.casefold()
        self._ascii = text.lower().encode() if text.isascii() else b""
        letters = (re.escape(self._ascii[at : at + 1]) for at in range(len(self._ascii)))
        self._loose = re.compile(_BETWEEN.join(letters))
        errors = wanted.least is Level.ERROR
        self._signs = [sign for sign in SIGNS if not (errors and sign == b"warn")]

    def lines(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Start and end of each line of the text that may be kept, in order."""
        done = 0
        for spot in self._spots(data):
            if spot < done:
                continue
            start = data.rfind(b"\n", 0, spot) + 1
            end = data.find(b"\n", spot)
            end = len(data) if end < 0 else end
            yield start, end
            done = end + 1

    def _spots(self, data: bytes) -> Iterator[int]:
        """Offsets in such lines, in order."""
        if self._any:
            return _starts(data)
        if self._ascii:
            lower = data.lower()
            if b"\x1b" in data:
                return (match.start() for match in self._loose.finditer(lower))
            return _all(self._ascii, lower)
        if self._text:
            shown = without_escapes(data).decode("utf-8", "replace").casefold()
            return _starts(data) if self._text in shown else iter(())
        lower = data.lower()
        signs = [re.escape(sign) for sign in self._signs if sign in lower]
        if not signs:
            return iter(())
        return (match.start() for match in re.finditer(b"|".join(signs), lower))


def _all(needle: bytes, data: bytes) -> Iterator[int]:
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)


def _starts(data: bytes) -> Iterator[int]:
    yield 0
    for at in _all(b"\n", data):
        if at + 1 < len(data):
            yield at + 1
