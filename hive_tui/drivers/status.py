"""What changed in a working tree, as git sees it. Takes no lock and writes no object."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec

from hive_tui.drivers.commits import distance
from hive_tui.drivers.git import git
from hive_tui.model.environment import GitView

_CHUNK_BYTES = 1 << 20
_ABSENT = "000000"

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hive-content")


class Change(msgspec.Struct, frozen=True):
    """One path that differs from HEAD."""

    path: bytes
    """Relative to the top of the worktree, as the filesystem has it."""
    untracked: bool = False
    submodule: bool = False
    head: tuple[str, str] = (_ABSENT, "")
    """Mode and object that HEAD has there."""
    mode: str = ""
    """Mode in the working tree; `000000` where it is missing; "" where git does not tell."""


class WorkTree(msgspec.Struct, frozen=True):
    """The answer of `git status --porcelain=v2 --branch -z`."""

    commit: str | None
    """`None` before the first commit."""
    branch: str | None
    """`None` where HEAD is detached."""
    changes: tuple[Change, ...]


async def read(worktree: str, *, each_file: bool = False) -> WorkTree:
    """What differs from HEAD: staged, not staged and untracked, submodules included.

    Args:
        worktree: Its top folder.
        each_file: Name every untracked file, not only the topmost untracked folder.

    Raises:
        HiveError: Git cannot tell.
    """
    said = await git(
        worktree,
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--no-renames",
        "--ignore-submodules=none",
        "--untracked-files=all" if each_file else "--untracked-files=normal",
    )
    return parse(said.stdout)


def parse(porcelain: bytes) -> WorkTree:
    """Read porcelain version 2 (git-status(1)), NUL-separated and without renames."""
    commit = branch = None
    changes: list[Change] = []
    for line in porcelain.split(b"\0"):
        kind = line[:2]
        if kind == b"# ":
            key, _, value = os.fsdecode(line[2:]).partition(" ")
            if key == "branch.oid" and value != "(initial)":
                commit = value
            elif key == "branch.head" and value != "(detached)":
                branch = value
        elif kind == b"1 ":
            _, _, sub, head_mode, _, mode, head, _, path = line.split(b" ", 8)
            changes.append(
                Change(
                    path=path,
                    submodule=sub.startswith(b"S"),
                    head=(head_mode.decode(), head.decode()),
                    mode=mode.decode(),
                )
            )
        elif kind == b"u ":
            _, _, sub, _, _, _, mode, _, _, _, path = line.split(b" ", 10)
            changes.append(Change(path=path, submodule=sub.startswith(b"S"), mode=mode.decode()))
        elif kind == b"? ":
            changes.append(Change(path=line[2:], untracked=True))
    return WorkTree(commit, branch, tuple(changes))


async def changed(worktree: str, base: str) -> tuple[str, ...]:
    """Paths, from the top of the worktree, of all that the env's work changed since its base.

    What was committed and what was not, untracked files one by one; a file that is again as it was
    does not count.

    Raises:
        HiveError: Git cannot tell.
    """
    tree, apart = await asyncio.gather(read(worktree, each_file=True), distance(worktree, base))
    paths = {change.path for change in tree.changes if change.untracked}
    since = (apart.merge_base if apart else None) or tree.commit
    if since is not None:
        said = await git(
            worktree, "diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", since, "--"
        )
        paths.update(path for path in said.stdout.split(b"\0") if path)
    return tuple(sorted(os.fsdecode(path) for path in paths))


async def view(worktree: str, base: str) -> GitView:
    """Where the work stands against `base`; zeros where `base` is gone.

    Insertions and deletions are those of the working tree against the merge base; untracked files
    count in `dirty` only.
    """
    tree, apart = await asyncio.gather(read(worktree), distance(worktree, base))
    since = (apart.merge_base if apart else None) or tree.commit
    insertions = deletions = 0
    if since is not None:
        counted = await git(
            worktree, "diff", "--shortstat", "--no-ext-diff", "--no-renames", since, "--"
        )
        insertions, deletions = parse_shortstat(counted.stdout.decode(errors="replace"))
    return GitView(
        ahead=apart.ahead if apart else 0,
        behind=apart.behind if apart else 0,
        dirty=len(tree.changes),
        insertions=insertions,
        deletions=deletions,
    )


def parse_shortstat(text: str) -> tuple[int, int]:
    """Insertions and deletions out of `git diff --shortstat`; git leaves zeros out."""
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (insertion|deletion)", text)}
    return counts.get("insertion", 0), counts.get("deletion", 0)


async def content(worktree: str) -> tuple[str, str]:
    """(HEAD commit, hash of all tracked and untracked files that are not ignored).

    The hash is over HEAD's tree and whatever the working tree has differently, so it costs one
    status where nothing differs, and staging a change does not alter it. Empty commit before the
    first one.
    """
    tree = await read(worktree, each_file=True)
    root = ""
    if tree.commit is not None:
        said = await git(worktree, "rev-parse", f"{tree.commit}^{{tree}}")
        root = said.stdout.decode("ascii").strip()
    loop = asyncio.get_running_loop()
    algorithm = "sha256" if len(root) == 64 else "sha1"
    files: list[Change] = []
    nested: list[Change] = []
    for change in tree.changes:
        (nested if _is_nested(change) else files).append(change)
    found = await loop.run_in_executor(_pool, _hash_files, worktree, files, algorithm)
    for change in nested:
        found.append((change.path, "160000", ":".join(await _inside(worktree, change.path))))
    digest = hashlib.sha256(root.encode())
    for path, mode, blob in sorted(found):
        digest.update(b"\0" + path + b"\0" + mode.encode() + b"\0" + blob.encode())
    return tree.commit or "", digest.hexdigest()


def _is_nested(change: Change) -> bool:
    """True for what has a HEAD of its own: a submodule, or a repository nested by hand."""
    if change.untracked:
        return change.path.endswith(b"/")
    return change.submodule and change.mode != _ABSENT


async def _inside(worktree: str, path: bytes) -> tuple[str, str]:
    folder = os.path.join(worktree, os.fsdecode(path.rstrip(b"/")))
    if not os.path.lexists(os.path.join(folder, ".git")):
        return "", ""
    return await content(folder)


def _hash_files(
    worktree: str, changes: list[Change], algorithm: str
) -> list[tuple[bytes, str, str]]:
    """(path, mode, blob) of each change that is one: what equals HEAD again is left out."""
    return list(_differing(os.fsencode(worktree), changes, algorithm))


def _differing(
    root: bytes, changes: list[Change], algorithm: str
) -> Iterator[tuple[bytes, str, str]]:
    for change in changes:
        mode, blob = blob_of(os.path.join(root, change.path), algorithm)
        if mode != _ABSENT and change.mode not in ("", _ABSENT):
            mode = change.mode
        if (mode, blob) != change.head and not (mode == change.head[0] == _ABSENT):
            yield change.path, mode, blob


def blob_of(path: bytes, algorithm: str) -> tuple[str, str]:
    """Mode and object id that git would give the file, without filters.

    `("000000", "")` where there is no file.
    """
    try:
        info = os.lstat(path)
        if stat.S_ISLNK(info.st_mode):
            target = os.readlink(path)
            return "120000", _blob(len(target), [target], algorithm)
        if not stat.S_ISREG(info.st_mode):
            return _ABSENT, ""
        with open(path, "rb") as file:
            chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
            blob = _blob(info.st_size, chunks, algorithm)
    except (FileNotFoundError, NotADirectoryError):
        return _ABSENT, ""
    except PermissionError:
        return "100000", "unreadable"
    return ("100755" if info.st_mode & stat.S_IXUSR else "100644"), blob


def _blob(size: int, chunks: Iterator[bytes] | list[bytes], algorithm: str) -> str:
    digest = hashlib.new(algorithm, b"blob %d\0" % size, usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
