"""A file as a tar archive of one, in pieces: the form in which an engine takes files."""

from __future__ import annotations

import asyncio
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

_PIECE = 1024 * 1024


async def archived(file: Path, name: str) -> AsyncIterator[bytes]:
    """The archive, read as it is sent.

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
    yield bytes(-entry.size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
