"""Leaves files that git ignores out of a choice by globs. One call of git for all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hive_tui.drivers.git import git
from hive_tui.model.errors import HiveError


async def counted(worktree: str, globs: Sequence[str], paths: Sequence[str]) -> tuple[str, ...]:
    """Those of the matching paths that the globs mean, in their order.

    What a build leaves behind is not meant: a file that git ignores counts only where a glob names
    it, or a folder that it lies in and that is ignored too. Outside a repository every path counts.

    Args:
        worktree: Top folder of the worktree.
        globs: The patterns that chose the paths, as in `.gitignore`.
        paths: Relative to the worktree.
    """
    literal = {glob.strip("/") for glob in globs if not _has_wildcard(glob)}
    unsure = [p for p in paths if p not in literal and os.path.basename(p) not in literal]
    if not unsure:
        return tuple(paths)
    named = {_fixed_part(glob) for glob in globs} - {""}
    ignored = await _ignored(worktree, (*unsure, *named))
    meant = tuple(f"{name}/" for name in named & ignored)
    doubtful = ignored.intersection(unsure)
    return tuple(path for path in paths if path not in doubtful or path.startswith(meant))


async def _ignored(worktree: str, paths: Sequence[str]) -> frozenset[str]:
    asked = b"\0".join(os.fsencode(path) for path in paths) + b"\0"
    try:
        said = await git(worktree, "check-ignore", "-z", "--stdin", input=asked, check=False)
    except (HiveError, OSError):  # no git, or no folder any more: then all of them count
        return frozenset()
    return frozenset(os.fsdecode(path) for path in said.stdout.split(b"\0") if path)


def _fixed_part(glob: str) -> str:
    """What comes before a glob's first wildcard; "" where it takes a file back."""
    fixed: list[str] = []
    for part in () if glob.startswith("!") else glob.strip("/").split("/"):
        if _has_wildcard(part):
            break
        fixed.append(part)
    return "/".join(fixed)


def _has_wildcard(glob: str) -> bool:
    return any(character in glob for character in "*?[\\")
