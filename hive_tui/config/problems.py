"""What is wrong in a hive.toml, and how it is said: file, line, key, found, allowed, nearest."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from itertools import islice

import msgspec

KeyPath = tuple[str | int, ...]
"""Keys from the root of the file; a number is a place in a list."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN_LENGTH = 60
_SHOWN_NAMES = 30
_TRIED_NAMES = 300
_LONGEST_NAME = 64


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    path: KeyPath
    found: str
    """What stands there, as a person would name it; text in quotes."""
    allowed: str
    word: str | None = None
    """The word that was found, where it may be a slip of the keys."""
    names: Collection[str] = ()
    """What may have been meant by it."""

    def line(self, file: str, number: int) -> str:
        """`hive.toml:3: key services.api.needs: found "bd"; allowed: db; did you mean "db"?`."""
        near = None if self.word is None else nearest(self.word, self.names)
        meant = f"; did you mean {show(near)}?" if near is not None else ""
        key = f"key {dotted(self.path)}: " if self.path else ""
        return f"{file}:{number}: {key}found {self.found}; allowed: {self.allowed}{meant}"


def unknown_name(path: KeyPath, found: str, allowed: Collection[str], none: str) -> Problem:
    """A name that is none of the allowed ones; `none` says so where there are no names at all."""
    return Problem(path, show(found), listed(allowed, none), found, allowed)


def dotted(path: KeyPath) -> str:
    """The path as one would write it in TOML, without places in lists (the line tells those)."""
    keys = (key for key in path if isinstance(key, str))
    return ".".join(key if _BARE.fullmatch(key) else show(key) for key in keys)


def show(value: object) -> str:
    """A value of the file on one short line, without anything that acts on a terminal."""
    if isinstance(value, str):
        cut = value if len(value) <= _SHOWN_LENGTH else f"{value[:_SHOWN_LENGTH]}…"
        text = json.dumps(cut, ensure_ascii=False)
        return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def listed(names: Collection[str], none: str = "nothing") -> str:
    """The names in one phrase; the first thirty of many."""
    shown = ", ".join(islice(names, _SHOWN_NAMES))
    more = len(names) - _SHOWN_NAMES
    return (f"{shown} and {more} more" if more > 0 else shown) or none


def nearest(word: str, names: Collection[str]) -> str | None:
    """The name that a slip of the keys turns into `word`; `None` where none is that near.

    Near is one edit for every three characters, at least one; two neighbours that changed places
    are one edit. Of very many names only the first few hundred are tried.
    """
    limit = max(1, len(word) // 3)
    best: tuple[int, str] | None = None
    for name in islice(names, _TRIED_NAMES):
        if abs(len(name) - len(word)) > limit or max(len(name), len(word)) > _LONGEST_NAME:
            continue
        edits = _edits(word.lower(), name.lower())
        if edits <= limit and (best is None or edits < best[0]):
            best = (edits, name)
    return best[1] if best else None


def _edits(left: str, right: str) -> int:
    """Optimal string alignment distance."""
    above: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        oldest, above, row = above, row, [i]
        for j, b in enumerate(right, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                row[j] = min(row[j], oldest[j - 2] + 1)
    return row[-1]
