"""Dependency folders as overlays: mounted, private, kept over an unmount, gone with the env."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hive_tui.drivers import overlays
from hive_tui.drivers.folders import LocalFolders
from hive_tui.model.errors import HiveError, NotAvailableError
from tests.filesystems import missing


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[LocalFolders]:
    """Folders whose overlays are all gone afterwards."""
    if sys.platform != "linux" or os.geteuid() != 0:
        missing("mounting an overlay needs root on Linux")
    state = tmp_path / "state"
    yield LocalFolders(state)
    if state.is_dir():
        for owner in os.listdir(state):
            overlays.Overlays(state).release(owner, forget=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    made = tmp_path / "ma:in, \\x" / "node_modules"
    made.mkdir(parents=True)
    (made / "a").write_text("from main")
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "env" / "node_modules"


async def test_what_the_env_changes_is_its_own_and_survives_an_unmount(
    folders: LocalFolders, source: Path, target: Path
) -> None:
    done = await folders.link(str(source), str(target), "overlay", owner="uid")
    assert done.mode == "overlay"
    assert (await folders.lying(str(source), str(target))).kind == "overlay"
    assert (target / "a").read_text() == "from main"
    (target / "a").write_text("mine")
    (target / "b").write_text("new")
    assert (source / "a").read_text() == "from main"
    assert not (source / "b").exists()
    await folders.unmount("uid")
    assert os.listdir(target) == []
    assert (await folders.lying(str(source), str(target))).kind == "empty"
    await folders.link(str(source), str(target), "overlay", owner="uid")
    assert (target / "a").read_text() == "mine"


async def test_an_env_that_goes_takes_its_upper_folders_along(
    folders: LocalFolders, source: Path, target: Path, tmp_path: Path
) -> None:
    await folders.link(str(source), str(target), "overlay", owner="uid")
    with (target / "a").open():  # busy: it goes when it is let go
        await folders.forget("uid")
    assert not os.path.ismount(target)
    assert os.listdir(tmp_path / "state") == []
    await folders.forget("uid")


async def test_a_folder_with_something_in_it_is_not_covered(
    folders: LocalFolders, source: Path, target: Path
) -> None:
    target.mkdir(parents=True)
    (target / "mine").touch()
    done = await folders.link(str(source), str(target), "overlay", owner="uid")
    assert done.mode == "existing"
    assert os.listdir(target) == ["mine"]


async def test_without_the_right_to_mount_the_remedy_is_named(
    folders: LocalFolders,
    source: Path,
    target: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overlays, "_mount", lambda target, options: 1)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotAvailableError) as caught:
        await folders.link(str(source), str(target), "overlay", owner="uid")
    assert "fuse-overlayfs" in str(caught.value.hint)
    assert "reflink" in str(caught.value.hint)
    assert not target.exists()


async def test_fuse_overlayfs_does_it_where_the_kernel_may_not(
    folders: LocalFolders, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("fuse-overlayfs") is None or not os.path.exists("/dev/fuse"):
        missing("fuse-overlayfs or /dev/fuse is not there")
    plain = source.parent.parent / "plain"
    plain.mkdir()
    (plain / "a").write_text("from main")
    monkeypatch.setattr(overlays, "_mount", lambda target, options: 1)
    try:
        await folders.link(str(plain), str(target), "overlay", owner="uid")
    except HiveError as error:
        missing(f"fuse-overlayfs cannot mount here: {error}")
    (target / "a").write_text("mine")
    assert (plain / "a").read_text() == "from main"
    await folders.forget("uid")
    assert not os.path.ismount(target)
