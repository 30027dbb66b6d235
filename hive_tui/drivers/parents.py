"""The folders above a path: made when they are missing, and taken away again when empty."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def make_parents(path: str) -> tuple[str, ...]:
    """Make the missing folders above `path`; returns those that were made, deepest first."""
    missing: list[str] = []
    folder = Path(path).parent
    while not os.path.lexists(folder):
        missing.append(str(folder))
        folder = folder.parent
    made: list[str] = []
    try:
        for name in reversed(missing):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name)
                made.insert(0, name)
    except OSError:
        drop_empty(made)
        raise
    return tuple(made)


def drop_empty(folders: tuple[str, ...] | list[str]) -> None:
    """Remove the folders, deepest first, up to the first that is not empty."""
    for folder in folders:
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            return


def drop_empty_above(path: str, levels: int = 2) -> None:
    """Remove up to `levels` folders above `path` that became empty with it."""
    drop_empty([str(folder) for folder in Path(path).parents[:levels]])
