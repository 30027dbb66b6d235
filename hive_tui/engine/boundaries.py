"""Where an agent may write, and why not where it may not. Pure.

Nothing in here is a wall: it judges paths that a hook or a watcher has heard of. Only a sandbox
keeps a program from writing where it wants to.
"""

from __future__ import annotations

import functools
import os.path
from collections.abc import Iterable

import msgspec
import pathspec

from hive_tui.model.environment import Trespass
from hive_tui.model.project import Boundaries


class Ground(msgspec.Struct, frozen=True):
    """Where an env stands among the others. All paths absolute and resolved."""

    worktree: str
    main: str
    """The main checkout."""
    others: dict[str, str] = {}
    """Worktree of every other env -> its name."""


def trespass(path: str, ground: Ground, boundaries: Boundaries) -> Trespass | None:
    """Why a path is not the env's to write; `None` where it may.

    What lies neither in a checkout nor in a worktree (temporary files, caches) is nobody's.

    Args:
        path: Absolute; links on the way resolved, because that is where the write ends.
        ground: The env's folders and those of others.
        boundaries: Its patterns.
    """
    path = os.path.normpath(path)
    owners = [ground.worktree, ground.main, *ground.others]
    owner = max((one for one in owners if inside(path, one)), key=len, default=None)
    if owner is None:
        return None
    if owner == ground.worktree:
        return _within(os.path.relpath(path, owner), boundaries)
    if owner == ground.main:
        return Trespass(path, "it is in the main checkout")
    return Trespass(path, f"it is in the worktree of {ground.others[owner]}")


def trespasses(
    paths: Iterable[str], ground: Ground, boundaries: Boundaries
) -> tuple[Trespass, ...]:
    """All of some writes that should not be, in the order of their paths."""
    found = (trespass(path, ground, boundaries) for path in sorted(set(paths)))
    return tuple(one for one in found if one is not None)


def inside(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _within(relative: str, boundaries: Boundaries) -> Trespass | None:
    if relative == ".git" or relative.startswith(f".git{os.sep}"):
        return Trespass(relative, "it belongs to git")
    if (pattern := _matched(relative, boundaries.deny)) is not None:
        return Trespass(relative, f"denied by {pattern!r}")
    if boundaries.allow and _matched(relative, boundaries.allow) is None:
        allowed = ", ".join(map(repr, boundaries.allow))
        return Trespass(relative, f"only {allowed} may be written")
    return None


def _matched(relative: str, patterns: tuple[str, ...]) -> str | None:
    """The pattern that decides for a path; `None` where none does."""
    spec = _spec(patterns)
    result = spec.check_file(relative.replace(os.sep, "/"))
    return patterns[result.index] if result.include and result.index is not None else None


@functools.lru_cache(maxsize=256)
def _spec(patterns: tuple[str, ...]) -> pathspec.GitIgnoreSpec:
    return pathspec.GitIgnoreSpec.from_lines(patterns)
