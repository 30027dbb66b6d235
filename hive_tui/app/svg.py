"""A screen's cells as a small SVG: no font is fetched, and what looks the same shares a class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

_SIZE = 14.0
_CELL = 8.43
"""Width of a cell; every text is stretched to its cells, so any monospaced font will do."""
_ROW = 18.0
_PAD = 10.0
_WORDS = re.compile(r"[█▌]|[^ █▌]+(?: [^ █▌]+)*")
"""Text without two blanks in a row: not every viewer keeps those."""

_BLOCKS = {"█": 1.0, "▌": 0.5}
"""Signs that are drawn as shapes, so that rows of them meet: sign -> share of its cell."""

_FONT = "ui-monospace,'SF Mono','Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace"


def document(rows: Sequence[Iterable[Strip]], cells: int, background: str) -> str:
    """The SVG of a screen.

    Args:
        rows: The strips of each row, left to right.
        cells: Width of the screen.
        background: Its colour; cells of this colour are not drawn.
    """
    classes: dict[str, str] = {}
    body: list[str] = []
    for y, strips in enumerate(rows):
        x = 0
        for text, style in _runs(strips):
            cells_taken = cell_len(text)
            body += _drawn(text, style, x, y, cells_taken, background, classes)
            x += cells_taken
    width, height = cells * _CELL + 2 * _PAD, len(rows) * _ROW + 2 * _PAD
    rules = "".join(f".{name}{{{rule}}}" for rule, name in classes.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}">'
        f"<style>text{{font:{_SIZE:.0f}px {_FONT};white-space:pre}}"
        f"rect{{shape-rendering:crispEdges}}{rules}</style>"
        f'<rect width="100%" height="100%" rx="6" fill="{background}"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _runs(strips: Iterable[Strip]) -> Iterable[tuple[str, Style]]:
    """Neighbouring text of one style, joined."""
    text, style = "", Style.null()
    for strip in strips:
        for segment in strip:
            if segment.control or not segment.text:
                continue
            if text and (segment.style or Style.null()) == style:
                text += segment.text
                continue
            if text:
                yield text, style
            text, style = segment.text, segment.style or Style.null()
    if text:
        yield text, style


def _drawn(
    text: str,
    style: Style,
    x: int,
    y: int,
    cells: int,
    background: str,
    classes: dict[str, str],
) -> list[str]:
    ink, ground = _colour(style, front=True), _colour(style, front=False)
    if style.reverse:
        ink, ground = ground or background, ink
    left, top = _PAD + x * _CELL, _PAD + y * _ROW
    parts: list[str] = []
    if ground and ground != background:
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.0f}" width="{cells * _CELL:.1f}" height="{_ROW:.0f}"'
            f' fill="{ground}"/>'
        )
    rule = f"fill:{ink or '#808080'}"
    rule += ";font-weight:bold" if style.bold else ""
    rule += ";font-style:italic" if style.italic else ""
    rule += ";text-decoration:underline" if style.underline else ""
    for word in _WORDS.finditer(text):
        start = left + cell_len(text[: word.start()]) * _CELL
        if word.group() in _BLOCKS:
            parts.append(
                f'<rect x="{start:.1f}" y="{top:.0f}" width="{_BLOCKS[word.group()] * _CELL:.1f}"'
                f' height="{_ROW:.0f}" fill="{ink}"/>'
            )
            continue
        name = classes.setdefault(rule, f"c{len(classes)}")
        parts.append(
            f'<text class="{name}" x="{start:.1f}" y="{top + _ROW * 0.74:.1f}"'
            f' textLength="{cell_len(word.group()) * _CELL:.1f}">'
            f"{escape(word.group(), quote=False)}</text>"
        )
    return parts


def _colour(style: Style, *, front: bool) -> str:
    colour = style.color if front else style.bgcolor
    if colour is None or colour.is_default:
        return ""
    return colour.get_truecolor().hex
