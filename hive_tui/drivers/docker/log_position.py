"""How far a container's output has come into its log, so that nothing is lost or written twice.

The log itself tells how much was written since this was noted: what the engine sends again from
the noted time on is the same, byte for byte, so as much of it is left out.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

import msgspec


class Position(msgspec.Struct, frozen=True):
    """A point in a container's output, and where it lies in the log."""

    at: str = ""
    """Time of the last frame that is in the log, as the engine says it; "" before the first."""
    same: int = 0
    """Frames of exactly that time that are in the log."""
    offset: int = 0
    """Size of the log then."""

    @property
    def since(self) -> str:
        """The engine's query for what was written from then on: seconds and nanoseconds."""
        if not self.at:
            return "0"
        whole, _, fraction = self.at.rstrip("Z").partition(".")
        moment = datetime.fromisoformat(f"{whole}+00:00")
        return f"{int(moment.timestamp())}.{fraction.ljust(9, '0')[:9]}"

    def after(self, at: str, offset: int) -> Position:
        """The position once a frame of that time is in the log."""
        return Position(at, self.same + 1 if at == self.at else 1, offset)


def load(path: Path) -> Position:
    """The position noted in a file; the beginning where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Position)
    except (OSError, msgspec.MsgspecError):
        return Position()


def keep(path: Path, position: Position) -> None:
    """Note a position. A full disk is no reason to stop: the log is full too, then."""
    draft = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        draft.write_bytes(msgspec.json.encode(position))
        draft.replace(path)
