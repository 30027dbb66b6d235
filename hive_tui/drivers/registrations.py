"""What git has registered as worktrees of a repository, read from its own files. Changes nothing.

A linked worktree is a folder with a `.git` file and an administrative folder
`<common>/worktrees/<id>` that point at each other (gitrepository-layout(5)).
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from hive_tui.drivers.git import git
from hive_tui.engine.protocols import Place
from hive_tui.model.errors import HiveError

_IN_PROGRESS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}


class Checkout(msgspec.Struct, frozen=True):
    """One worktree of a repository, the main one included."""

    path: str
    head: str | None
    """Commit; `None` where there is none yet, or the repository is bare."""
    branch: str | None
    """Short name; `None` where HEAD is detached."""
    locked: bool = False
    bare: bool = False
    """True for a main one that has no files at all."""
    gone: bool = False
    """True where its folder is missing."""


async def checkouts(repo: str) -> tuple[Checkout, ...]:
    """All worktrees of the repository, the main one first."""
    listed = await git(repo, "worktree", "list", "--porcelain", "-z")
    return parse_checkouts(listed.stdout)


def parse_checkouts(listing: bytes) -> tuple[Checkout, ...]:
    """Read the output of `git worktree list --porcelain -z`."""
    found: list[Checkout] = []
    for record in listing.split(b"\0\0"):
        facts: dict[str, str] = {}
        for line in record.strip(b"\0").split(b"\0"):
            key, _, value = os.fsdecode(line).partition(" ")
            facts[key] = value
        if "worktree" not in facts:
            continue
        branch = facts.get("branch")
        head = facts.get("HEAD", "").strip("0")
        found.append(
            Checkout(
                path=facts["worktree"],
                head=facts["HEAD"] if head else None,
                branch=branch.removeprefix("refs/heads/") if branch else None,
                locked="locked" in facts,
                bare="bare" in facts,
                gone="prunable" in facts or not os.path.isdir(facts["worktree"]),
            )
        )
    return tuple(found)


async def place(path: str) -> Place:
    """In which worktree of which repository a folder lies.

    A worktree of a bare repository is its own root: there is no main checkout.

    Raises:
        HiveError: It is in no git repository, or in a bare one without a worktree.
    """
    try:
        said = await git(path, "rev-parse", "--path-format=absolute", "--show-toplevel")
    except HiveError as error:
        if "must be run in a work tree" in error.message:
            raise HiveError(
                f"{path} is a bare repository, which has no files to read hive.toml from",
                hint="run hive in a worktree of it (`git worktree add`), or in a normal clone",
                code="bare_repository",
            ) from error
        raise HiveError(
            f"{path} is not in a git repository",
            hint="go into one, or make one with `git init`",
            code="not_a_repository",
        ) from error
    top = os.path.realpath(os.fsdecode(said.stdout).rstrip("\n"))
    if os.path.isdir(os.path.join(top, ".git")):  # the main checkout: no need to ask again
        return Place(root=top, worktree=top, branch=_head_branch(os.path.join(top, ".git")))
    known = await checkouts(top)
    here = next((c for c in known if os.path.realpath(c.path) == top), known[0])
    main = os.path.realpath(known[0].path)
    own = here is known[0] or known[0].bare
    return Place(root=top if own else main, worktree=top, branch=here.branch)


def _head_branch(git_dir: str) -> str | None:
    """Branch that HEAD names; `None` where it is detached."""
    try:
        head = os.fsdecode(Path(git_dir, "HEAD").read_bytes()).strip()
    except OSError:
        return None
    name = head.removeprefix("ref: refs/heads/")
    return name if name != head else None


async def common_dir(repo: str) -> str:
    """The folder that all worktrees of the repository share, absolute."""
    said = await git(repo, "rev-parse", "--git-common-dir")
    return os.path.realpath(os.path.join(repo, os.fsdecode(said.stdout.rstrip(b"\n"))))


def admin_dir(common: str, worktree: str) -> str | None:
    """The administrative folder of a worktree; `None` where none points there."""
    wanted = os.path.realpath(worktree)
    hinted = _pointed_at(worktree)
    folders = [hinted] if hinted else []
    try:
        folders += [entry.path for entry in os.scandir(os.path.join(common, "worktrees"))]
    except (FileNotFoundError, NotADirectoryError):
        return None
    for folder in folders:
        try:
            pointer = os.fsdecode(Path(folder, "gitdir").read_bytes().rstrip(b"\n"))
        except OSError:
            continue
        target = os.path.join(folder, pointer)
        inside = os.path.dirname(os.path.realpath(folder)) == os.path.join(common, "worktrees")
        if inside and os.path.realpath(os.path.dirname(target)) == wanted:
            return folder
    return None


def in_progress(admin: str) -> str | None:
    """What is half done in the worktree: `merge`, `rebase`, `cherry-pick`, `revert`."""
    for name, verb in _IN_PROGRESS.items():
        if os.path.lexists(os.path.join(admin, name)):
            return verb
    return None


def same_view(common: str, admin: str) -> bool:
    """Whether a new worktree would get the same sparse settings as the one with this `admin`.

    `git worktree add` copies both files from the worktree that it is called in.
    """
    return all(
        _settings(os.path.join(common, name)) == _settings(os.path.join(admin, name))
        for name in (os.path.join("info", "sparse-checkout"), "config.worktree")
    )


def last_head(admin: str) -> str | None:
    """The last commit in the worktree's own log of HEAD; `None` where there is no log."""
    try:
        lines = Path(admin, "logs", "HEAD").read_bytes().splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        commit = line.split(b" ", 2)[1:2]
        if commit and commit[0].strip(b"0"):
            return commit[0].decode("ascii", errors="replace")
    return None


def _settings(path: str) -> bytes:
    """A settings file; what git leaves out of a copied `config.worktree` is left out too."""
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError:
        return b""
    left_out = (b"bare =", b"worktree =", b"[core]")
    return b"\n".join(line for line in lines if not line.strip().startswith(left_out))


def _pointed_at(worktree: str) -> str | None:
    try:
        text = Path(worktree, ".git").read_bytes()
    except OSError:
        return None
    if not text.startswith(b"gitdir:"):
        return None
    return os.path.join(worktree, os.fsdecode(text[len(b"gitdir:") :].strip(b" \n")))
