"""Worktrees prepared ahead: made with hooks off at the lowest priority, then taken by a rename.

A spare is detached, so it never holds a branch. What a plain `git worktree add` would have done
for its user (branch, post-checkout hook) happens when it is taken.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from hive_tui.drivers import branches
from hive_tui.drivers.git import clean_environment, failure, git
from hive_tui.drivers.programs import run
from hive_tui.drivers.registrations import admin_dir, common_dir, same_view
from hive_tui.model.errors import NotAvailableError

_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


def checkout_options() -> tuple[str, ...]:
    """Options for a checkout by all cores, worth it from a hundred files on."""
    workers = f"checkout.workers={max(2, os.cpu_count() or 1)}"
    return ("-c", workers, "-c", "checkout.thresholdForParallelism=100")


async def make(repo: str, folder: str, commit: str) -> None:
    """Prepare a detached worktree; what a failure leaves is the caller's to discard.

    Raises:
        NotAvailableError: The commit has submodules: git refuses to move such worktrees.
        HiveError: Git refused.
    """
    if await _has_submodules(repo, commit):
        raise NotAvailableError(
            "a repository with submodules gets no spares",
            hint="`spares = 0` in [project] of hive.toml",
        )
    options = (*_NO_HOOKS, *checkout_options())
    add = ("worktree", "add", "--detach", "--", folder, commit)
    await git(repo, *options, *add, writes=True, niced=True)


async def refresh(folder: str, commit: str) -> None:
    """Bring a spare to another commit, at the lowest priority.

    Raises:
        HiveError: Git refused; the spare should then be discarded.
    """
    reset = ("reset", "--quiet", "--hard", commit, "--")
    await git(folder, *_NO_HOOKS, *checkout_options(), *reset, writes=True, niced=True)


async def fit(repo: str, spare: str, commit: str) -> bool:
    """Whether a taken spare would look like a new worktree at `commit`."""
    common = await common_dir(repo)
    admin = admin_dir(common, spare)
    if admin is None or not os.path.isdir(spare):
        return False
    unusable = ("locked", "index.lock")
    if any(os.path.lexists(os.path.join(admin, name)) for name in unusable):
        return False
    if not same_view(common, admin):
        return False
    return not await _has_submodules(repo, commit)


async def take(
    repo: str,
    spare: str,
    worktree: str,
    commit: str,
    *,
    on_stderr: Callable[[str], None] | None = None,
) -> None:
    """Move the spare to where the worktree should be and bring it to `commit`, still detached.

    Raises:
        HiveError: It did not work; the folder may be at either place.
    """
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(worktree)
    await git(repo, "worktree", "move", "--", spare, worktree, writes=True)
    head = await git(worktree, "rev-parse", "--verify", "--quiet", "HEAD", check=False)
    if head.stdout.decode("ascii").strip() != commit:
        reset = ("reset", "--hard", commit, "--")
        await git(
            worktree,
            *_NO_HOOKS,
            *checkout_options(),
            *reset,
            env={"GIT_PROGRESS_DELAY": "0"},
            writes=True,
            on_stderr=on_stderr,
        )


async def attach(repo: str, worktree: str, branch: str) -> None:
    """Put HEAD on the branch, whose commit is checked out already.

    Raises:
        HiveError: Another worktree has the branch.
    """
    await branches.refuse_where_checked_out(repo, branch)
    said = f"checkout: moving from a spare to {branch}"
    await git(worktree, "symbolic-ref", "-m", said, "HEAD", f"refs/heads/{branch}", writes=True)
    await branches.refuse_where_checked_out(repo, branch, but=worktree)


async def run_hook(worktree: str, commit: str) -> None:
    """Run post-checkout as `git worktree add` does: null ref, HEAD, 1.

    Raises:
        HiveError: The hook ended with another status than 0.
    """
    asked = await git(worktree, "rev-parse", "--git-path", "hooks/post-checkout", "--show-toplevel")
    path, top = os.fsdecode(asked.stdout).rstrip("\n").split("\n", 1)
    hook = os.path.join(top, path)
    if not os.path.isfile(hook) or not os.access(hook, os.X_OK):
        return
    programs = os.fsdecode((await git(worktree, "--exec-path")).stdout).strip()
    env = clean_environment()
    env["PATH"] = f"{programs}:{env.get('PATH', os.defpath)}"
    ended = await run((hook, "0" * len(commit), commit, "1"), env=env, cwd=top)
    if ended.status != 0:
        raise failure(ended, ("post-checkout",))


async def _has_submodules(repo: str, commit: str) -> bool:
    said = await git(repo, "cat-file", "-e", f"{commit}:.gitmodules", check=False)
    return said.status == 0
