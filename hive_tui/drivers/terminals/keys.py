"""Names of keys, the same for every host, and the text that may be pasted."""

from __future__ import annotations

import re

from hive_tui.model.errors import UsageError

NAMED = {
    "Enter": b"\r",
    "Escape": b"\x1b",
    "Tab": b"\t",
    "BTab": b"\x1b[Z",
    "Space": b" ",
    "BSpace": b"\x7f",
    "Up": b"\x1b[A",
    "Down": b"\x1b[B",
    "Right": b"\x1b[C",
    "Left": b"\x1b[D",
    "Home": b"\x1b[H",
    "End": b"\x1b[F",
    "PageUp": b"\x1b[5~",
    "PageDown": b"\x1b[6~",
    "Delete": b"\x1b[3~",
}
"""Keys by tmux's names, and what a terminal sends for them."""

_CONTROL = re.compile(r"C-([a-z\[\]\\^_])")
_CODES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def known(key: str) -> bool:
    """Whether it is a key: a name, `C-` with a letter, or one printable character."""
    return key in NAMED or bool(_CONTROL.fullmatch(key)) or (len(key) == 1 and key.isprintable())


def check(keys: tuple[str, ...]) -> None:
    """Refuse what is no key: a terminal would type its letters.

    Raises:
        UsageError: One of them is none.
    """
    for key in keys:
        if not known(key):
            raise UsageError(
                f"{key!r} is no key",
                hint=f"one of {', '.join(NAMED)}, C-a to C-z, or a single character",
                code="no_key",
            )


def sequence(key: str) -> bytes:
    """What a terminal sends for a key that is `known`."""
    if key in NAMED:
        return NAMED[key]
    if found := _CONTROL.fullmatch(key):
        return bytes([ord(found[1].upper()) & 0x1F])
    return key.encode()


def pasteable(text: str) -> str:
    """A text as it may be pasted: no control codes but tabs and newlines, none of those last.

    Among what is taken out is the code that would end the bracket around the text.
    """
    whole = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return _CODES.sub("", whole).rstrip("\n")
