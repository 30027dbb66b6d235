"""Fingerprints of files as a commit has them: what a worktree will hold before there is one.

The hash is that of `Fingerprints.of` for a worktree in which nothing has changed since.
"""

from __future__ import annotations

import hashlib
import os

from hive_tui.drivers.fingerprint import chosen, roots
from hive_tui.drivers.git import git

_KINDS = {b"100644": b"f", b"100755": b"x", b"120000": b"l"}


async def committed(repo: str, commit: str, globs: tuple[str, ...]) -> str:
    """SHA-256 over paths, contents and exec bits of the commit's files that match; "" for none.

    Args:
        repo: A checkout of the repository.
        commit: Any name of it.
        globs: Patterns as in `.gitignore`.

    Raises:
        HiveError: There is no such commit.
    """
    within = [root for root in roots(globs) if root]
    listed = await git(repo, "ls-tree", "-r", "-z", commit, "--", *within)
    files: list[tuple[str, bytes, bytes]] = []
    for entry in listed.stdout.split(b"\0"):
        head, _, raw = entry.partition(b"\t")
        path = os.fsdecode(raw)
        if head and chosen(globs, path):
            mode, _, name = head.split(b" ")
            if mode in _KINDS:
                files.append((path, _KINDS[mode], name))
    if not files:
        return ""
    asked = b"".join(name + b"\n" for _, _, name in files)
    contents = _contents((await git(repo, "cat-file", "--batch", input=asked)).stdout)
    digest = hashlib.sha256()
    entries = zip(files, contents, strict=True)
    for (path, kind, _), content in sorted(entries, key=lambda entry: entry[0][0]):
        hashed = content if kind == b"l" else hashlib.sha256(content).digest()
        digest.update(b"\0" + os.fsencode(path) + b"\0" + kind + hashed)
    return digest.hexdigest()


def _contents(batch: bytes) -> list[bytes]:
    """The objects of `cat-file --batch`: a line with the size, that many bytes, a newline."""
    found = []
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        size = int(batch[at:end].split(b" ")[2])
        found.append(batch[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found
