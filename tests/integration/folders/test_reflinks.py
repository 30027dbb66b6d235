"""Blocks that two folders share, on filesystems that can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hive_tui.drivers.folders import LocalFolders, can_reflink
from tests.filesystems import UnavailableError, filesystem, missing


@pytest.fixture(params=["xfs", "btrfs"])
def sharing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A filesystem that shares blocks."""
    try:
        with filesystem(request.param, tmp_path) as place:
            yield place
    except UnavailableError as why:
        missing(str(why))


def used(place: Path) -> int:
    os.sync()
    found = os.statvfs(place)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@pytest.mark.parametrize("mode", ["auto", "reflink", "copy"])
async def test_a_folder_costs_no_blocks_and_is_private(sharing: Path, mode: str) -> None:
    source, target = sharing / "main" / "deps", sharing / "env" / "deps"
    source.mkdir(parents=True)
    for number in range(8):
        (source / f"big{number}").write_bytes(os.urandom(4_000_000))
    (source / "empty").touch()
    (source / "big0").chmod(0o755)
    os.utime(source / "big0", (1e9, 1e9))
    assert can_reflink(str(source), str(target))
    before = used(sharing)
    done = await LocalFolders().link(str(source), str(target), mode)
    assert done.mode == ("copy" if mode == "copy" else "reflink")
    assert used(sharing) - before < 8_000_000
    assert (target / "big0").stat().st_mtime == 1e9
    assert (target / "big0").stat().st_mode & 0o777 == 0o755
    (target / "big1").write_bytes(b"changed")
    assert (source / "big1").stat().st_size == 4_000_000
    assert (target / "big7").read_bytes() == (source / "big7").read_bytes()
