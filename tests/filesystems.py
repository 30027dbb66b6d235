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
_SIZE = 512 * 1024 * 1024


class UnavailableError(Exception):
    """This machine cannot mount such a filesystem; the message says why."""


@contextlib.contextmanager
def filesystem(kind: str, folder: Path) -> Iterator[Path]:
    """A fresh `xfs` or `btrfs` that can share blocks, gone with the block.

    Raises:
        UnavailableError: It cannot be had here.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise UnavailableError("mounting a filesystem needs root on Linux")
    if shutil.which(_MAKE[kind][0]) is None:
        raise UnavailableError(f"{_MAKE[kind][0]} is not installed")
    image, place = folder / f"{kind}.image", folder / kind
    with image.open("wb") as file:
        file.truncate(_SIZE)
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
