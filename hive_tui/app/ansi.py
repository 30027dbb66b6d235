"""Bytes of a log line to styled text: colours are kept, everything else is neutralised."""

from __future__ import annotations

import re

from rich.ansi import AnsiDecoder
from rich.style import Style
from rich.text import Text

from hive_tui.app.lines import even

NEAR = 2048
"""Bytes of a line that are looked at where it is shown from its start."""

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # control sequences
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # strings: titles, links, clipboard
    r"|\x1b[ -/]*[0-~]?"  # everything else
)
_CONTROLS = re.compile(
    "[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb]"
)
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_JOINERS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\u1160-\u11ff\ud7b0-\ud7fb]")
"""What makes one sign of several: terminals do not agree on how wide that is."""
_PILES = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+")
"""More marks on one letter than any language has."""
_SEEN = Style(conceal=False, blink=False, blink2=False)


def decode(raw: bytes, most: int = NEAR) -> Text:
    """One line as it is shown.

    Invalid UTF-8 becomes the replacement character, tabs become blanks, of a line that was
    overwritten with carriage returns the last version stays, and concealed text is visible.

    Args:
        raw: As it was written.
        most: Bytes that are looked at; a longer line ends in an ellipsis.
    """
    whole = raw.rstrip(b"\r").rpartition(b"\r")[2]
    while len(whole) > most > 0 and whole[most] & 0xC0 == 0x80:
        most -= 1  # not in the middle of a character
    text = whole[:most].decode("utf-8", "replace")
    text = _ESCAPES.sub(_only_colours, text)
    text = _CONTROLS.sub("·", text).expandtabs(8)
    if not text.isascii():
        text = _PILES.sub(r"\1", _JOINERS.sub("", even(text)))
    line = AnsiDecoder().decode_line(text) if "\x1b" in text else Text(text)
    line.stylize(_SEEN)
    line.end = ""
    if len(whole) > most:
        line.append(" …")
    return line


def _only_colours(match: re.Match[str]) -> str:
    found = match.group()
    return found if _COLOURS.fullmatch(found) else ""
