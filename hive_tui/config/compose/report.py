"""What is said about a compose file: what cannot be taken, and what was left out without harm."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

import msgspec

from hive_tui.config.problems import nearest, show
from hive_tui.config.yaml_text import Node


class Remark(msgspec.Struct, frozen=True):
    """One thing in a compose file that a person should know of."""

    file: str
    line: int
    path: str
    """Keys with dots, as `[compose] ignore` takes them: `services.db.privileged`; empty for a whole
    file, which cannot be left out."""
    text: str
    hint: str = ""

    def __str__(self) -> str:
        """`compose.yaml:12: key services.db.privileged: …`."""
        key = f"key {self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {key}{self.text}"


class Report:
    """Collects remarks while a compose file is taken over."""

    def __init__(self, ignored: Collection[str] = ()) -> None:
        """Begin without remarks.

        Args:
            ignored: Paths, `*` for any part, of what the user knows to be left out.
        """
        self.problems: list[Remark] = []
        self.notes: list[Remark] = []
        self._ignored = tuple(ignored)
        self._used: set[str] = set()

    @property
    def useless(self) -> tuple[str, ...]:
        """Paths to ignore that were there for nothing."""
        return tuple(path for path in self._ignored if path not in self._used)

    def refuse(self, node: Node, path: str, text: str, hint: str = "") -> bool:
        """Say that something cannot be taken; where it is to be ignored, that it is left out.

        Returns:
            Whether it is to be ignored.
        """
        text = _tame(text)
        pattern = next((one for one in self._ignored if fnmatchcase(path, one)), None)
        if pattern is None:
            self.problems.append(Remark(node.file, node.line, path, text, hint))
        else:
            self._used.add(pattern)
            self.notes.append(Remark(node.file, node.line, path, f"{text}; left out, as asked for"))
        return pattern is not None

    def broken(self, node: Node, text: str) -> None:
        """Say that a whole file cannot be used."""
        self.problems.append(Remark(node.file, node.line, "", _tame(text)))

    def note(self, node: Node, path: str, text: str) -> None:
        """Say that something is left out, or done another way, without harm."""
        self.notes.append(Remark(node.file, node.line, path, _tame(text)))

    def unknown(self, node: Node, path: str, key: str, known: Collection[str]) -> None:
        """Refuse a key that no compose file has."""
        near = nearest(key, known)
        meant = f"; did you mean {near}?" if near is not None else ""
        self.refuse(node, path, f"found an unknown key{meant}")

    def wrong(self, node: Node, path: str, allowed: str) -> None:
        """Refuse a value of the wrong kind."""
        self.refuse(node, path, f"found {show(node.plain())}; allowed: {allowed}")


def fewer(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """The remarks, those of one line and meaning as one: many services may share an anchor."""
    found: dict[tuple[str, int, str, str], list[Remark]] = {}
    for remark in remarks:
        last = remark.path.rpartition(".")[2]
        found.setdefault((remark.file, remark.line, last, remark.text), []).append(remark)
    return tuple(
        msgspec.structs.replace(same[0], text=f"{same[0].text} (and so {len(same) - 1} more)")
        if len(same) > 1
        else same[0]
        for same in found.values()
    )


def _tame(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
