"""Text for people: made harmless, measured in cells, coloured, aligned. Prints nothing itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM, APC with their end
    r"|\x1b[ -/]*[0-~]"  # all shorter ones
)
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""C0, C1, what reorders or hides text, line separators, lone surrogates."""

NOTHING = "-"
"""Printed where there is no value."""

RESET = "\x1b[0m"
_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_SOURCE_COLOURS = ("cyan", "green", "magenta", "yellow", "blue")


def plain(text: object) -> str:
    """Make text from outside harmless: every control code becomes `·`, a tab one blank.

    Names, branches, messages and reasons all pass through here before they are printed.
    """
    return _CONTROL.sub(_mark, _SEQUENCE.sub("·", str(text)))


def log_text(text: str, *, colour: bool) -> str:
    """Make a line of a log harmless: its colours stay where `colour` is set, nothing else does."""
    text = text.rstrip("\r\n").expandtabs(8)
    if not colour:
        return plain(_SGR.sub("", text))
    parts: list[str] = []
    end = 0
    for match in _SGR.finditer(text):
        parts += (plain(text[end : match.start()]), match.group())
        end = match.end()
    parts.append(plain(text[end:]))
    if end:
        parts.append(RESET)
    return "".join(parts)


def _mark(match: re.Match[str]) -> str:
    return " " if match.group() == "\t" else "·"


def cells(text: str) -> int:
    """Columns that the text takes on a terminal; SGR sequences take none."""
    text = _SGR.sub("", text)
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def clip(text: str, width: int) -> str:
    """The text in at most `width` columns, with `…` for what is left out. Holds no SGR."""
    if cells(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += _cell(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + "…" if width > 0 else ""


def pad(text: str, width: int) -> str:
    """The text filled with blanks to `width` columns; longer text stays as it is."""
    return text + " " * max(0, width - cells(text))


def table(rows: Iterable[Sequence[str]], *, header: Sequence[str] = ()) -> list[str]:
    """Align rows in columns, two blanks apart, and leave out columns that are empty in all rows.

    Args:
        rows: Cells that are harmless already; they may hold SGR.
        header: Names of the columns; they do not keep an empty column.
    """
    body = [list(row) for row in rows]
    if not body:
        return []
    count = max(len(row) for row in body)
    body = [row + [""] * (count - len(row)) for row in body]
    shown = [at for at in range(count) if any(row[at] for row in body)]
    lines = [[row[at] for at in shown] for row in body]
    if header:
        lines.insert(0, [header[at] for at in shown])
    widths = [max(cells(line[at]) for line in lines) for at in range(len(shown))]
    return [
        "  ".join(pad(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def seconds(value: float | None) -> str:
    """A length of time in seconds as people say it: `40 ms`, `8.1 s`, `3 min 20 s`, `2 h 5 min`."""
    if value is None:
        return NOTHING
    if value < 0:
        return "-" + seconds(-value)
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    for size, name, smaller, less in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name}" + (f" {rest} {less}" if rest else "")
    rest = whole % 60
    return f"{whole // 60} min" + (f" {rest} s" if rest else "")


def size(value: int | None) -> str:
    """Bytes as people say them, in decimal units: `412 MB`, `1.2 GB`."""
    if value is None:
        return NOTHING
    amount = float(value)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


class Ink:
    """Colours, or none of them.

    A word that a person has to tell apart by colour is told apart by its text as well.
    """

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, style: str, text: str) -> str:
        """The text in a style: `bold dim red green yellow blue magenta cyan`, or none for `""`."""
        if not self.on or not text or not style:
            return text
        return f"\x1b[{_CODES[style]}m{text}{RESET}"

    def source(self, name: str) -> str:
        """The name of a log's source in a colour that is always the same for it."""
        return self(_SOURCE_COLOURS[sum(name.encode()) % len(_SOURCE_COLOURS)], name)
