"""Writes the page of all keys of hive.toml out of the schema: `python -m …reference PAGE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import NODEFAULT, inspect

from hive_tui.config.problems import show
from hive_tui.config.shape import describe, file_type, plain
from hive_tui.config.templates import KNOWN

_TEMPLATES = {
    "env": "name of the env",
    "env.slug": "the name as `[a-z0-9_]`, at most 40 characters, unique: for databases",
    "env.index": "number of the env in its project, from 0",
    "branch": "branch of the env",
    "project": "name of the project",
    "worktree": "absolute path of the env's worktree",
    "repo": "absolute path of the main checkout",
    "template": "name of the template that an env's part of a shared service is a copy of; in "
    "`[services.NAME.per_env]` with `template` only",
    "report": "path for a JUnit XML report; in `[tests]` only",
}

_HEAD = """\
# hive.toml

The file at the root of a repository that says what an env of it consists of. This page is made
out of the definitions that the loader checks the file with; `hive schema` prints the same as a JSON
Schema for editors. Every table and every key may be left out unless it is marked *required*; a key
that is not on this page is an error.
"""

_TAIL = """\
## Templates

Texts marked *with templates*, commands, URLs, patterns and folders to run in may hold these names
in two braces. Two opening braces always begin a template; where a shell should see two braces,
write `'{''{'`.

A value is data: in a command it reaches the program as one argument, byte for byte, whatever the
quotes around it, and is never run. This does not hold inside a here-document (`<<EOF`), where a
value with odd characters arrives with quotes around it; use `$HIVE_BRANCH` and the like there.

| name | stands for |
|---|---|
"""


def markdown() -> str:
    """The whole page."""
    sections = [_HEAD, *(section for _, section in _sections()), _TAIL + _template_rows()]
    return "\n".join(sections)


def _sections() -> Iterator[tuple[str, str]]:
    root = _struct(file_type())
    for field in root.fields:
        name = field.encode_name
        info, _ = plain(field.type)
        match info:
            case inspect.StructType():
                yield name, _section(f"[{name}]", info)
            case inspect.ListType(item_type=item):
                yield name, _section(f"[[{name}]]", _struct(item))
            case inspect.DictType(value_type=value) if isinstance(
                plain(value)[0], inspect.StructType
            ):
                yield name, _section(f"[{name}.NAME]", _struct(value))
            case inspect.DictType(value_type=value):
                yield name, f"## `[{name}]`\n\n{_meaning(field)} Each value: {describe(value)}.\n"


def _section(title: str, table: inspect.StructType) -> str:
    rows = "".join(f"| {' | '.join(row)} |\n" for row in _rows(table, ""))
    return (
        f"## `{title}`\n\n{table.cls.__doc__}\n\n"
        f"| key | type | default | meaning |\n|---|---|---|---|\n{rows}"
    )


def _rows(table: inspect.StructType, prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for field in table.fields:
        info, _ = plain(field.type)
        key = prefix + field.encode_name
        yield f"`{key}`", _cell(describe(field.type)), _default(field), _cell(_meaning(field))
        if isinstance(info, inspect.StructType):
            yield from _rows(info, f"{key}.")


def _struct(info: inspect.Type) -> inspect.StructType:
    table, _ = plain(info)
    assert isinstance(table, inspect.StructType)
    return table


def _meaning(field: inspect.Field) -> str:
    info = field.type
    while isinstance(info, inspect.Metadata):
        if text := (info.extra_json_schema or {}).get("description"):
            return str(text)
        info = info.type
    return ""


def _default(field: inspect.Field) -> str:
    if field.required:
        return "*required*"
    if isinstance(field.default, float):
        return f"`{field.default:g}`"
    if isinstance(field.default, str | int):
        return f"`{show(field.default)}`"
    empty = field.default is NODEFAULT and field.default_factory in (list, dict)
    return "empty" if empty else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _template_rows() -> str:
    rows = [f"| `{{{{{name}}}}}` | {_TEMPLATES[name]} |\n" for name in KNOWN]
    rows.append(
        "| `{{port.NAME}}` | port of the env with that name in `[ports] names`; of a shared "
        "service, the same in all envs |\n"
    )
    return "".join(rows)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown(), encoding="utf-8")
