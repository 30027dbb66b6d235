"""Bytes of a log line to styled text: colours are kept, everything else is neutralised."""

from __future__ import annotations

import re

from rich.ansi import AnsiDecoder
from rich.style import Style
from rich.text import Text

from hive_tui.app.lines import even

LONGEST = 4096
"""Bytes of a line that are looked at; a longer one is shown cut."""

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
_SEEN = Style(conceal=False, blink=False, blink2=False)


def decode(raw: bytes) -> Text:
    """One line as it is shown.

    Invalid UTF-8 becomes the replacement character, tabs become blanks, of a line that was
    overwritten with carriage returns the last version stays, and concealed text is visible.
    """
    text = raw[:LONGEST].decode("utf-8", "replace").rstrip("\r")
    text = text.rpartition("\r")[2]
    text = _ESCAPES.sub(_only_colours, text)
    text = even(_CONTROLS.sub("·", text)).expandtabs(8)
    line = AnsiDecoder().decode_line(text) if "\x1b" in text else Text(text)
    line.stylize(_SEEN)
    line.end = ""
    if len(raw) > LONGEST:
        line.append(" …")
    return line


def plain(raw: bytes) -> str:
    """The line's text without escape sequences, for searching: cheaper than `decode`."""
    text = raw[:LONGEST].decode("utf-8", "replace")
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def _only_colours(match: re.Match[str]) -> str:
    found = match.group()
    return found if _COLOURS.fullmatch(found) else ""
