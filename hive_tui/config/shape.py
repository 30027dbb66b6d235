"""Holds what TOML gave against the schema and keeps what fits, so that all problems show at once.

Knows tables, lists, types and ranges; single texts are judged by `checks`, what several keys say
together by `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from msgspec import inspect

from hive_tui.config.checks import Names, check
from hive_tui.config.problems import KeyPath, Problem, listed, show, unknown_name
from hive_tui.config.schema import (
    CAPABILITY,
    HOST_NAME,
    NAME,
    PROJECT_NAME,
    SETTING,
    ULIMIT,
    VARIABLE,
    File,
    Kind,
)

PATTERNS = {
    NAME: "a name of a-z, 0-9, - and _ that begins with a letter, at most 64 characters",
    PROJECT_NAME: "a name of letters, digits, ., - and _, at most 64 characters",
    HOST_NAME: "a host name",
    CAPABILITY: "a capability such as SYS_PTRACE",
    ULIMIT: "a limit such as nofile or memlock",
    SETTING: "a variable name of letters, digits, _, . and - that does not begin with a digit",
    VARIABLE: "a variable name of letters, digits and _ that does not begin with a digit",
}

_OMIT = object()


@cache
def file_type() -> inspect.Type:
    """The type of the whole file, as `msgspec` describes it."""
    return inspect.type_info(File)


def plain(info: inspect.Type) -> tuple[inspect.Type, Kind | None]:
    """The type without what is said about it, and the kind of text that was said."""
    kind: Kind | None = None
    while isinstance(info, inspect.Metadata):
        kind = (info.extra or {}).get("kind", kind)
        info = info.type
    return info, kind


def describe(info: inspect.Type, kind: Kind | None = None) -> str:
    """The type in words: `a number from 0 to 3600`, `a list, each item a relative glob`."""
    info, own = plain(info)
    kind = own or kind
    match info:
        case inspect.StrType(pattern=pattern):
            return str(kind or PATTERNS.get(pattern or "", "text"))
        case inspect.IntType() | inspect.FloatType():
            return _range(info)
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return listed([str(value) for value in values])
        case inspect.ListType(item_type=inspect.StructType()):
            return "a list of tables, written with two brackets"
        case inspect.ListType(item_type=item):
            return f"a list, each item {describe(item)}"
        case inspect.DictType(value_type=value):
            return f"a table, each value {describe(value)}"
        case inspect.UnionType(types=types):
            return " or ".join(describe(member, kind) for member in types)
        case inspect.StructType() if not _required(info):
            return "a table"
        case inspect.StructType():
            return f"{{ {', '.join(f'{name} = …' for name in _required(info))} }}"
        case _:
            raise TypeError(f"hive.toml has no {info}")


class Reader:
    """Reads one file's values; `problems` has all that did not fit, in the order of the file."""

    def __init__(self, names: Names) -> None:
        """Create a reader for a file that defines `names`."""
        self.problems: list[Problem] = []
        self._names = names

    def read(self, document: Mapping[str, object]) -> dict[str, object]:
        """The part of the document that fits the schema; `msgspec` converts it to a `File`."""
        fitting = self._value(document, file_type(), (), None)
        assert isinstance(fitting, dict)
        return fitting

    def _value(self, value: object, info: inspect.Type, path: KeyPath, kind: Kind | None) -> object:
        info, own = plain(info)
        kind = own or kind
        if isinstance(info, inspect.UnionType):
            info, kind = _member(info, value, kind)
        match value, info:
            case dict(), inspect.StructType():
                return self._struct(value, info, path)
            case dict(), inspect.DictType():
                return self._table(value, info, path)
            case list(), inspect.ListType():
                items = (
                    self._value(item, info.item_type, (*path, index), None)
                    for index, item in enumerate(value)
                )
                return [item for item in items if item is not _OMIT]
            case str(), inspect.StrType():
                return self._text(value, info, path, kind)
            case str(), inspect.LiteralType():
                if value in info.values:
                    return value
                words = [str(word) for word in info.values]
                self.problems.append(unknown_name(path, value, words, "nothing"))
                return _OMIT
            case bool(), inspect.BoolType():
                return value
            case ((int() | float()), (inspect.IntType() | inspect.FloatType())):
                if _fits(value, info):
                    return value
        return self._omit(path, value, describe(info, kind))

    def _struct(self, table: dict[str, object], info: inspect.StructType, path: KeyPath) -> object:
        fields = {field.encode_name: field for field in info.fields}
        kept: dict[str, object] = {}
        for key, value in table.items():
            if key not in fields:
                here = (*path, key)
                self.problems.append(Problem(here, "an unknown key", listed(fields), key, fields))
                continue
            read = self._value(value, fields[key].type, (*path, key), None)
            if read is not _OMIT:
                kept[key] = read
        for name in _required(info):
            if name not in table:
                allowed = describe(fields[name].type)
                self.problems.append(Problem((*path, name), "nothing", allowed))
        return kept if all(name in kept for name in _required(info)) else _OMIT

    def _table(self, table: dict[str, object], info: inspect.DictType, path: KeyPath) -> object:
        kept: dict[str, object] = {}
        key_type, _ = plain(info.key_type)
        assert isinstance(key_type, inspect.StrType)
        for key, value in table.items():
            if not re.fullmatch(key_type.pattern or ".*", key):
                self._omit((*path, key), key, describe(key_type))
                continue
            read = self._value(value, info.value_type, (*path, key), None)
            if read is not _OMIT:
                kept[key] = read
        return kept

    def _text(self, text: str, info: inspect.StrType, path: KeyPath, kind: Kind | None) -> object:
        if info.pattern is not None and not re.fullmatch(info.pattern, text):
            return self._omit(path, text, describe(info))
        problem = check(kind, text, path, self._names) if kind is not None else None
        if problem is None:
            return text
        self.problems.append(problem)
        return _OMIT

    def _omit(self, path: KeyPath, found: object, allowed: str) -> object:
        self.problems.append(Problem(path, show(found), allowed))
        return _OMIT


