"""What readiness asks of a container: everything that shows inside of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Inside(Protocol):
    """One run of a container, as a probe sees it."""

    @property
    def alive(self) -> bool:
        """True while it runs."""
        ...

    def listening(self) -> Mapping[int, bool] | None:
        """Ports that are listened on inside; False: on its loopback alone, out of reach.

        `None` where this machine cannot see inside.
        """
        ...

    def listens(self, port: int) -> bool | None:
        """Whether a port inside can be connected to from outside. Cheap enough for every 5 ms.

        `None` where this machine cannot see inside.
        """
        ...

    async def answers(self, port: int) -> bool:
        """Whether somebody behind a published port of this machine keeps a connection open."""
        ...

    async def holds(self, path: str) -> bool:
        """Whether there is a file at an absolute path: of the worktree, else inside."""
        ...

    async def probe(self, command: str) -> tuple[int, str]:
        """Run a command line inside; its exit status and the last line that it wrote."""
        ...
