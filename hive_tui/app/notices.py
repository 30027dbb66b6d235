"""What the dashboard told its person, kept so that it can be read again. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

NOTICES_KEPT = 200


class Notice(msgspec.Struct, frozen=True):
    """One toast."""

    at: float
    """Seconds since the epoch."""
    severity: str
    """`information`, `warning` or `error`."""
    text: str


def kept(notices: Sequence[Notice], new: Notice) -> tuple[Notice, ...]:
    """The notices with a new one, at most `NOTICES_KEPT`; one that only repeats the last is not
    kept twice."""
    if notices and (notices[-1].severity, notices[-1].text) == (new.severity, new.text):
        return (*notices[:-1], new)
    return (*notices, new)[-NOTICES_KEPT:]
