"""The newest lines of one or more logs: bounded, filtered by source, never copied per line."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Any

from hive_tui.model.levels import Level, level_of
from hive_tui.model.wire import LogLine


class Ring:
    """Keeps the newest lines and a view of those whose source is shown.

    Lines are numbered from 0 for ever, also when the oldest are dropped, so that what is held on
    the screen can be told from what came since.
    """

    def __init__(self, most: int = 50_000) -> None:
        """Create an empty ring.

        Args:
            most: Lines kept at least; up to a quarter more are held before the oldest go.
        """
        self._most = most
        self._lines: list[LogLine] = []
        self._shown: list[LogLine] = []
        self._hidden: frozenset[str] = frozenset()
        self._least = Level.ALL
        self._dropped = 0
        self.total = 0
        """Lines that ever came."""
        self.sources: list[str] = []
        """Names in the order in which they were first seen."""

    @property
    def shown(self) -> Sequence[LogLine]:
        """Lines of the sources and levels that are not hidden, oldest first."""
        return self._shown if self._filtered else self._lines

    @property
    def least(self) -> Level:
        """From which level on lines are shown."""
        return self._least

    @property
    def hidden(self) -> frozenset[str]:
        """Sources that are not shown."""
        return self._hidden

    @property
    def dropped(self) -> int:
        """Shown lines that were dropped at the head so far, for positions that stay valid."""
        return self._dropped

    def extend(self, lines: Iterable[LogLine]) -> None:
        """Append lines."""
        new = list(lines)
        self.total += len(new)
        for line in new:
            if line.source not in self.sources:
                self.sources.append(line.source)
        self._lines.extend(new)
        if self._filtered:
            self._shown.extend(line for line in new if self._keeps(line))
        trimmed = self._trim(self._lines)
        cut = self._trim(self._shown) if self._filtered else trimmed
        self._dropped += cut

    def toggle(self, source: str) -> None:
        """Hide a source, or show it again."""
        self._hidden ^= {source}
        self._choose()

    def show_from(self, least: Level) -> None:
        """Show only lines of this level and graver ones."""
        self._least = least
        self._choose()

    def clear(self) -> None:
        """Forget all lines; sources stay."""
        self._lines.clear()
        self._shown.clear()
        self._dropped = 0

    @property
    def _filtered(self) -> bool:
        return bool(self._hidden or self._least)

    def _keeps(self, line: LogLine) -> bool:
        if line.source in self._hidden:
            return False
        return not self._least or level_of(line.text) >= self._least

    def _choose(self) -> None:
        self._dropped = 0
        self._shown = [line for line in self._lines if self._keeps(line)] if self._filtered else []

    def _trim(self, lines: list[LogLine]) -> int:
        if len(lines) <= self._most * 5 // 4:
            return 0
        excess = len(lines) - self._most
        del lines[:excess]
        return excess


def parse_lines(event: Any) -> list[LogLine]:
    """The lines of one event of the logs call; what is not of that shape is left out."""
    rows = event.get("lines", ()) if isinstance(event, dict) else ()
    lines: list[LogLine] = []
    for row in rows:
        try:
            at, source, text = row
            lines.append(LogLine(float(at), str(source), base64.b64decode(text)))
        except (TypeError, ValueError, binascii.Error):
            continue
    return lines
