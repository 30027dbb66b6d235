"""Finds the lines of a region that a filter keeps, without looking at each of the others.

Where a line may be is seen by a search over the whole region; whether it is, by the filter alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from hive_tui.drivers.log_regions import Piece, Region, parts, pieces
from hive_tui.engine.plain import strip_escapes
from hive_tui.model.levels import SIGNS, Level
from hive_tui.model.log_filter import LogFilter

_ESCAPE = rb"(?:\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]px^_][^\x07\x1b\n]*(?:\x07|\x1b\\)))*"
"""What may stand between two letters that a person sees side by side, in lower case."""

Mask = Callable[[bytes], bytes]
"""Hides secrets: what they hide is not found."""


class LogSearch:
    """A filter, made ready for many regions."""

    def __init__(self, wanted: LogFilter, mask: Mask) -> None:
        self._wanted = wanted
        self._mask = mask
        self._probe = max(wanted.texts, key=len, default="").casefold()
        self._ascii = self._probe.encode() if self._probe.isascii() else b""
        letters = (re.escape(self._ascii[at : at + 1]) for at in range(len(self._ascii)))
        self._loose = re.compile(_ESCAPE.join(letters))
        errors = wanted.least is Level.ERROR
        self._signs = [sign for sign in SIGNS if not (errors and sign == b"warn")]

    def found(self, region: Region) -> Iterator[Piece]:
        """Pieces of the region that are kept, the first one first, with secrets masked."""
        begin, data = region
        if not self._wanted:
            for first, past, text in pieces(begin, data):
                yield first, past, self._mask(text)
            return
        for start, end in self._lines(data):
            past = min(end + 1, len(data))
            for piece in parts(begin + start, data[start:end], begin + past):
                text = self._mask(piece[2])
                if self._wanted.keeps(text):
                    yield piece[0], piece[1], text

    def _lines(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Start and end of each line that may be kept."""
        lower = data.lower()
        spots = self._spots(data, lower)
        done = 0
        for spot in spots:
            if spot < done:
                continue
            start = data.rfind(b"\n", 0, spot) + 1
            end = data.find(b"\n", spot)
            end = len(data) if end < 0 else end
            yield start, end
            done = end + 1

    def _spots(self, data: bytes, lower: bytes) -> Iterator[int]:
        """Offsets in lines that may be kept, in order."""
        if self._ascii:
            if b"\x1b" in data:
                return (match.start() for match in self._loose.finditer(lower))
            return _all(self._ascii, lower)
        if self._probe:
            text = strip_escapes(data).decode("utf-8", "replace").casefold()
            return _starts(data) if self._probe in text else iter(())
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
