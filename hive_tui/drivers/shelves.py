"""Keeps snapshots: one folder per env, one per label in it, and in that its files and dumps.

Nothing is seen under a label before it is whole. Whose data they are is decided by others.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from pathlib import Path

import msgspec

from hive_tui.drivers.folders import LocalFolders
from hive_tui.engine.snapshot_protocols import Manifest, Shelves
from hive_tui.model.errors import HiveError

_MANIFEST = "manifest.json"
_MAKING = ".making-"
_GOING = ".going-"
_RESTORING = "restoring.json"
_LITTLE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database: parts of its content."""


class LocalShelves(Shelves):
    """Snapshots in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        """Keep them below `root`, which need not be there yet."""
        self._root = root
        self._folders = LocalFolders()

    def begin(self, uid: str) -> Path:
        """A new folder that nobody sees, for `finish` or `drop`."""
        folder = self._root / uid / f"{_MAKING}{secrets.token_hex(4)}"
        (folder / "files").mkdir(parents=True, mode=0o700)
        (folder / "parts").mkdir(mode=0o700)
        return folder

    async def finish(self, folder: Path, manifest: Manifest) -> Manifest:
        """Show it under its label, in place of an older one; returns what is kept of it."""
        kept = msgspec.structs.replace(manifest, size_bytes=await asyncio.to_thread(_size, folder))
        _write(folder / _MANIFEST, msgspec.json.encode(kept))
        target = folder.parent / manifest.label
        if target.exists():
            os.rename(target, folder.parent / f"{_GOING}{secrets.token_hex(4)}")
        os.rename(folder, target)
        _flush(folder.parent)
        await self._tidy(folder.parent, (_GOING,))
        return kept

    async def drop(self, folder: Path) -> None:
        """Remove one that is not finished."""
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def all(self, uid: str) -> tuple[Manifest, ...]:
        """The snapshots of an env, oldest first."""
        found = [
            msgspec.json.decode(path.read_bytes(), type=Manifest)
            for path in (self._root / uid).glob(f"*/{_MANIFEST}")
            if not path.parent.name.startswith(".")
        ]
        return tuple(sorted(found, key=lambda manifest: manifest.at))

    def folder(self, uid: str, label: str) -> Path:
        """Where a snapshot lies."""
        return self._root / uid / label

    async def rename(self, uid: str, label: str, other: str) -> str:
        """Give a snapshot another label, in place of what has that; returns it."""
        folder = self._root / uid / f"{_MAKING}{secrets.token_hex(4)}"
        old = self._root / uid / label
        manifest = msgspec.json.decode((old / _MANIFEST).read_bytes(), type=Manifest)
        os.rename(old, folder)
        await self.finish(folder, msgspec.structs.replace(manifest, label=other))
        return other

    async def remove(self, uid: str, label: str) -> None:
        """Delete a snapshot."""
        going = self._root / uid / f"{_GOING}{secrets.token_hex(4)}"
        os.rename(self._root / uid / label, going)
        await self._tidy(going.parent, (_GOING,))

    async def forget(self, uid: str) -> None:
        """Delete all that is kept of an env."""
        await asyncio.to_thread(shutil.rmtree, self._root / uid, ignore_errors=True)

    async def tidy(self, uid: str) -> bool:
        """Delete what a daemon left half made; whether there was any."""
        return await self._tidy(self._root / uid, (_MAKING, _GOING))

    # --- files -----------------------------------------------------------------------------------

    async def take(self, worktree: str, path: str, folder: Path) -> bool:
        """Copy a file or folder of a worktree into a snapshot; false where there is none."""
        found = False
        for name in (path, *(path + end for end in _LITTLE)):
            source = os.path.join(worktree, name)
            if os.path.lexists(source):
                found = True
                await self._folders.copy(source, str(folder / "files" / name))
        return found

    async def put(self, folder: Path, path: str, worktree: str) -> None:
        """Make a path of a worktree be what it is in a snapshot; missing, where it was missing.

        The new one is whole beside it before the old one goes.
        """
        for name in (path, *(path + end for end in _LITTLE)):
            source, target = folder / "files" / name, os.path.join(worktree, name)
            old = f"{target}.hive-old"
            if source.exists() or source.is_symlink():
                new = f"{target}.hive-new"
                await asyncio.to_thread(_delete, new)
                await self._folders.copy(str(source), new)
                if os.path.lexists(target):
                    await asyncio.to_thread(_delete, old)
                    os.rename(target, old)
                os.rename(new, target)
            elif os.path.lexists(target):
                await asyncio.to_thread(_delete, old)
                os.rename(target, old)
            await asyncio.to_thread(_delete, old)

    # --- restoring -------------------------------------------------------------------------------

    def note(self, uid: str, what: bytes | None) -> None:
        """Keep what is being restored, until it is; `None` forgets it."""
        path = self._root / uid / _RESTORING
        if what is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = path.with_suffix(".part")
            _write(part, what)
            os.rename(part, path)
            _flush(path.parent)

    def noted(self, uid: str) -> bytes | None:
        """What was being restored when a daemon ended."""
        try:
            return (self._root / uid / _RESTORING).read_bytes()
        except FileNotFoundError:
            return None

    async def _tidy(self, folder: Path, prefixes: tuple[str, ...]) -> bool:
        found = [path for path in folder.glob(".*") if path.name.startswith(prefixes)]
        for path in found:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
        return bool(found)


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise HiveError(
            f"{path} cannot be written: {error.strerror}", hint="make room on the disk"
        ) from error


def _flush(folder: Path) -> None:
    """Have the names of a folder on disk."""
    known = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(known)
    finally:
        os.close(known)


def _size(folder: Path) -> int:
    """Bytes of all files below."""
    found = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    return sum(os.lstat(path).st_size for path in found)


def _delete(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
