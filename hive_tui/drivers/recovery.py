"""Refs that keep for 30 days what a forced destroy gave up: commits, and uncommitted work as one.

A recovery commit looks like a stash: its tree is the working tree, its parents are HEAD and, where
that says something else, the branch and the index.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta

from hive_tui.drivers.git import git
from hive_tui.drivers.registrations import admin_dir, common_dir
from hive_tui.engine.protocols import Losses
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError

PREFIX = "refs/hive/recovery/"
KEPT_FOR = timedelta(days=30)

_IDENTITY = {
    "GIT_AUTHOR_NAME": "hive",
    "GIT_AUTHOR_EMAIL": "hive@localhost",
    "GIT_COMMITTER_NAME": "hive",
    "GIT_COMMITTER_EMAIL": "hive@localhost",
}
"""Set because a machine may have no identity at all."""


async def keep(
    record: EnvRecord, repo: str, found: Losses, *, tip: str | None, now: float
) -> str | None:
    """Make a ref for what `found` says would be lost; `None` where there is nothing to hold.

    Files that cannot be read are left out; what is ignored and what is dirty inside of submodules
    is not kept.

    Args:
        record: The env that is about to go.
        repo: Its repository.
        found: What would be lost.
        tip: Where its branch is.
        now: Seconds since the epoch, for the name.

    Raises:
        HiveError: It could not be written.
    """
    commit: str | None
    head = await _head(record.worktree)
    parents = list(dict.fromkeys(commit for commit in (head, tip) if commit))
    if found.uncommitted or found.untracked:
        commit = await _snapshot(record, repo, parents)
    elif found.unknown:
        try:
            commit = await _snapshot(record, repo, parents)
        except (HiveError, OSError):
            commit = tip
    elif len(parents) > 1:
        commit = await _commit(repo, f"{head}^{{tree}}", parents, f"hive: heads of {record.name}")
    else:
        commit = parents[0] if parents else None
    if commit is None:
        return None
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    ref = f"{PREFIX}{day}-{record.name}-{record.uid[:6]}"
    await git(repo, "update-ref", ref, commit, writes=True)
    return ref


async def expire(repo: str, now: float) -> tuple[str, ...]:
    """Drop the recovery refs older than 30 days; returns their names."""
    said = await git(repo, "for-each-ref", "--format=%(refname)", PREFIX)
    oldest = (datetime.fromtimestamp(now, UTC) - KEPT_FOR).strftime("%Y-%m-%d")
    expired = tuple(
        ref
        for ref in os.fsdecode(said.stdout).split()
        if (day := ref.removeprefix(PREFIX)[:10]) < oldest and day[:4].isdigit()
    )
    for ref in expired:
        await drop(repo, ref)
    return expired


async def drop(repo: str, ref: str) -> None:
    """Delete a recovery ref; nothing happens where it is gone."""
    await git(repo, "update-ref", "-d", ref, writes=True)


async def _head(worktree: str) -> str | None:
    if not os.path.isdir(worktree):
        return None
    said = await git(worktree, "rev-parse", "--verify", "--quiet", "HEAD", check=False)
    return said.stdout.decode("ascii").strip() if said.status == 0 else None


async def _snapshot(record: EnvRecord, repo: str, parents: list[str]) -> str:
    """Commit index and working tree beside the branch, with an index of its own."""
    worktree = record.worktree
    admin = admin_dir(await common_dir(repo), worktree)
    with tempfile.TemporaryDirectory(prefix="hive-index-") as folder:
        index = os.path.join(folder, "index")
        if admin and os.path.exists(os.path.join(admin, "index")):
            shutil.copyfile(os.path.join(admin, "index"), index)
        env = {"GIT_INDEX_FILE": index}
        plain = ("-c", "core.splitIndex=false", "-c", "core.safecrlf=false")
        staged = await git(worktree, *plain, "write-tree", env=env, check=False, writes=True)
        add = ("add", "--all", "--sparse", "--ignore-errors")
        await git(worktree, *plain, *add, env=env, check=False, writes=True)
        tree = await _written(worktree, plain, env)
    trees = {tree, *[await _tree_of(repo, commit) for commit in parents[:1]]}
    index_tree = staged.stdout.decode("ascii").strip()
    if staged.status == 0 and index_tree not in trees:
        said = f"hive: index of {record.name}"
        parents = [*parents, await _commit(repo, index_tree, parents[:1], said)]
    return await _commit(repo, tree, parents, f"hive: uncommitted work of {record.name}")


async def _written(worktree: str, options: tuple[str, ...], env: dict[str, str]) -> str:
    """The working tree's tree. Unmerged paths were settled by `add`, which took the files."""
    said = await git(worktree, *options, "write-tree", env=env, writes=True)
    return said.stdout.decode("ascii").strip()


async def _tree_of(repo: str, commit: str) -> str:
    said = await git(repo, "rev-parse", f"{commit}^{{tree}}")
    return said.stdout.decode("ascii").strip()


async def _commit(repo: str, tree: str, parents: list[str], message: str) -> str:
    options = [word for parent in parents for word in ("-p", parent)]
    said = await git(repo, "commit-tree", tree, *options, "-m", message, env=_IDENTITY, writes=True)
    return said.stdout.decode("ascii").strip()
