"""Takes terminal control out of the bytes of a log. What is left can be matched and shown."""

from __future__ import annotations

import re

# ECMA-48: control strings (OSC, DCS, SOS, PM, APC) up to BEL or ST, control sequences (CSI), and
# the two-byte escapes. An unfinished one at the end goes too.
_ESCAPES = re.compile(
    rb"\x1b(?:[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[@-~]?|[ -/]*[0-~])|\x1b"
)
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def strip_escapes(text: bytes) -> bytes:
    """The text without escape sequences; other bytes stay as they are."""
    return _ESCAPES.sub(b"", text) if b"\x1b" in text else text


def plain(line: bytes, limit: int | None = None) -> str:
    """One line as text that can do nothing to a terminal.

    Escape sequences, control characters but tabs, and marks that turn the direction of writing
    are taken out; bytes that are not UTF-8 become U+FFFD.

    Args:
        line: Without its line end.
        limit: Most characters to return; `None` means all.
    """
    text = strip_escapes(line).decode("utf-8", "replace")
    if not text.isprintable():
        text = _BIDI.sub("", _CONTROLS.sub("", text))
    return text if limit is None else text[:limit]
