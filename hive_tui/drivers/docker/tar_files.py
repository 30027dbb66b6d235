"""Tar archives as files of this machine, in pieces: the form in which an engine moves files.

They are not compressed: a disk is faster than any packing that Python has, and zeros take no room.
"""

from __future__ import annotations

import asyncio
import os
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from hive_tui.model.errors import HiveError

_PIECE = 1 << 20
_BLOCK = 1 << 16
"""So many zeros become a hole."""
_ZEROS = bytes(_BLOCK)
_END = 2 * tarfile.BLOCKSIZE


async def archived(file: Path, name: str) -> AsyncIterator[bytes]:
    """One file as an archive of one, read as it is sent.

    Args:
        file: The file; it must not grow meanwhile.
        name: How it is called in the archive.
    """
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = file.stat().st_size, 0o644
    yield entry.tobuf()
    left = entry.size
    with file.open("rb") as opened:
        while left > 0:
            piece = await asyncio.to_thread(opened.read, min(_PIECE, left))
            if not piece:
                raise OSError(f"{file} was cut while it was read")
            left -= len(piece)
            yield piece
    yield bytes(-entry.size % tarfile.BLOCKSIZE + _END)


async def read(file: Path, moved: Callable[[int], None]) -> AsyncIterator[bytes]:
    """An archive, in pieces; `moved` is told how far it has come."""
    done = 0
    with file.open("rb") as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece
            done += len(piece)
            moved(done)


async def write(file: Path, pieces: AsyncIterator[bytes], moved: Callable[[int], None]) -> None:
    """Write an archive as it comes, with holes for zeros; it is on disk once this returns.

    Raises:
        HiveError: The disk does not take it.
    """
    done = 0
    with file.open("wb", buffering=0) as opened:
        async for piece in pieces:
            await asyncio.to_thread(_put, opened.fileno(), piece, done, file)
            done += len(piece)
            moved(done)
        await asyncio.to_thread(_settle, opened.fileno(), done, file)


def _put(descriptor: int, piece: bytes, at: int, file: Path) -> None:
    view, done = memoryview(piece), 0
    try:
        while done < len(view):
            block = view[done : done + _BLOCK - (at + done) % _BLOCK]
            if block != _ZEROS[: len(block)]:
                _put_all(descriptor, block, at + done)
            done += len(block)
    except OSError as error:
        raise _unwritten(file, error) from error


def _put_all(descriptor: int, block: memoryview, at: int) -> None:
    while block:
        taken = os.pwrite(descriptor, block, at)
        block, at = block[taken:], at + taken


def _settle(descriptor: int, size: int, file: Path) -> None:
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    except OSError as error:
        raise _unwritten(file, error) from error


def _unwritten(file: Path, error: OSError) -> HiveError:
    return HiveError(
        f"{file} cannot be written: {error.strerror}",
        hint="make room on the disk, then try again",
        code="disk_full",
    )


def check(file: Path) -> None:
    """See that an archive is whole: an engine that fails midway ends its answer like any other.

    Raises:
        HiveError: It is cut off, or none.
    """
    try:
        with tarfile.open(file, "r:") as archive:
            while archive.next() is not None:
                archive.members = []  # type: ignore[attr-defined]  # or it keeps every entry
            if os.path.getsize(file) >= archive.offset + _END:
                return
        why = "its end is missing"
    except (tarfile.TarError, OSError) as error:
        why = str(error)
    raise HiveError(
        f"the archive {file} is not whole: {why}",
        hint="the container engine broke off, or the file was damaged; take another snapshot",
        code="archive_broken",
    )


def second_name(file: Path) -> str | None:
    """Absolute path of what comes after the top folder; `None` where that is empty."""
    with tarfile.open(file, "r:") as archive:
        archive.next()
        entry = archive.next()
        return None if entry is None else f"/{entry.name}"
