"""Copies and links from the main checkout: whole or not at all, and never over something."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from pathlib import Path

import pytest

from hive_tui.drivers import folders
from hive_tui.drivers.folders import LocalFolders, can_reflink
from hive_tui.model.errors import HiveError, NotAvailableError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A dependency folder with everything that is awkward."""
    made = tmp_path / "main" / "node_modules"
    (made / "pkg" / "bin").mkdir(parents=True)
    (made / "pkg" / "bin" / "run").write_text("#!/bin/sh\n")
    (made / "pkg" / "bin" / "run").chmod(0o755)
    (made / "pkg" / "data").write_bytes(os.urandom(5000))
    os.utime(made / "pkg" / "data", (1e9, 1e9))
    (tmp_path / "outside").write_text("outside")
    os.symlink("../../../outside", made / "pkg" / "link")
    os.symlink("/nowhere", made / "dangling")
    for name in (b"\xff", b"new\nline"):
        Path(os.fsdecode(os.path.join(os.fsencode(made), name))).write_bytes(name)
    (made / "closed").mkdir()
    (made / "closed" / "file").write_text("x")
    (made / "closed").chmod(0o555)
    return made


def listing(top: Path) -> dict[str, tuple[int, str]]:
    """Mode and content or link text of everything below."""
    found: dict[str, tuple[int, str]] = {}
    for path in sorted(top.rglob("*")):
        info = path.lstat()
        if path.is_symlink():
            found[str(path.relative_to(top))] = (0, os.readlink(path))
        else:
            text = "" if path.is_dir() else path.read_bytes().hex()
            found[str(path.relative_to(top))] = (info.st_mode, text)
    return found


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "envs" / "auth" / "node_modules"


@pytest.mark.parametrize("mode", ["copy", "hardlink"])
async def test_a_tree_comes_over_as_it_is(source: Path, target: Path, mode: str) -> None:
    assert (await LocalFolders().link(str(source), str(target), mode)).mode == mode
    assert listing(target) == listing(source)
    data = target / "pkg" / "data"
    assert data.stat().st_mtime == 1e9
    assert (data.stat().st_ino == (source / "pkg" / "data").stat().st_ino) is (mode == "hardlink")
    assert os.listdir(target.parent) == ["node_modules"]


async def test_a_copy_is_private(source: Path, target: Path) -> None:
    await LocalFolders().copy(str(source), str(target))
    (target / "pkg" / "data").write_text("changed")
    assert (source / "pkg" / "data").stat().st_size == 5000


async def test_a_symlink_points_at_the_main_checkout(source: Path, target: Path) -> None:
    assert (await LocalFolders().link(str(source), str(target), "symlink")).mode == "symlink"
    assert os.readlink(target) == str(source)


async def test_auto_is_a_reflink_where_the_filesystem_can_else_a_symlink(
    source: Path, target: Path
) -> None:
    able = can_reflink(str(source), str(target.parent))
    mode = (await LocalFolders().link(str(source), str(target), "auto")).mode
    assert mode == ("reflink" if able else "symlink")
    assert target.is_symlink() is not able
    assert os.listdir(target.parent) == ["node_modules"]


async def test_a_reflink_that_the_filesystem_cannot_do_is_an_error(
    source: Path, target: Path
) -> None:
    if can_reflink(str(source), str(target.parent)):
        pytest.skip("this filesystem shares blocks")
    with pytest.raises(HiveError) as caught:
        await LocalFolders().link(str(source), str(target), "reflink")
    assert "auto" in str(caught.value.hint)
    assert not target.parent.exists()


async def test_without_a_place_for_its_upper_folder_an_overlay_is_refused(
    source: Path, target: Path
) -> None:
    with pytest.raises(NotAvailableError, match="overlay"):
        await LocalFolders().link(str(source), str(target), "overlay")


async def test_a_missing_source_does_nothing(tmp_path: Path, target: Path) -> None:
    gone = str(tmp_path / "gone")
    assert (await LocalFolders().link(gone, str(target), "copy")).mode == "missing"
    await LocalFolders().copy(gone, str(target))
    assert not target.parent.exists()


