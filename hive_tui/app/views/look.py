"""What every view needs beside its values: the time and what the terminal can show."""

from __future__ import annotations

import msgspec

from hive_tui.app.actions import DEFAULT, Registry
from hive_tui.app.lines import Line, Span
from hive_tui.app.marks import DASH, Mark


class Look(msgspec.Struct, frozen=True):
    """The circumstances of one painting."""

    now: float = 0.0
    """Seconds since the epoch, UTC."""
    plain: bool = False
    """True where the terminal shows ASCII only."""
    qualified: bool = False
    """True where envs of several projects are shown: names carry their project."""
    keys: Registry = DEFAULT
    """The keys that are in force."""

    @property
    def none(self) -> str:
        """Stands for a value that there is none of."""
        return "-" if self.plain else DASH

    @property
    def step(self) -> Span:
        """Between two names on the way from the hive to where one is."""
        return Span(
            " > " if self.plain else " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ", "dim"
        )

    def worded(self, text: str, role: str = "muted") -> Line:
        """A text that names keys by their actions' ids in braces; the keys stand out."""
        return tuple(
            Span(piece, "accent" if key else role) for piece, key in self.keys.pieces(text) if piece
        )

    def sign(self, mark: Mark, role: str | None = None) -> Span:
        """The glyph of a mark."""
        return Span(mark.sign(self.plain), role or mark.role)
