"""A disk that is full: where the worktrees are, and where hive keeps its own state and logs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hives import Yard


def mount(folder: Path, size: str) -> None:
    """Put a small filesystem on a folder."""
    folder.mkdir()
    able = sys.platform == "linux" and os.geteuid() == 0
    argv = ("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    if not able or subprocess.run(argv, capture_output=True, check=False).returncode != 0:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("mounting a small tmpfs needs root on Linux")


def unmount(folder: Path) -> None:
    """Take the small filesystem away again, also while files in it are open."""
    subprocess.run(("umount", "--lazy", str(folder)), check=False, capture_output=True)


def fill(folder: Path) -> Path:
    """Write a file until nothing fits any more; the file."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        for _ in range(20_000):
            filler.write(b"x" * 4096)
    return path


@pytest.fixture
def small_trees(yard: Yard) -> Iterator[Yard]:
    """Worktrees have a disk of 2 MB."""
    mount(yard.trees, "2m")
    yield yard
    yard.hive("daemon", "stop", status=None)
    unmount(yard.trees)


@pytest.fixture
def small_home(yard: Yard) -> Iterator[Yard]:
    """The hive's own state has a disk of 6 MB."""
    mount(yard.home, "6m")
    yard.home.chmod(0o700)
    yield yard
    (yard.home / "filler").unlink(missing_ok=True)
    yard.close()
    unmount(yard.home)
    yard.home.parent.mkdir(exist_ok=True)


def test_a_spawn_that_does_not_fit_leaves_nothing_and_works_once_there_is_room(
    small_trees: Yard,
) -> None:
    yard = small_trees
    yard.make_repo("")
    (yard.repo / "big").write_bytes(os.urandom(1_000_000))
    yard.commit("big")
    filler = yard.trees / "filler"
    filler.write_bytes(b"x" * 1_500_000)
    told = yard.hive("spawn", "auth", status=1).err
    assert "make room" in told or "No space left" in told
    assert yard.names() == []
    assert sorted(path.name for path in yard.trees.iterdir()) == ["filler"]
    assert yard.git("branch", "--format=%(refname:short)").split() == ["main"]
    assert yard.git("worktree", "list").count("\n") == 1
    filler.unlink()
    yard.hive("spawn", "auth")
    assert (yard.tree("auth") / "big").stat().st_size == 1_000_000


def test_services_and_commands_go_on_while_the_logs_have_no_room(small_home: Yard) -> None:
    yard = small_home
    yard.make_repo(
        """
[services.s]
run = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done"
"""
    )
    yard.hive("spawn", "auth", "--warm")
    before = yard.service("auth", "s")
    filler = fill(yard.home)
    assert yard.env("auth")["state"] == "warm"
    assert yard.hive("list").status == 0
    after = yard.service("auth", "s")
    assert (after["pid"], after["state"]) == (before["pid"], "ready")
    filler.unlink()
    last = yard.hive("logs", "auth", "s", "-n", "1").out.split()[-1]
    yard.until(
        lambda: yard.hive("logs", "auth", "s", "-n", "1").out.split()[-1] != last,
        "the log goes on",
    )
    yard.hive("stop", "auth")
    assert yard.runs() == {}


def test_a_full_home_makes_a_command_fail_whole_and_work_once_there_is_room(
    small_home: Yard,
) -> None:
    yard = small_home
    yard.make_repo('[services.s]\nrun = "exec sleep 1000"\n')
    yard.hive("spawn", "one", "--warm")
    filler = fill(yard.home)
    done = yard.hive("spawn", "two", status=None)
    if done.status != 0:
        assert "disk" in done.err or "space" in done.err.lower()
        assert "Traceback" not in done.err
    assert yard.env("one")["state"] == "warm"
    filler.unlink()
    if "two" not in yard.names():
        yard.hive("spawn", "two")
    yard.hive("destroy", "one", "two", "--force")
    assert yard.names() == []
    assert yard.runs() == {}
