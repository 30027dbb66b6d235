"""What is shared counts once: names of one file, and blocks of several."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hive_tui.drivers.folders import LocalFolders
from tests.filesystems import UnavailableError, filesystem, missing

MB = 1_000_000


def make(folder: Path) -> Path:
    """Two files of 2 MB."""
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / name).write_bytes(os.urandom(2 * MB))
    return folder


async def test_a_hard_link_to_the_main_checkout_is_not_the_envs_own(tmp_path: Path) -> None:
    folders = LocalFolders()
    source, target = make(tmp_path / "main" / "deps"), tmp_path / "env" / "deps"
    await folders.link(str(source), str(target), "hardlink")
    (target / "mine").write_bytes(os.urandom(MB))
    os.link(target / "mine", target / "again")
    told: list[int] = []
    (use,), total = await folders.disk_use([("uid", str(target))], told.append)
    assert use.files == 5
    assert 5 * MB <= use.bytes < 5.2 * MB
    assert MB <= use.own_bytes < 1.2 * MB
    assert use.bytes == total


async def test_envs_that_share_files_take_them_once_together(tmp_path: Path) -> None:
    folders = LocalFolders()
    source = make(tmp_path / "main" / "deps")
    trees = [str(tmp_path / name / "deps") for name in ("one", "two")]
    for tree in trees:
        await folders.link(str(source), tree, "hardlink")
    uses, total = await folders.disk_use([(tree, tree) for tree in trees], lambda files: None)
    assert all(4 * MB <= use.bytes < 4.1 * MB for use in uses)
    assert total < 4.2 * MB


@pytest.mark.parametrize("kind", ["xfs", "btrfs"])
async def test_shared_blocks_count_once(tmp_path: Path, kind: str) -> None:
    folders = LocalFolders()
    try:
        with filesystem(kind, tmp_path) as place:
            source = make(place / "main" / "deps")
            trees = [str(place / name / "deps") for name in ("one", "two")]
            for tree in trees:
                await folders.link(str(source), tree, "reflink")
            Path(trees[0], "mine").write_bytes(os.urandom(MB))
            os.sync()
            envs = [(tree, tree) for tree in trees]
            (one, two), total = await folders.disk_use(envs, lambda files: None)
    except UnavailableError as why:
        missing(str(why))
    assert 5 * MB <= one.bytes < 5.2 * MB
    assert MB <= one.own_bytes < 1.2 * MB
    assert two.own_bytes < 0.2 * MB
    assert 5 * MB <= total < 5.4 * MB


async def test_a_folder_that_is_gone_takes_nothing(tmp_path: Path) -> None:
    uses, total = await LocalFolders().disk_use(
        [("uid", str(tmp_path / "gone"))], lambda files: None
    )
    assert (uses[0].bytes, uses[0].own_bytes, total) == (0, 0, 0)
