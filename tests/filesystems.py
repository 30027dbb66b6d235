"""Small filesystems of a test's own, each in a file that is mounted through a loop device."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_MAKE = {
    "xfs": ("mkfs.xfs", "-q", "-m", "reflink=1"),
    "btrfs": ("mkfs.btrfs", "-q"),
}


class UnavailableError(Exception):
    """This machine cannot mount such a filesystem; the message says why."""


@contextlib.contextmanager
def filesystem(kind: str, folder: Path, *, size: int = 512 * 1024 * 1024) -> Iterator[Path]:
    """A fresh `xfs` or `btrfs` that can share blocks, gone with the block.

    Args:
        kind: Which.
        folder: Where its file and its mount point are made.
        size: Bytes; the file only takes what is used of them.

    Raises:
        UnavailableError: It cannot be had here.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise UnavailableError("mounting a filesystem needs root on Linux")
    if shutil.which(_MAKE[kind][0]) is None:
        raise UnavailableError(f"{_MAKE[kind][0]} is not installed")
    image, place = folder / f"{kind}.image", folder / kind
    with image.open("wb") as file:
        file.truncate(size)
    place.mkdir()
    made = subprocess.run((*_MAKE[kind], str(image)), capture_output=True, text=True, check=False)
    mount = ("mount", "-o", "loop", str(image), str(place))
    done = (made.returncode and made) or subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        raise UnavailableError(f"{kind} cannot be made and mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(("umount", "--lazy", str(place)), check=True)
        image.unlink()


def missing(reason: str) -> None:
    """Skip the test; in CI, where everything has to be there, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
