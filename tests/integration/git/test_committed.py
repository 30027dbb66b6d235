"""The fingerprint of a commit is that of a worktree in which nothing has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hive_tui.drivers.folders import LocalFolders
from hive_tui.model.errors import HiveError
from tests.integration.git.repos import Repo


@pytest.mark.parametrize(
    "globs", [("/lock",), ("/lock", "/sub/*.lock"), ("*.lock",), ("/link",), ("/none",), ("/sub",)]
)
async def test_a_commit_has_the_fingerprint_of_its_checkout(
    repo: Repo, globs: tuple[str, ...]
) -> None:
    repo.write("lock", "1\n")
    repo.write("sub/a.lock", "a\n")
    repo.write("sub/b c.lock", "")
    Path(repo.path, "sub/a.lock").chmod(0o755)
    os.symlink("lock", Path(repo.path, "link"))
    repo.commit("locks")
    folders = LocalFolders()
    there = await folders.fingerprint(repo.path, globs)
    assert await folders.committed(repo.path, "HEAD", globs) == there
    assert bool(there) is (globs != ("/none",))


async def test_another_commit_has_another_fingerprint(repo: Repo) -> None:
    repo.write("lock", "1\n")
    repo.commit("one")
    repo.write("lock", "2\n")
    repo.commit("two")
    folders = LocalFolders()
    one, two = [await folders.committed(repo.path, c, ("/lock",)) for c in ("HEAD~1", "HEAD")]
    assert one != two
    with pytest.raises(HiveError):
        await folders.committed(repo.path, "nowhere", ("/lock",))
