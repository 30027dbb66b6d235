"""What the engine asks of the place where snapshots are kept. A driver implements it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec


class Manifest(msgspec.Struct, frozen=True):
    """What one snapshot holds."""

    label: str
    at: float
    """Seconds since the epoch, UTC."""
    commit: str
    """Commit that the worktree was at."""
    files: tuple[str, ...]
    """Paths relative to the worktree that it is about, there or not."""
    parts: tuple[str, ...]
    """Shared services whose part of the env it has."""
    volumes: tuple[str, ...] | None = None
    """Names of all volumes that the env's own containers had; `None`: it says nothing of them."""
    tasks: dict[str, str] = {}
    """Task -> mark of what it was made of, of those that were done on the data."""
    automatic: bool = False
    """Made by a restore, of what was before it."""
    size_bytes: int = 0


class Shelves(Protocol):
    """Snapshots of all envs, by the env's uid. Nothing is seen before it is whole."""

    def begin(self, uid: str) -> Path:
        """A new folder that nobody sees, with `files` and `parts` in it."""
        ...

    async def finish(self, folder: Path, manifest: Manifest) -> Manifest:
        """Show it under its label, in place of an older one; returns what is kept of it."""
        ...

    async def drop(self, folder: Path) -> None:
        """Remove one that is not finished."""
        ...

    def all(self, uid: str) -> tuple[Manifest, ...]:
        """The snapshots of an env, oldest first."""
        ...

    def folder(self, uid: str, label: str) -> Path:
        """Where a snapshot lies."""
        ...

    async def rename(self, uid: str, label: str, other: str) -> str:
        """Give a snapshot another label, in place of what has that; returns it."""
        ...

    async def remove(self, uid: str, label: str) -> None:
        """Delete a snapshot."""
        ...

    async def forget(self, uid: str) -> None:
        """Delete all that is kept of an env."""
        ...

    async def tidy(self, uid: str) -> bool:
        """Delete what a daemon left half made; whether there was any."""
        ...

    async def take(self, worktree: str, path: str, folder: Path) -> bool:
        """Copy a file or folder of a worktree into a snapshot; false where there is none."""
        ...

    async def put(self, folder: Path, path: str, worktree: str) -> None:
        """Make a path of a worktree be what it is in a snapshot. Again is fine."""
        ...

    def note(self, uid: str, what: bytes | None) -> None:
        """Keep what is being restored, until it is; `None` forgets it."""
        ...

    def noted(self, uid: str) -> bytes | None:
        """What was being restored when a daemon ended."""
        ...
