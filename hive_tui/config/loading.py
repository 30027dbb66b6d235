"""Finds, reads and parses hive.toml; tells all that is wrong with it at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from hive_tui.config import rules
from hive_tui.config.building import build
from hive_tui.config.checkout_files import CheckoutFiles, Recorded
from hive_tui.config.composing import Files, Place, compose
from hive_tui.config.lines import Lines
from hive_tui.config.problems import KeyPath, Problem
from hive_tui.config.schema import File
from hive_tui.config.shape import Reader, names_in
from hive_tui.model.errors import ConfigError, NotFoundError
from hive_tui.model.project import Project

FILE = "hive.toml"
SIZE_LIMIT = 1024 * 1024
"""Bytes. A larger file is refused unread."""

_SHOWN_PROBLEMS = 100
_HINT = "docs/hive-toml.md has every key; `hive schema` prints the JSON Schema for an editor"
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def load(root: str | Path) -> Project:
    """Read `<root>/hive.toml`.

    Raises:
        NotFoundError: There is no such file (code `no_project`).
        ConfigError: It cannot be read, is larger than 1 MB, is not UTF-8, or something in it is
            wrong; the message lists all problems, one a line.
    """
    folder = Path(root).expanduser().resolve()
    path = folder / FILE
    if not path.exists():
        raise NotFoundError(
            f"there is no {FILE} in {folder}",
            hint="`hive init` writes one out of what the repository has",
            code="no_project",
        )
    if not path.is_file():
        raise ConfigError(f"{path} is not a file", hint="`hive init` writes one")
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", hint="check its permissions"
        ) from error
    if len(data) > SIZE_LIMIT:
        raise ConfigError(f"{path} is larger than 1 MB", hint="is it the right file?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{FILE}:{line}: found the byte 0x{data[error.start]:02x}; allowed: UTF-8",
            hint="save the file as UTF-8",
        ) from error
    return parse(text, root=str(folder), files=CheckoutFiles(folder))


def parse(text: str, *, root: str, file: str = FILE, files: Files | None = None) -> Project:
    """Turn the text of a hive.toml into a project. Touches no disk but through `files`.

    Args:
        text: The file's text; an empty one is a project with all defaults.
        root: Main checkout, absolute and resolved; its last part is the default name.
        file: Name for messages.
        files: Gives the texts of compose files; `None` where there are none.

    Raises:
        ConfigError: The message lists all problems in the order of the file, one a line:
            `hive.toml:3: key services.api.needs: found "bd"; allowed: db; did you mean "db"?`
    """
    recorded = Recorded(files)
    composed = compose(_toml(text, file), recorded)
    document = composed.document
    reader = Reader(names_in(document))
    form = msgspec.convert(reader.read(document), File)
    problems = [*reader.problems, *rules.check(document, form)]
    if problems or composed.problems:
        placed: list[tuple[str, int, str | Problem]] = [*composed.problems]
        placed += [*_placed(text, file, problems, composed.places)]
        raise ConfigError(_message(file, placed), hint=composed.hint or _HINT)
    project = build(form, root=root, default_name=_default_name(root), digest=recorded.digest(text))
    return msgspec.structs.replace(
        project,
        sources=tuple(recorded.texts),
        notes=composed.notes,
        published=composed.published,
    )


def _toml(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{file}: lists or tables are nested too deeply", hint=_HINT) from None
    except ValueError as error:
        reason = str(error)
        place = _PLACE.search(reason)
        where = file
        if place is not None:
            reason = reason[: place.start()]
            line, column = place.group(1), place.group(2)
            where += f":{line}:{column}" if line else f":{text.count(chr(10)) + 1}"
        raise ConfigError(f"{where}: not valid TOML: {reason}", hint=_HINT) from error


def _placed(
    text: str, file: str, problems: list[Problem], places: Mapping[KeyPath, Place]
) -> Iterator[tuple[str, int, Problem]]:
    """File, line and problem, wherever its key stands."""
    lines = Lines(text)
    for problem in problems:
        place = (file, lines.of(problem.path))
        if not lines.has(problem.path):
            place = places.get(problem.path[:2], place)
        yield (*place, problem)


def _message(file: str, placed: list[tuple[str, int, str | Problem]]) -> str:
    """One line for each, hive.toml first, in the order of the files."""
    ordered = sorted(placed, key=lambda one: (one[0] != file, one[0], one[1]))
    shown = [
        problem.line(name, line) if isinstance(problem, Problem) else problem
        for name, line, problem in ordered[:_SHOWN_PROBLEMS]
    ]
    if len(ordered) > _SHOWN_PROBLEMS:
        shown.append(f"… and {len(ordered) - _SHOWN_PROBLEMS} more problems")
    return "\n".join(shown)


def _default_name(root: str) -> str:
    """A valid project name out of the folder's."""
    return _NOT_IN_NAME.sub("-", Path(root).name).strip("-._")[:64] or "project"
