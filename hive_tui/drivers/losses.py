"""What destroying an env would lose. Looks only; `trash` decides nothing without it."""

from __future__ import annotations

import os

from hive_tui.drivers import branches, status
from hive_tui.drivers.git import git, shown_path
from hive_tui.drivers.registrations import admin_dir, common_dir, in_progress, last_head
from hive_tui.engine.protocols import Losses
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError


async def losses(record: EnvRecord, repo: str) -> Losses:
    """What destroying the env would lose; nothing for an adopted one, which is only let go.

    Stashes belong to the repository and survive; ignored files do not count. Where the folder is
    gone, only commits can be lost.
    """
    if not record.owned:
        return Losses()
    try:
        return await _losses(record, repo)
    except (HiveError, OSError) as error:
        return Losses(unknown=str(error))


async def last_commit(record: EnvRecord, repo: str) -> str | None:
    """Where the env's branch is, or was last seen by its worktree when the branch is gone."""
    tip = await branches.tip(repo, record.branch)
    if tip is not None:
        return tip
    admin = admin_dir(await common_dir(repo), record.worktree)
    seen = last_head(admin) if admin else None
    if seen is None:
        return None
    there = await git(repo, "cat-file", "-e", f"{seen}^{{commit}}", check=False)
    return seen if there.status == 0 else None


async def held_by_nothing(repo: str, commit: str, *but: str) -> int:
    """Commits that no branch (`but` some), no remote branch and no tag leads to."""
    others = (*but, "--branches", "--remotes", "--tags")
    said = await git(repo, "rev-list", "--count", commit, "--not", *others)
    return int(said.stdout)


def folder_is_gone(worktree: str) -> bool:
    """True where there is no folder, or one without anything in it."""
    try:
        with os.scandir(worktree) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True


async def _losses(record: EnvRecord, repo: str) -> Losses:
    tip = await last_commit(record, repo)
    alone = 0
    if tip is not None and record.branch_made:
        alone = await held_by_nothing(repo, tip, f"--exclude={record.branch}")
    if folder_is_gone(record.worktree):
        return Losses(commits=alone)
    tree = await status.read(record.worktree)
    uncommitted = tuple(shown_path(c.path) for c in tree.changes if not c.untracked)
    untracked = tuple(shown_path(c.path) for c in tree.changes if c.untracked)
    admin = admin_dir(await common_dir(repo), record.worktree)
    if admin is None:
        return Losses(uncommitted, untracked, alone, unknown="git does not know this worktree")
    if verb := in_progress(admin):
        uncommitted += (f"({verb} in progress)",)
    detached = (
        tree.branch is None
        and tree.commit is not None
        and await held_by_nothing(repo, tree.commit) > 0
    )
    return Losses(uncommitted, untracked, alone, detached)
