"""The one watcher of all folders, on a real filesystem."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hive_tui.drivers.watching import TreeWatch


@pytest.fixture
async def trees() -> AsyncIterator[TreeWatch]:
    """An open watcher."""
    watch = TreeWatch()
    watch.open()
    yield watch
    await watch.close()


def repository(folder: Path) -> Path:
    """Make a folder that is a repository."""
    subprocess.run(("git", "init", "-q", str(folder)), check=True)
    return folder


async def change_until(file: Path, seen: Callable[[], bool]) -> None:
    """Write the file again and again until that was seen."""
    async with asyncio.timeout(30):
        number = 0
        while not seen():
            number += 1
            file.write_text(str(number))
            await asyncio.sleep(0.05)


async def test_a_folder_that_is_made_only_later_is_watched_from_then_on(
    trees: TreeWatch, tmp_path: Path
) -> None:
    found: dict[str, set[str]] = {"now": set(), "later": set()}
    now, later = repository(tmp_path / "now"), tmp_path / "later"
    for key, root in (("now", now), ("later", later)):
        trees.watch(key, str(root), found[key].update)
    await change_until(now / "a", lambda: "a" in found["now"])
    repository(later)
    await change_until(later / "b", lambda: "b" in found["later"])
    assert "b" not in found["now"]


async def test_a_folder_is_not_watched_any_more_once_it_is_let_go(
    trees: TreeWatch, tmp_path: Path
) -> None:
    one, two = repository(tmp_path / "one"), repository(tmp_path / "two")
    found: dict[str, set[str]] = {"one": set(), "two": set()}
    for key, root in (("one", one), ("two", two)):
        trees.watch(key, str(root), found[key].update)
    await change_until(one / "a", lambda: "a" in found["one"])
    trees.unwatch("one")
    (one / "b").write_text("b")
    await change_until(two / "c", lambda: "c" in found["two"])
    assert "b" not in found["one"]


async def test_a_new_folder_beside_a_left_out_one_is_watched(
    trees: TreeWatch, tmp_path: Path
) -> None:
    root = repository(tmp_path / "root")
    (root / "node_modules").mkdir()
    found: set[str] = set()
    trees.watch("root", str(root), found.update)
    await change_until(root / "a", lambda: "a" in found)
    (root / "src").mkdir()
    await change_until(root / "src" / "b", lambda: "src/b" in found)
    assert not any(path.startswith("node_modules/") for path in found)
