"""Puts a first hive.toml into a repository without ever writing over one that stands there."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from hive_tui.model.errors import HiveError, RefusedError

_MOST_KEPT = 100


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there.

    Raises:
        RefusedError: Something of that name is there (code `exists`).
        HiveError: It cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RefusedError(
            f"{path} exists already",
            hint="`hive init --diff` shows what is new beside it; --force writes it anew and keeps "
            f"the old one as {path.name}.old",
            code="exists",
        ) from None
    except OSError as error:
        raise HiveError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder's permissions"
        ) from error


def set_aside(path: Path) -> Path | None:
    """Give a file that stands there another name, and tell which; `None` where none stands.

    Raises:
        HiveError: There are very many already, or it cannot be renamed.
    """
    if not os.path.lexists(path):
        return None
    names = (f"{path.name}.old{number or ''}" for number in range(_MOST_KEPT))
    free = next(
        (path.with_name(name) for name in names if not os.path.lexists(path.with_name(name))), None
    )
    if free is None:
        raise HiveError(f"{path.parent} is full of {path.name}.old", hint="remove some of them")
    try:
        path.rename(free)
    except OSError as error:
        raise HiveError(
            f"{path} cannot be renamed: {error.strerror}", hint="check the folder's permissions"
        ) from error
    return free


def difference(path: Path, text: str) -> str:
    """What the text has that the file has not, as a unified diff; all of it without a file.

    Raises:
        HiveError: The file cannot be read.
    """
    try:
        old = path.read_text(encoding="utf-8") if os.path.lexists(path) else ""
    except (OSError, UnicodeDecodeError) as error:
        raise HiveError(
            f"{path} cannot be read", hint="`hive doctor` says what is wrong with it"
        ) from error
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        text.splitlines(keepends=True),
        path.name,
        f"{path.name} (proposed)",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
