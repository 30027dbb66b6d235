"""Names that are valid in hive.toml and clash with nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hive_tui.config.schema import NAME, VARIABLE

_NOT_IN_NAME = re.compile(r"[^a-z0-9-]+")
_OURS = ("HIVE_",)


def tidy(name: object, instead: str = "process") -> str:
    """A valid name near `name`.

    Without underscores, so that no two names make the same `HIVE_PORT_<NAME>`.
    """
    text = _NOT_IN_NAME.sub("-", str(name).lower())
    stem = re.sub(r"^[^a-z]+", "", text)[:56].rstrip("-") or instead
    return stem if re.fullmatch(NAME, stem) else instead


def unused(name: str, used: set[str]) -> str:
    """The name, or one near it that is not in `used`; added to it."""
    candidate, number = name, 2
    while candidate in used:
        candidate, number = f"{name}-{number}", number + 1
    used.add(candidate)
    return candidate


def offset(number: int | None, block: int, taken: Callable[[int], bool]) -> int:
    """A free offset, named after the well-known port: 5432 has 432 in a block of 1000."""
    first = number % block if number is not None else 0
    candidate = first
    while taken(candidate):
        candidate = (candidate + 1) % block
    return candidate


def variables(table: object) -> dict[str, str]:
    """Those of a table's variables that hive.toml takes as they are: sound names, plain values."""
    if not isinstance(table, Mapping):
        return {}
    return {
        str(name): shown
        for name, value in table.items()
        if re.fullmatch(VARIABLE, str(name)) and not str(name).startswith(_OURS)
        if (shown := plain_value(value)) is not None
    }


def plain_value(value: object) -> str | None:
    """A variable's value as text; `None` for what cannot stand in hive.toml."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        text = str(value)
        return (
            text if "{{" not in text and all(c.isprintable() or c == "\t" for c in text) else None
        )
    return None
