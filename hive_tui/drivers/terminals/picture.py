"""What a terminal shows, made harmless: text and colours, and nothing that steers a terminal."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    rb"\x1b\[[0-9;:]*m"  # colours stay
    rb"|(\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]?)"
)
_DRAWN = re.compile(rb"\x0e([^\x0f]*)\x0f?")
_CODES = re.compile(rb"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]")

_SEQUENCE = re.compile(rb"(\x1b\[[0-?]*[ -/]*[@-~]|\x1b[^\[])")

_LINES = {
    ord(code): sign.encode()
    for code, sign in zip(
        "`afghijklmnopqrstuvwxyz{|}~",
        "◆▒°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·",
        strict=True,
    )
}
"""The alternate character set of a VT100, by code."""


def clean(line: bytes) -> bytes:
    """One line of a screen with its colours, in UTF-8.

    Line drawing becomes what it draws; links, titles and all other sequences go.
    """
    if b"\x0e" in line:
        line = _DRAWN.sub(lambda found: drawn(found[1]), line)
    if b"\x1b" in line:
        line = _ESCAPES.sub(lambda found: b"" if found[1] is not None else found[0], line)
    return _CODES.sub(b"", line)


def drawn(codes: bytes) -> bytes:
    """What codes of the alternate character set draw; sequences between them stay as they are."""
    parts = _SEQUENCE.split(codes)
    return b"".join(
        part if at % 2 else b"".join(_LINES.get(code, bytes([code])) for code in part)
        for at, part in enumerate(parts)
    )
