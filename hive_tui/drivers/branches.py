"""Names of branches and commits: which is the default, which is free, which was meant."""

from __future__ import annotations

import asyncio
import difflib
import os

from hive_tui.drivers.git import git, shown_text
from hive_tui.drivers.registrations import checkouts
from hive_tui.model.errors import RefusedError, UsageError

_SHORT = "%(refname:lstrip=2)"


async def default_branch(repo: str) -> str:
    """The remote's default branch, else `main` or `master`, else the one checked out in `repo`.

    Raises:
        HiveError: `repo` is no repository, or it has no commit at all.
    """
    pointer = "refs/remotes/origin/HEAD"
    remote, main, master = await asyncio.gather(
        git(repo, "symbolic-ref", "--quiet", "--short", pointer, check=False),
        _exists(repo, "refs/heads/main"),
        _exists(repo, "refs/heads/master"),
    )
    if name := os.fsdecode(remote.stdout).strip():
        local = name.removeprefix("origin/")
        if await _exists(repo, f"refs/heads/{local}"):
            return local
        if await _exists(repo, f"refs/remotes/{name}"):
            return name
    if main or master:
        return "main" if main else "master"
    await resolve(repo, "HEAD")
    current = await git(repo, "symbolic-ref", "--quiet", "--short", "HEAD", check=False)
    return os.fsdecode(current.stdout).strip() or "HEAD"


async def check_branch(repo: str, branch: str, *, reuse: bool) -> bool:
    """Whether the branch exists already.

    Raises:
        HiveError: The name is not valid for git; it exists and `reuse` is false; or it is
            checked out in another worktree (which the message names).
    """
    said = await git(repo, "check-ref-format", "--branch", branch, check=False)
    if branch.startswith("-") or said.status != 0 or os.fsdecode(said.stdout).strip() != branch:
        raise UsageError(
            f"{shown_text(branch)!r} is not a name that git takes for a branch",
            hint="no spaces, no `..`, no leading `-`; see `git help check-ref-format`",
            code="invalid_branch",
        )
    if not await _exists(repo, f"refs/heads/{branch}"):
        return False
    if not reuse:
        raise RefusedError(
            f"branch {branch!r} exists already",
            hint="`--reuse-branch` works on it, `--branch` takes another name",
            code="branch_exists",
        )
    await refuse_where_checked_out(repo, branch)
    return True


async def refuse_where_checked_out(repo: str, branch: str, *, but: str | None = None) -> None:
    """Check that no worktree other than `but` has the branch.

    Raises:
        HiveError: One has; the message names it.
    """
    own = os.path.realpath(but) if but else None
    for checkout in await checkouts(repo):
        if checkout.branch == branch and os.path.realpath(checkout.path) != own:
            raise RefusedError(
                f"branch {branch!r} is checked out in {checkout.path}",
                hint="that folder is gone: `git worktree prune` frees the branch"
                if checkout.gone
                else "switch that worktree to another branch first, or take another name",
                code="branch_checked_out",
            )


async def resolve(repo: str, ref: str) -> str:
    """Commit id of `ref`.

    Raises:
        HiveError: There is no such commit; the hint names near branches.
    """
    wanted = f"{ref}^{{commit}}"
    said = await git(
        repo, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted, check=False
    )
    if said.status == 0:
        return said.stdout.decode("ascii").strip()
    await git(repo, "rev-parse", "--git-dir")
    names = await _names(repo)
    near = difflib.get_close_matches(ref, names, n=3, cutoff=0.5)
    near += [name for name in names if name.endswith(f"/{ref}") and name not in near]
    if near:
        hint = "did you mean " + " or ".join(repr(name) for name in near[:3]) + "?"
    elif names:
        hint = "`git branch --all` lists what there is"
    else:
        hint = "the repository has no commit yet: make a first one"
    raise UsageError(
        f"there is no commit {shown_text(ref)!r} in {repo}", hint=hint, code="no_such_commit"
    )


async def local(repo: str) -> tuple[list[str], list[str]]:
    """All local branches, the newest first, and those that a worktree has checked out.

    Names are for people: what is no UTF-8 of one is replaced.

    Raises:
        HiveError: `repo` is no repository.
    """
    said, worktrees = await asyncio.gather(
        git(repo, "for-each-ref", "--sort=-committerdate", f"--format={_SHORT}", "refs/heads"),
        checkouts(repo),
    )
    names = said.stdout.decode("utf-8", "replace").split("\n")[:-1]
    taken = (os.fsencode(checkout.branch) for checkout in worktrees if checkout.branch is not None)
    return names, [name.decode("utf-8", "replace") for name in taken]


async def tip(repo: str, branch: str) -> str | None:
    """Commit that the branch is at; `None` where there is no such branch."""
    ref = f"refs/heads/{branch}"
    said = await git(repo, "rev-parse", "--verify", "--quiet", ref, check=False)
    return said.stdout.decode("ascii").strip() if said.status == 0 else None


async def drop(repo: str, branch: str, commit: str) -> None:
    """Delete the branch if it is at `commit`; nothing happens where it is gone already.

    Raises:
        HiveError: It moved on to another commit.
    """
    if await tip(repo, branch) is not None:
        await git(repo, "update-ref", "-d", f"refs/heads/{branch}", commit, writes=True)


async def _exists(repo: str, ref: str) -> bool:
    said = await git(repo, "rev-parse", "--verify", "--quiet", ref, check=False)
    return said.status == 0


async def _names(repo: str) -> list[str]:
    """Short names of all local and remote branches and tags."""
    kinds = ("refs/heads", "refs/remotes", "refs/tags")
    said = await git(repo, "for-each-ref", "--format=%(refname:short)", *kinds)
    return os.fsdecode(said.stdout).split("\n")[:-1]