def _member(
    info: inspect.UnionType, value: object, kind: Kind | None
) -> tuple[inspect.Type, Kind | None]:
    """The alternative that the value can only mean; the whole where it means none."""
    for alternative in info.types:
        member, own = plain(alternative)
        match value, member:
            case (
                (dict(), inspect.StructType() | inspect.DictType())
                | (list(), inspect.ListType())
                | (str(), inspect.StrType() | inspect.LiteralType())
                | ((int() | float()), inspect.IntType() | inspect.FloatType())
            ):
                return member, own or kind
    return info, kind


def _required(info: inspect.StructType) -> tuple[str, ...]:
    return tuple(field.encode_name for field in info.fields if field.required)


def _fits(value: int | float, info: inspect.IntType | inspect.FloatType) -> bool:
    if isinstance(value, bool) or (isinstance(value, float) and isinstance(info, inspect.IntType)):
        return False
    above = info.gt is None or value > info.gt
    return above and _least(info) <= value <= _most(info)


def _least(info: inspect.IntType | inspect.FloatType) -> float:
    return float("-inf") if info.ge is None else info.ge


def _most(info: inspect.IntType | inspect.FloatType) -> float:
    return float("inf") if info.le is None else info.le


def _range(info: inspect.IntType | inspect.FloatType) -> str:
    noun = "a whole number" if isinstance(info, inspect.IntType) else "a number"
    if info.gt is not None:
        return f"{noun} above {info.gt:g} and up to {info.le}"
    return f"{noun} from {info.ge} to {info.le}"


def names_in(document: Mapping[str, object]) -> Names:
    """What the file defines, whether or not the definitions are sound."""
    services = _table(document, "services")
    shared = [name for name in services if _table(services, name).get("scope") == "shared"]
    ports = [port for name in shared for port in _table(_table(services, name), "ports")]
    return Names(
        ports=_table(_table(document, "ports"), "names").keys(),
        shared_ports=dict.fromkeys(ports).keys(),
        shared=frozenset(shared),
        steps=dict.fromkeys((*services, *_table(document, "tasks"))).keys(),
        suites=_table(document, "tests").keys(),
    )


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}
