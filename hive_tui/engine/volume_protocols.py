"""What the engine asks of the volumes of envs' own containers. A driver implements it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hive_tui.engine.container_protocols import Place

Moved = Callable[[int], None]
"""Gets the bytes that have gone so far."""


class Volumes(Protocol):
    """The named volumes of envs, as tar archives. Raises HiveError wherever the engine refuses."""

    async def names(self, env_uid: str) -> tuple[str, ...]:
        """Volumes that the env has, by their names within it."""
        ...

    async def save(self, place: Place, name: str, file: Path, moved: Moved) -> None:
        """Write all of a volume into a new file, which is whole and on disk once this returns.

        Owners, modes, times, links and special files are kept. What writes to it has to rest.
        """
        ...

    async def load(self, place: Place, name: str, file: Path, moved: Moved) -> None:
        """Make a volume anew with what is in a file; containers that use it are removed first.

        Again is fine, also after one that was cut off.
        """
        ...

    async def remove(self, place: Place, name: str) -> None:
        """Remove a volume, and the containers of the env that use it. Idempotent."""
        ...

    async def tidy(self, env_uid: str) -> None:
        """Remove what a save or load has left behind that was cut off."""
        ...
