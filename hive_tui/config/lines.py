"""On which line of a TOML text a key stands, which the standard parser does not tell.

It reads only texts that parse, and so is lenient about everything that does not move a key.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

from hive_tui.config.problems import KeyPath

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")
_REST = re.compile(r"[^\n]*")


class Lines:
    """The lines of all keys of one text."""

    def __init__(self, text: str) -> None:
        """Read a text that `tomllib` parses."""
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0
        self._lines: dict[KeyPath, int] = {}
        self._lengths: dict[KeyPath, int] = {}
        self._read()

    def of(self, path: KeyPath) -> int:
        """Line of the key, from 1; of the nearest table around it where it is not in the text."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def has(self, path: KeyPath) -> bool:
        """Whether the key itself stands in the text."""
        return path in self._lines

    def _read(self) -> None:
        table: KeyPath = ()
        self._skip(_SPACE)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_REST)
            self._skip(_SPACE)

    def _header(self) -> KeyPath:
        start = self._at
        many = self._text.startswith("[[", start)
        self._at += 2 if many else 1
        self._skip(_SPACE)
        path: KeyPath = ()
        keys = self._keys()
        for key in keys[:-1]:
            path = self._last((*path, key))
            self._note(path, start)
        path = (*path, keys[-1])
        self._note(path, start)
        if many:
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path = self._last(path)
            self._note(path, start)
        return path

    def _last(self, path: KeyPath) -> KeyPath:
        """The table that a header means: of an array of tables the newest."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _pair(self, table: KeyPath) -> None:
        start = self._at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, start)
        self._skip(_SPACE)
        self._at += len("=")
        self._skip(_SPACE)
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while match := _KEY.match(self._text, self._at):
            self._at = match.end()
            word = match.group()
            keys.append(tomllib.loads(f"key = {word}")["key"] if word[0] in "\"'" else word)
            if (dot := _DOT.match(self._text, self._at)) is None:
                break
            self._at = dot.end()
        return keys

    def _value(self, path: KeyPath) -> None:
        first = self._text[self._at]
        if first == "[":
            self._items(path)
        elif first == "{":
            self._inline(path)
        elif first in "\"'":
            self._skip(_STRING)
        else:
            self._skip(_SCALAR)

    def _items(self, path: KeyPath) -> None:
        self._at += len("[")
        index = 0
        while not self._ends("]"):
            self._note((*path, index), self._at)
            self._value((*path, index))
            index += 1

    def _inline(self, path: KeyPath) -> None:
        self._at += len("{")
        while not self._ends("}"):
            self._pair(path)

    def _ends(self, bracket: str) -> bool:
        """Step over what lies between two items; true once over the closing bracket too."""
        self._skip(_SPACE)
        if self._text[self._at] == ",":
            self._at += len(",")
            self._skip(_SPACE)
        if self._text[self._at] != bracket:
            return False
        self._at += len(bracket)
        return True

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if match := pattern.match(self._text, self._at):
            self._at = match.end()

    def _note(self, path: KeyPath, at: int) -> None:
        self._lines.setdefault(path, bisect_right(self._starts, at))
