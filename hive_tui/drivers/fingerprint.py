"""Fingerprints of files by content: whether a task's inputs changed. Knows nothing of git's index.

A file's hash is remembered with its times, size and inode; a second look at an unchanged tree
reads no file.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from pathspec import GitIgnoreSpec

from hive_tui.drivers.ignored import counted

_REMEMBERED = 60_000
"""Files whose hash is kept: about 20 MB."""

_RACY_NS = 2_000_000_000
"""A file younger than this could change again without its times showing it: not remembered."""

_CHUNK_BYTES = 1 << 20

Stamp = tuple[int, int, int, int]

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hive-fingerprint")


class Fingerprints:
    """Fingerprints with a memory. Safe to use from several threads."""

    def __init__(self, *, racy_ns: int = _RACY_NS) -> None:
        """Start with an empty memory.

        Args:
            racy_ns: Age from which on a file's hash is remembered, in nanoseconds.
        """
        self._racy_ns = racy_ns
        self._known: dict[str, tuple[Stamp, bytes]] = {}
        self._lock = threading.Lock()
        self.files_read = 0
        """How many files were read so far, as against remembered."""

    async def of(self, worktree: str, globs: tuple[str, ...]) -> str:
        """SHA-256 over paths, contents and exec bits of all files that match; "" where none does.

        Files that git ignores count only where a glob names them (see `ignored`).
        `.git` is never looked into, `node_modules` only where a glob names it; links count with
        the text that they hold.

        Args:
            worktree: Folder that the globs are relative to.
            globs: Patterns as in `.gitignore`; `!` takes back.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(_pool, lambda: sorted(matching(worktree, globs)))
        paths = await counted(worktree, globs, found)
        return await loop.run_in_executor(_pool, self.of_paths, worktree, paths)

    def of_paths(self, worktree: str, paths: Sequence[str]) -> str:
        """The same for files that are chosen already, in the thread of the caller."""
        digest = hashlib.sha256()
        found = False
        for path in paths:
            entry = self._entry(os.path.join(worktree, path))
            if entry is not None:
                found = True
                digest.update(b"\0" + os.fsencode(path) + b"\0" + entry)
        return digest.hexdigest() if found else ""

    def _entry(self, path: str) -> bytes | None:
        """Kind, exec bit and content of one file; `None` where it has gone."""
        try:
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                return b"l" + os.fsencode(os.readlink(path))
            kind = b"x" if info.st_mode & stat.S_IXUSR else b"f"
            stamp = (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino)
            with self._lock:
                known = self._known.get(path)
            if known is not None and known[0] == stamp:
                return kind + known[1]
            content = _content(path)
        except PermissionError:
            return b"?"
        except (FileNotFoundError, NotADirectoryError):
            return None
        with self._lock:
            self.files_read += 1
            self._known.pop(path, None)
            if time.time_ns() - max(info.st_mtime_ns, info.st_ctime_ns) > self._racy_ns:
                self._known[path] = (stamp, content)
                while len(self._known) > _REMEMBERED:
                    del self._known[next(iter(self._known))]
        return kind + content


def matching(worktree: str, globs: tuple[str, ...]) -> Iterator[str]:
    """Relative paths of files and links that match, in no order."""
    spec = _spec(globs)
    pruned = {".git"} if any("node_modules" in glob for glob in globs) else {".git", "node_modules"}
    for root in roots(globs):
        for path in _walk(worktree, root, pruned):
            if spec.match_file(path):
                yield path


def chosen(globs: tuple[str, ...], path: str) -> bool:
    """Whether the patterns take a path."""
    return bool(_spec(globs).match_file(path))


def roots(globs: tuple[str, ...]) -> tuple[str, ...]:
    """Folders and files, relative, outside of which nothing can match; `("",)` is everywhere.

    A pattern with a slash before its end is anchored (gitignore(5)), so what comes before its
    first wildcard is fixed.
    """
    found: set[str] = set()
    for glob in globs:
        if glob.startswith(("!", "#")) or not glob.strip():
            continue
        parts = glob.strip("/").split("/")
        if len(parts) == 1 and not glob.startswith("/"):
            return ("",)
        fixed: list[str] = []
        for part in parts:
            if any(character in part for character in "*?[\\ "):
                break
            fixed.append(part)
        found.add("/".join(fixed))
    return tuple(
        root
        for root in sorted(found)
        if not any(root != other and _below(root, other) for other in found)
    )


def _below(path: str, folder: str) -> bool:
    return folder == "" or path.startswith(folder + "/")


@lru_cache(maxsize=64)
def _spec(globs: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(globs)


def _walk(worktree: str, root: str, pruned: set[str]) -> Iterator[str]:
    """Files and links below `root`, which may itself be one."""
    start = os.path.join(worktree, root)
    if os.path.islink(start) or os.path.isfile(start):
        yield root
        return
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(worktree, folder)) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in pruned:
                            folders.append(path)
                    elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
                        yield path
        except OSError:
            continue


def _content(path: str) -> bytes:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()
