"""Lines of text with roles, measured in terminal cells. Knows no colours and no widgets.

Everything that the dashboard draws is made of these: a view says *what* a piece of text is (its
role), a theme says how that looks. Text from outside goes through `safe` on its way in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

ROLES = (
    "text",
    "strong",
    "muted",
    "dim",
    "good",
    "info",
    "moving",
    "warning",
    "bad",
    "accent",
    "heading",
    "match",
)
"""What a piece of text is. The style class of a role is `role--NAME`."""

ELLIPSIS = "…"

_ASCII = {
    "…": "~",
    "·": "-",
    "“": '"',
    "”": '"',
    "↑": "^",
    "↓": "v",
    "←": "<",
    "→": ">",
    "│": "|",
    "▌": "|",
    "▸": ">",
}
"""What stands for our own signs on a terminal with ASCII only."""

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
)
"""Controls, line and paragraph ends, invisible and direction-changing characters, surrogates."""

_UNSURE = re.compile(
    "[\u200c\u200d\u20e3\ufe00-\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff"
    "\U000e0020-\U000e007f]"
)
"""Signs on whose width terminals disagree: joiners, variants, halves of flags, skin tones."""

_FLAG = ord("\U0001f1e6")
"""The half of a flag that stands for A."""


class Span(NamedTuple):
    """A piece of text of one role."""

    text: str
    role: str = "text"
    lifted: bool = False
    """True where the background of the selected thing lies behind it."""


Line = tuple[Span, ...]
"""One row of the screen, left to right. May be shorter than the row."""

BLANK: Line = ()


def safe(text: str) -> str:
    """The same text with everything that could steer a terminal shown as a middle dot."""
    return even(_UNSAFE.sub("·", text))


def even(text: str) -> str:
    """The same text without what some terminals give more cells than others.

    An emoji loses its variant and its skin tone, a joined one falls into its parts, and a flag
    becomes its two letters.
    """
    return text if text.isascii() else _UNSURE.sub(_plainer, text)


def _plainer(sign: re.Match[str]) -> str:
    letter = ord(sign.group()) - _FLAG
    return chr(ord("A") + letter) if 0 <= letter < 26 else ""


def ascii_only(text: str) -> str:
    """The same number of cells in ASCII: our own signs by their likeness, the rest as `?`."""
    if text.isascii():
        return text
    return "".join(
        char if char.isascii() else _ASCII.get(char, "?" * cell_len(char)) for char in text
    )


def width_of(line: Iterable[Span]) -> int:
    """Cells that the line takes."""
    return sum(cell_len(span.text) for span in line)


def cut(line: Iterable[Span], width: int) -> Line:
    """The line in at most `width` cells; an ellipsis stands for what does not fit."""
    spans = tuple(line)
    if width <= 0:
        return BLANK
    if width_of(spans) <= width:
        return spans
    kept: list[Span] = []
    left = width - 1
    for span in spans:
        cells = cell_len(span.text)
        if cells > left:
            kept.append(span._replace(text=set_cell_size(span.text, left).rstrip() + ELLIPSIS))
            break
        kept.append(span)
        left -= cells
    return tuple(kept)


def fit(line: Iterable[Span], width: int) -> Line:
    """The line in exactly `width` cells: cut or filled with blanks."""
    spans = cut(line, width)
    missing = width - width_of(spans)
    return (*spans, Span(" " * missing)) if missing > 0 else spans


def beside(left: Iterable[Span], right: Iterable[Span], width: int, *, gap: int = 1) -> Line:
    """`left` at the left edge and `right` at the right one; `left` gives way.

    `right` is dropped where it would take all of the row.
    """
    end = tuple(right)
    taken = width_of(end)
    if not end or taken + gap >= width:
        return fit(left, width)
    return (*fit(left, width - taken - gap), Span(" " * gap), *end)


def joined(parts: Iterable[Line], gap: str = "  ") -> Line:
    """The parts that are not empty, with a gap between each two."""
    spans: list[Span] = []
    for part in parts:
        if not part:
            continue
        if spans:
            spans.append(Span(gap))
        spans.extend(part)
    return tuple(spans)


def runs(line: Iterable[Span]) -> list[Span]:
    """The line in as few spans as look the same: blanks have the role of what stands before them.

    Every span costs a terminal some forty bytes of colours, and half of a tile is blank.
    """
    found: list[Span] = []
    for text, role, raised in line:
        if not text:
            continue
        before = found[-1] if found else None
        if before is not None and before.lifted == raised:
            if role == before.role or text.isspace():
                found[-1] = Span(before.text + text, before.role, raised)
                continue
            if before.text.isspace():
                found[-1] = Span(before.text + text, role, raised)
                continue
        found.append(Span(text, role, raised))
    return found


def lifted(line: Iterable[Span]) -> Line:
    """The line as that of the selected thing."""
    return tuple(span._replace(lifted=True) for span in line)


def faded(line: Iterable[Span]) -> Line:
    """The line without any emphasis: what it says may be out of date."""
    return tuple(span._replace(role="dim") for span in line)


def side_by_side(left: Sequence[Line], right: Sequence[Line], width: int, gap: int) -> list[Line]:
    """Two columns of lines; the left one is `width` cells wide."""
    rows = []
    for at in range(max(len(left), len(right))):
        first = left[at] if at < len(left) else BLANK
        second = right[at] if at < len(right) else BLANK
        rows.append((*fit(first, width), Span(" " * gap), *second) if second else first)
    return rows


def wrapped(text: str, width: int, *, role: str = "text", most: int = 3) -> list[Line]:
    """Words of one paragraph on at most `most` lines of `width` cells."""
    rows: list[str] = []
    row = ""
    for word in safe(text).split():
        longer = f"{row} {word}" if row else word
        if row and cell_len(longer) > width:
            rows.append(row)
            row = word
        else:
            row = longer
    rows.append(row)
    if len(rows) > most:
        rows = [*rows[: most - 1], " ".join(rows[most - 1 :])]
    return [cut((Span(row, role),), width) for row in rows if row]
