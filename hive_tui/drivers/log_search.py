"""The lines of a region that a filter keeps, with secrets masked before they are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hive_tui.drivers.log_regions import Piece, Region, parts, pieces
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.log_probe import LogProbe

Mask = Callable[[bytes], bytes]
"""Hides secrets: what they hide is not found."""


class LogSearch:
    """A filter, made ready for many regions."""

    def __init__(self, wanted: LogFilter, mask: Mask) -> None:
        self._wanted = wanted
        self._mask = mask
        self._probe = LogProbe(wanted)

    def found(self, region: Region) -> Iterator[Piece]:
        """Pieces of the region that are kept, the first one first."""
        begin, data = region
        if not self._wanted:
            for first, past, text in pieces(begin, data):
                yield first, past, self._mask(text)
            return
        for start, end in self._probe.lines(data):
            past = min(end + 1, len(data))
            for first, behind, text in parts(begin + start, data[start:end], begin + past):
                masked = self._mask(text)
                if self._wanted.keeps(masked):
                    yield first, behind, masked
