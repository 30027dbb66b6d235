"""Reads YAML into nodes that know their line. Builds nothing but plain values.

Scalars mean what YAML 1.2 says, as in the tools whose files these are: `no` and `on` are words,
`22:22` is no number. The parser is imported by the first text that is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

_DEEPEST = 100
_LARGEST = 200_000
"""Nodes, each alias counted with all that it stands for: some texts grow without end."""

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True} | {
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_BASED = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,16}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_MERGE = "<<"


class Node(msgspec.Struct, frozen=True):
    """One value of a file and where it stands."""

    value: Any
    """A scalar, a tuple of nodes, or a dictionary of nodes by key."""
    line: int = 0
    """From 1; of a value in a mapping the line of its key. 0: of no file."""
    file: str = ""
    tag: str | None = None
    """A tag of its own, such as `!reset`; `None` for what YAML itself knows."""
    size: int = 1
    """Nodes in it, with all that aliases stand for."""

    def get(self, key: str) -> Node | None:
        """The value of a key; `None` where this is no mapping or has no such key."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of a mapping; nothing of anything else."""
        yield from self.value.items() if isinstance(self.value, dict) else ()

    def each(self) -> tuple[Node, ...]:
        """Items of a list; nothing of anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    def plain(self) -> Any:
        """The value without the lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    @property
    def place(self) -> str:
        """`compose.yaml:12`, as messages have it."""
        return f"{self.file}:{self.line}"


class YamlError(ValueError):
    """The text is no YAML, or not of the kind that is read here."""

    def __init__(self, reason: str, line: int) -> None:
        """Keep the reason without the place, and the line from 1."""
        super().__init__(reason)
        self.reason = reason
        self.line = line


def read(text: str, file: str = "") -> Node:
    """The first document of a text; an empty text is a node without a value.

    Raises:
        YamlError: It cannot be parsed, repeats a key, refers to an anchor that is not there, or is
            deeper or larger than any file that a person writes.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(file).build(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = (error.problem or error.context or "not valid YAML", error.context)
        reason = " ".join(word for word in dict.fromkeys(words) if word)
        raise YamlError(reason, mark.line + 1 if mark else 1) from error
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
        raise YamlError(getattr(error, "reason", "") or "not valid YAML", line) from error


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, event: Any, line: int) -> None:
        self.event = event
        self.line = line
        self.items: list[Node] = []
        self.keys: list[tuple[str, int]] = []
        self.key: tuple[str, int] | None = None


class _Builder:
    """Folds the parser's events into nodes, without recursion: depth comes from the file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None

    def build(self, events: Any) -> Node:
        for event in events:
            handle: Callable[[Any], None] | None = getattr(self, f"_{type(event).__name__}", None)
            if handle is not None:
                handle(event)
            if self._root is not None:
                return self._root
        return Node(None, 1, self._file)

    # One method for each kind of event that matters, named as the parser names it.

    def _ScalarEvent(self, event: Any) -> None:  # noqa: N802
        line = event.start_mark.line + 1
        tag = _own_tag(event.tag)
        plain = event.implicit[0] and event.tag is None
        if self._is_key():
            self._open[-1].key = (event.value, line)
            return
        value = _scalar(event.value) if plain else event.value
        self._add(Node(value, line, self._file, tag), event)

    def _AliasEvent(self, event: Any) -> None:  # noqa: N802
        line = event.start_mark.line + 1
        node = self._anchors.get(event.anchor)
        if node is None:
            raise YamlError(f"there is no anchor &{event.anchor} above", line)
        if self._is_key():
            self._open[-1].key = (str(node.value), line)
            return
        self._place(node)

    def _SequenceStartEvent(self, event: Any) -> None:  # noqa: N802
        self._begin(event)

    def _MappingStartEvent(self, event: Any) -> None:  # noqa: N802
        self._begin(event)

    def _SequenceEndEvent(self, event: Any) -> None:  # noqa: N802
        ended = self._open.pop()
        size = 1 + sum(item.size for item in ended.items)
        tag = _own_tag(ended.event.tag)
        self._add(Node(tuple(ended.items), ended.line, self._file, tag, size), ended.event)

    def _MappingEndEvent(self, event: Any) -> None:  # noqa: N802
        ended = self._open.pop()
        table: dict[str, Node] = {}
        merged: list[Node] = []
        for (key, line), item in zip(ended.keys, ended.items, strict=True):
            if key == _MERGE:
                merged.extend(item.value if isinstance(item.value, tuple) else (item,))
            elif key in table:
                raise YamlError(f"the key {key} again", line)
            else:
                table[key] = msgspec.structs.replace(item, line=line)
        for more in merged:
            if not isinstance(more.value, dict):
                raise YamlError("<< takes a mapping or a list of mappings", more.line)
            table |= {key: node for key, node in more.value.items() if key not in table}
        size = 1 + sum(item.size for item in table.values())
        tag = _own_tag(ended.event.tag)
        self._add(Node(table, ended.line, self._file, tag, size), ended.event)

    def _begin(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if self._is_key():
            raise YamlError("a key has to be a word", line)
        if len(self._open) >= _DEEPEST:
            raise YamlError("lists or mappings are nested too deeply", line)
        self._open.append(_Open(event, line))

    def _is_key(self) -> bool:
        if not self._open:
            return False
        top = self._open[-1]
        return type(top.event).__name__ == "MappingStartEvent" and top.key is None

    def _add(self, node: Node, event: Any) -> None:
        if node.size > _LARGEST:
            raise YamlError("its aliases stand for too much", node.line)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._place(node)

    def _place(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        top.items.append(node)
        if top.key is not None:
            top.keys.append(top.key)
            top.key = None


def _own_tag(tag: str | None) -> str | None:
    return None if tag is None or tag.startswith("tag:yaml.org,2002:") else tag


def _scalar(text: str) -> Any:
    """What a bare word means in YAML 1.2's core schema; very long numbers stay text."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and len(text) <= 40:
        return float(text)
    return text
