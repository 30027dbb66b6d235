"""`${NAME:-default}` in the values of a compose file.

Values come from the `.env` file and from `[env]` of hive.toml, never from the shell that happens to
run a command: an env has to be the same whoever starts it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from hive_tui.config.compose.keys import HARMLESS
from hive_tui.config.compose.report import Report
from hive_tui.config.yaml_text import Node

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
_DEEPEST = 20


class InterpolationError(ValueError):
    """A text asks for a value that there is not, or cannot be read."""


class Values:
    """The values of names, and which of them were asked for in vain."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """Take the values that there are."""
        self.known = known
        self.missed: set[str] = set()

    def fill(self, text: str) -> str:
        """The text with its names filled in; one without a value is empty, and is remembered.

        Raises:
            InterpolationError: A name with `?` has no value, or a brace is not closed.
        """
        return self._until(text, 0, "", 0)[0] if "$" in text else text

    def _until(self, text: str, at: int, end: str, depth: int) -> tuple[str, int]:
        """The filled text up to `end`, and where that stands."""
        if depth > _DEEPEST:
            raise InterpolationError("defaults are nested too deeply")
        filled: list[str] = []
        while at < len(text):
            char = text[at]
            if char == end:
                return "".join(filled), at
            if char != "$":
                filled.append(char)
                at += 1
                continue
            value, at = self._dollar(text, at + 1, depth)
            filled.append(value)
        if end:
            raise InterpolationError("a brace is not closed")
        return "".join(filled), at

    def _dollar(self, text: str, at: int, depth: int) -> tuple[str, int]:
        if text.startswith("$", at):
            return "$", at + 1
        braced = text.startswith("{", at)
        match = _NAME.match(text, at + braced)
        if match is None:
            if braced:
                raise InterpolationError("after ${ comes no name")
            raise InterpolationError("a dollar sign stands alone; write $$ for one")
        if not braced:
            return self._value(match.group()), match.end()
        operator = _OPERATOR.match(text, match.end())
        if operator is None:
            if not text.startswith("}", match.end()):
                raise InterpolationError(f"${{{match.group()} is not closed")
            return self._value(match.group()), match.end() + 1
        # What is not taken is read too, for its end; what it asks for is not missed then.
        before = set(self.missed)
        word, closed = self._until(text, operator.end(), "}", depth + 1)
        asked = self.missed
        self.missed = before
        value = self.known.get(match.group())
        there = value is not None and (value != "" or not operator.group().startswith(":"))
        kind = operator.group()[-1]
        if kind == "+":
            self.missed = asked if there else before
            return (word if there else ""), closed + 1
        if there:
            return value or "", closed + 1
        if kind == "?":
            raise InterpolationError(f"{match.group()} has no value: {word or 'it is required'}")
        self.missed = asked
        return word, closed + 1

    def _value(self, name: str) -> str:
        value = self.known.get(name)
        if value is None:
            self.missed.add(name)
        return value or ""


def interpolate(node: Node, values: Values, report: Report, path: str = "") -> Node:
    """The node with all its texts filled in; keys are left as they are.

    What is left out anyway is not filled in either: nothing in it is worth an error.
    """
    parts = path.split(".")
    if len(parts) == 3 and parts[0] == "services" and parts[2] in HARMLESS:
        return node
    if isinstance(node.value, dict):
        table = {
            key: interpolate(child, values, report, f"{path}.{key}" if path else key)
            for key, child in node.value.items()
            if not key.startswith("x-")
        }
        return msgspec.structs.replace(node, value=table)
    if isinstance(node.value, tuple):
        items = tuple(interpolate(child, values, report, path) for child in node.value)
        return msgspec.structs.replace(node, value=items)
    if not isinstance(node.value, str):
        return node
    if "{{" in node.value:
        report.refuse(node, path, "found two braces, which begin a template in hive")
        return msgspec.structs.replace(node, value=None)
    if "$" not in node.value:
        return node
    values.missed.clear()
    try:
        text = values.fill(node.value)
    except InterpolationError as error:
        report.refuse(node, path, str(error), "set it in [env] of hive.toml, or in .env")
        return msgspec.structs.replace(node, value=None)
    for name in sorted(values.missed):
        report.note(node, path, f"{name} has no value and is taken as empty")
    return msgspec.structs.replace(node, value=text)