async def test_what_exists_is_never_touched(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    os.symlink("/nowhere", target)
    for mode in ("auto", "symlink", "copy", "hardlink", "reflink"):
        assert (await LocalFolders().link(str(source), str(target), mode)).mode == "existing"
    await LocalFolders().copy(str(source), str(target))
    assert os.readlink(target) == "/nowhere"


async def test_a_single_file_is_copied_with_its_mode(tmp_path: Path) -> None:
    source = tmp_path / ".env"
    source.write_text("TOKEN=1\n")
    source.chmod(0o600)
    target = tmp_path / "env" / "config" / ".env"
    await LocalFolders().copy(str(source), str(target))
    assert target.read_text() == "TOKEN=1\n"
    assert target.stat().st_mode & 0o777 == 0o600


async def test_sockets_and_pipes_are_left_out(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "s"
    source.mkdir()
    os.mkfifo(source / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(source / "socket"))
        done = await LocalFolders().copy(str(source), str(target))
    assert list(target.iterdir()) == []
    assert "sockets, pipes and devices are left out: 2" in done.notes[0]
    assert "pipe" in done.notes[0]


async def test_a_failure_leaves_nothing(tmp_path: Path, source: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(HiveError):
        await LocalFolders().link(str(source), str(blocked / "inner" / "x"), "copy")
    assert blocked.read_text() == "not a folder"


async def test_a_cancelled_copy_leaves_nothing(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "many"
    source.mkdir()
    for number in range(5000):
        (source / str(number)).touch()
    task = asyncio.create_task(LocalFolders().copy(str(source), str(target)))
    deadline = asyncio.get_running_loop().time() + 30
    while not target.parent.exists():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not target.parent.exists()


async def test_holes_stay_holes_and_times_of_folders_are_kept(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "s"
    (source / "inner").mkdir(parents=True)
    with (source / "sparse").open("wb") as file:
        file.write(b"head")
        file.seek(50_000_000)
        file.write(b"tail")
        file.truncate(90_000_000)
    os.utime(source / "inner", (1e9, 1e9))
    os.utime(source, (2e9, 2e9))
    await LocalFolders().copy(str(source), str(target))
    copied = (target / "sparse").stat()
    assert copied.st_size == 90_000_000
    assert copied.st_blocks * 512 < 2_000_000
    assert (target / "sparse").read_bytes() == (source / "sparse").read_bytes()
    assert (target / "inner").stat().st_mtime == 1e9
    assert target.stat().st_mtime == 2e9


async def test_large_files_and_folders_with_many_names_come_over_with_progress(
    tmp_path: Path, target: Path
) -> None:
    source = tmp_path / "s"
    source.mkdir()
    for number in range(700):
        (source / f"{number:03}{'x' * 200}").write_text(str(number))
    (source / "large").write_bytes(os.urandom(20_000_000))
    told: list[tuple[int, int]] = []
    await LocalFolders().copy(
        str(source), str(target), progress=lambda files, size: told.append((files, size))
    )
    assert listing(target) == listing(source)
    assert told == sorted(told)
    assert told


async def test_what_a_killed_daemon_left_half_made_is_swept(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    (target.parent / ".node_modules.hive-0123456789ab" / "x").mkdir(parents=True)
    (target.parent / ".node_modules.hive-mine").mkdir()
    await LocalFolders().link(str(source), str(target), "copy")
    assert sorted(os.listdir(target.parent)) == [".node_modules.hive-mine", "node_modules"]


async def test_a_file_that_cannot_be_made_is_named(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "s"
    source.mkdir()
    (source / "link").touch()
    other = Path("/dev/shm")
    if not os.access(other, os.W_OK) or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second filesystem")
    with tempfile.TemporaryDirectory(dir=other) as far, pytest.raises(HiveError) as caught:
        await LocalFolders().link(str(source), f"{far}/deps", "hardlink")
    assert "link" in caught.value.message.split(" at ")[1]
    assert "mode" in str(caught.value.hint)


async def test_a_build_cache_is_never_shared_by_itself(tmp_path: Path) -> None:
    source, target = tmp_path / "main" / "target", tmp_path / "env" / "target"
    source.mkdir(parents=True)
    (source / "a").write_text("a")
    done = await LocalFolders().link(str(source), str(target), "auto")
    assert done.mode in ("copy", "reflink")
    assert not target.is_symlink()


async def test_a_link_gives_way_to_a_copy_where_that_is_asked_for(
    source: Path, target: Path
) -> None:
    folders = LocalFolders()
    await folders.link(str(source), str(target), "symlink")
    assert (await folders.lying(str(source), str(target))).kind == "symlink"
    assert (await folders.link(str(source), str(target), "copy")).mode == "existing"
    assert (await folders.link(str(source), str(target), "copy", replace=True)).mode == "copy"
    assert not target.is_symlink()
    assert listing(target) == listing(source)
    assert (await folders.lying(str(source), str(target))).kind == "own"


async def test_clearing_takes_a_link_and_not_what_it_points_at(source: Path, target: Path) -> None:
    folders = LocalFolders()
    await folders.link(str(source), str(target), "symlink")
    await folders.clear(str(target), "uid")
    assert not target.is_symlink()
    assert (source / "pkg" / "data").exists()


async def test_an_install_into_the_main_checkouts_folder_changes_its_stamp(
    source: Path, target: Path
) -> None:
    folders = LocalFolders()
    before = (await folders.lying(str(source), str(target))).stamp
    (source / ".package-lock.json").write_text("{}")
    assert (await folders.lying(str(source), str(target))).stamp != before


def test_an_empty_folder_has_nothing_to_share(tmp_path: Path) -> None:
    assert folders.can_reflink(str(tmp_path), str(tmp_path)) is False
