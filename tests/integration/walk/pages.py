"""Reads the walk-through: its tables of what to press and what is then seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[3] / "docs" / "walk-through.md"

_CODE = re.compile(r"`([^`]+)`")
_STRUCK = re.compile(r"~~.+?~~")
_HEADING = re.compile(r"## (\d+)\. (.+)")
_HEAD = ("press", "and you see")


class Step(NamedTuple):
    """A row of a table."""

    part: int
    """Number of its heading."""
    line: int
    """Of the page, from 1."""
    keys: tuple[str, ...]
    words: tuple[str, ...]
    gone: tuple[str, ...]
    """Words that were there before, and are no longer."""

    def __str__(self) -> str:
        return f"{PAGE.name}:{self.line}, part {self.part}: {' '.join(self.keys)}"


def steps(page: str) -> list[Step]:
    """All rows in their order; everything in backticks is a key at the left, words at the right."""
    found: list[Step] = []
    part = 0
    for at, line in enumerate(page.splitlines(), 1):
        if heading := _HEADING.match(line):
            part = int(heading[1])
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or tuple(cells) == _HEAD or set(line) <= set("|-"):
            continue
        keys, seen = cells
        gone = _CODE.findall(" ".join(_STRUCK.findall(seen)))
        words = _CODE.findall(_STRUCK.sub("", seen))
        found.append(Step(part, at, tuple(_CODE.findall(keys)), tuple(words), tuple(gone)))
    return found


def parts(page: str) -> list[int]:
    """Numbers of the headings."""
    return [int(found[1]) for line in page.splitlines() if (found := _HEADING.match(line))]
