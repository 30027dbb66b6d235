"""Both watchers on real folders: they see the same."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hive_tui.drivers.tree_inotify import InotifyTrees
from hive_tui.drivers.watching import TreeWatch
from hive_tui.engine.protocols import Trees

DEADLINE_S = 30.0


class Seen:
    """What a watcher told of some trees."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.paths: dict[str, set[str]] = {}
        self._told = asyncio.Event()

    async def watch(self, key: str, root: Path, *, files: bool = True) -> None:
        """Watch a tree and return once it is watched."""
        self.paths[key] = set()
        self.trees.watch(key, str(root), lambda paths: self._tell(key, paths), files=files)
        if files:
            for attempt in range(1000):
                probe = root / f"probe-{attempt}"
                probe.touch()
                if await self._soon(functools.partial(self._heard, key, probe.name)):
                    break
        else:
            await self.until(key, ".git", act=lambda: (root / ".git" / "HEAD").touch())

    async def until(self, key: str, path: str, act: Callable[[], object] | None = None) -> None:
        """Wait until a path was told of; `act` is done again and again meanwhile."""
        async with asyncio.timeout(DEADLINE_S):
            while path not in self.paths[key]:
                if act is not None:
                    act()
                await self._soon(lambda: path in self.paths[key])

    async def _soon(self, true: Callable[[], bool]) -> bool:
        """Wait for news, for a moment."""
        try:
            async with asyncio.timeout(0.3):
                while not true():
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            return true()
        return True

    def _heard(self, key: str, path: str) -> bool:
        return path in self.paths[key]

    def _tell(self, key: str, paths: frozenset[str]) -> None:
        self.paths[key] |= paths
        self._told.set()


@pytest.fixture(params=["inotify", "watchfiles"])
async def seen(request: pytest.FixtureRequest) -> AsyncIterator[Seen]:
    """A watcher of each kind, listening."""
    trees: Trees = InotifyTrees() if request.param == "inotify" else TreeWatch()
    trees.open()
    yield Seen(trees)
    await trees.close()


def repository(root: Path) -> Path:
    """A repository with one commit."""
    root.mkdir()
    git = ("git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.invalid")
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    return root


async def test_a_changed_file_is_told_with_its_path(seen: Seen, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    await seen.watch("e", tmp_path)
    (tmp_path / "src" / "a b.py").write_text("1")
    await seen.until("e", "src/a b.py")


async def test_a_file_in_a_new_folder_is_told(seen: Seen, tmp_path: Path) -> None:
    await seen.watch("e", tmp_path)
    (tmp_path / "new" / "deep").mkdir(parents=True)
    (tmp_path / "new" / "deep" / "a.py").write_text("1")
    await seen.until("e", "new/deep/a.py", act=(tmp_path / "new" / "deep" / "a.py").touch)


async def test_what_tools_write_is_never_told(seen: Seen, tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "x").mkdir(parents=True)
    await seen.watch("e", tmp_path)
    (tmp_path / "node_modules" / "x" / "y.js").write_text("1")
    (tmp_path / "marker").write_text("1")
    await seen.until("e", "marker")
    assert not any("node_modules" in path for path in seen.paths["e"])


async def test_a_commit_is_told_as_git(seen: Seen, tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    await seen.watch("p", root, files=False)
    seen.paths["p"].clear()
    git = ("git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.invalid")

    def commit() -> None:
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "more"], check=True)

    commit()
    await seen.until("p", ".git")
    assert seen.paths["p"] == {".git"}


async def test_each_tree_hears_of_its_own(seen: Seen, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    await seen.watch("one", one)
    await seen.watch("two", two)
    seen.paths["one"].clear()
    (two / "x").write_text("1")
    await seen.until("two", "x")
    assert "x" not in seen.paths["one"]


async def test_a_moved_folder_is_told_where_it_is_now(seen: Seen, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a").write_text("1")
    await seen.watch("e", tmp_path)
    os.rename(tmp_path / "old", tmp_path / "new")
    await seen.until("e", "new/a", act=(tmp_path / "new" / "a").touch)
    seen.paths["e"].clear()
    (tmp_path / "new" / "b").write_text("1")
    await seen.until("e", "new/b")
    assert not any(path.startswith("old") for path in seen.paths["e"])


async def test_an_unwatched_tree_is_silent(seen: Seen, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    await seen.watch("one", one)
    await seen.watch("two", two)
    seen.trees.unwatch("one")
    seen.paths["one"].clear()
    (one / "x").write_text("1")
    (two / "y").write_text("1")
    await seen.until("two", "y")
    assert seen.paths["one"] == set()


async def test_a_flood_of_changes_is_few_calls(tmp_path: Path) -> None:
    trees = InotifyTrees()
    trees.open()
    calls: list[frozenset[str]] = []
    trees.watch("e", str(tmp_path), calls.append)
    await trees.settled()
    for number in range(3000):
        (tmp_path / f"f{number}").write_text("1")
    async with asyncio.timeout(DEADLINE_S):
        while len(frozenset().union(*calls) - {".git"}) < 3000:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert len(calls) < 100
    await trees.close()
