"""What only reads commits: how far two histories are apart. Never looks at a working tree.

pygit2 answers in a tenth of a millisecond where a git process takes three. It holds no shared
state here: one Repository per call, in a pool of two threads, because a Repository used by two
threads corrupts the heap. Where libgit2 cannot open the repository (SHA-256, reftable), git does.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import msgspec

from hive_tui.drivers.git import git

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hive-commits")


class Distance(msgspec.Struct, frozen=True):
    """Where HEAD stands against a base."""

    ahead: int
    behind: int
    merge_base: str | None
    """`None` where the two share no commit."""


async def distance(worktree: str, base: str) -> Distance | None:
    """How far HEAD of the worktree and `base` are apart; `None` where either is no commit."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(_pool, _by_pygit2, worktree, base)
    except _CannotOpenError:
        return await by_git(worktree, base)


async def by_git(worktree: str, base: str) -> Distance | None:
    """The same by git itself, for repositories that libgit2 does not know."""
    counted = await git(
        worktree,
        "rev-list",
        "--left-right",
        "--count",
        "--end-of-options",
        f"{base}...HEAD",
        check=False,
    )
    if counted.status != 0:
        return None
    behind, ahead = counted.stdout.split()
    shared = await git(worktree, "merge-base", "--end-of-options", base, "HEAD", check=False)
    return Distance(int(ahead), int(behind), shared.stdout.decode("ascii").strip() or None)


class _CannotOpenError(Exception):
    """libgit2 does not know this kind of repository."""


def _by_pygit2(worktree: str, base: str) -> Distance | None:
    import pygit2

    try:
        repository = pygit2.Repository(worktree)
    except (pygit2.GitError, OSError) as error:
        raise _CannotOpenError from error
    try:
        head = repository.revparse_single("HEAD").peel(pygit2.Commit).id
        other = repository.revparse_single(base).peel(pygit2.Commit).id
        ahead, behind = repository.ahead_behind(head, other)
        shared = repository.merge_base(head, other)
    except (KeyError, ValueError):
        return None
    except pygit2.GitError as error:
        raise _CannotOpenError from error
    finally:
        repository.free()
    return Distance(ahead, behind, str(shared) if shared is not None else None)
