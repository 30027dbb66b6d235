"""A disk that fills up in the middle of a checkout, a copy or a forced destroy."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hive_tui.drivers.folders import LocalFolders
from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.model.errors import HiveError
from tests.integration.git.repos import Repo, record


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder))
    able = sys.platform == "linux" and os.geteuid() == 0
    if not able or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("mounting a small tmpfs needs root on Linux")
    yield folder
    subprocess.run(("umount", "--lazy", str(folder)), check=True)


def fill(path: Path) -> None:
    """Write a file until the small disk is full."""
    with path.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        for _ in range(1_000):
            filler.write(b"x" * 4096)


@pytest.fixture
def big(repo: Repo) -> Repo:
    """Three megabytes of files."""
    for number in range(6):
        Path(repo.path, f"big{number}").write_bytes(os.urandom(500_000))
    repo.commit("big")
    return repo


@pytest.mark.parametrize("existing", [False, True])
async def test_a_checkout_that_does_not_fit_leaves_nothing(
    big: Repo, worktrees: GitWorktrees, small: Path, existing: bool
) -> None:
    place = small / "envs" / "auth"
    if existing:
        place.mkdir(parents=True)
    with pytest.raises(HiveError) as caught:
        await worktrees.add(big.path, str(place), "auth", big.head(), create=True, spare=None)
    assert "make room" in str(caught.value.hint)
    assert big.registered() == []
    assert not big.exists("refs/heads/auth")
    assert not existing or list(place.iterdir()) == []
    assert existing or list(small.iterdir()) == []


async def test_a_spare_that_does_not_fit_leaves_nothing(
    big: Repo, worktrees: GitWorktrees, small: Path
) -> None:
    with pytest.raises(HiveError):
        await worktrees.make_spare(big.path, str(small / "spares" / "1"), big.head())
    assert big.registered() == []
    assert list(small.iterdir()) == []


async def test_a_copy_that_does_not_fit_leaves_nothing(big: Repo, small: Path) -> None:
    with pytest.raises(HiveError) as caught:
        await LocalFolders().copy(big.path, str(small / "deep" / "copy"))
    assert "make room" in str(caught.value.hint)
    assert list(small.iterdir()) == []


async def test_a_full_disk_stops_a_forced_destroy_before_anything_is_gone(
    worktrees: GitWorktrees, small: Path
) -> None:
    repo = Repo(small / "shop")
    env = msgspec.structs.replace(record(repo, "auth"), worktree=str(small / "envs" / "auth"))
    await worktrees.add(repo.path, env.worktree, "auth", repo.first, create=True, spare=None)
    repo.write("new", "new\n", at=env.worktree)
    fill(small / "filler")
    with pytest.raises(HiveError):
        await worktrees.remove(env, repo.path, force=True, keep_branch=False)
    (small / "filler").unlink()
    assert Path(env.worktree, "new").read_text() == "new\n"
    assert repo.git("status", "--porcelain", at=env.worktree) == "?? new"
    removed = await worktrees.remove(env, repo.path, force=True, keep_branch=False)
    assert repo.git("show", f"{removed.recovery_ref}:new") == "new"


async def test_a_worktree_on_another_filesystem_than_the_repository_goes_and_comes_back(
    repo: Repo, worktrees: GitWorktrees, small: Path
) -> None:
    env = msgspec.structs.replace(record(repo, "auth"), worktree=str(small / "envs" / "auth"))
    await worktrees.add(repo.path, env.worktree, "auth", repo.first, create=True, spare=None)
    repo.write("readme", "staged\n", at=env.worktree)
    repo.git("add", "readme", at=env.worktree)
    removed = await worktrees.remove(env, repo.path, force=True, keep_branch=False)
    assert repo.registered() == []
    await worktrees.restore(env, repo.path, removed)
    assert repo.git("status", "--porcelain", at=env.worktree) == "M  readme"
