"""What supervision asks of the place where a service runs, be it processes or a container.

The verbs only: when to start, and whether to start again, is decided in `supervision`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from hive_tui.engine.container_protocols import Contained
from hive_tui.engine.protocols import Exit, Identity
from hive_tui.engine.state import RunRecord
from hive_tui.model.project import Service, Stop

Found = Identity | Contained
"""By what a run is found again in the world."""


class Running(Protocol):
    """One run of a service that exists, or did."""

    @property
    def exited(self) -> asyncio.Future[Exit]:
        """Ends when nothing of the run is left, and all that it wrote is in its log."""
        ...

    @property
    def found(self) -> Found | None:
        """By what it is found again; `None` where it was never seen."""
        ...

    @property
    def pid(self) -> int | None:
        """A process of this machine that stands for it; `None` where the machine has none."""
        ...

    @property
    def alive(self) -> bool:
        """True while it runs or is frozen."""
        ...

    @property
    def frozen(self) -> bool:
        """True while it is frozen."""
        ...

    async def freeze(self) -> None:
        """Pause all of it.

        Raises:
            HiveError: It cannot be paused here.
        """
        ...

    async def thaw(self) -> None:
        """Let it go on."""
        ...

    async def stop(self, stop: Stop) -> None:
        """Ask it to end, then kill it; returns once nothing of it is left.

        Raises:
            HiveError: It cannot be ended.
        """
        ...

    async def ready(self, service: Service, log_offset: int) -> float:
        """Wait until it is ready; returns how late that was seen, in seconds.

        Raises:
            HiveError: The time was over, or it ended first.
        """
        ...

    def kept(self, record: RunRecord) -> RunRecord:
        """The record with that by which the run is found again."""
        ...


@dataclass(frozen=True)
class Order:
    """A run that is about to be: nothing of it exists before `begin`."""

    run_id: str
    exit_file: str
    """Where its exit status will be; "" where the place itself remembers it."""
    begin: Callable[[], Awaitable[Running]]
    """Makes it run. Ends with HiveError where it cannot."""


class Host(Protocol):
    """Where the runs of one service of one env live."""

    def order(self, service: Service) -> Order:
        """Prepare a new run.

        Raises:
            HiveError: What the service needs is missing: a folder, a secret.
        """
        ...

    def adopt(self, record: RunRecord, found: Found | None) -> Running:
        """Take a run over from an earlier daemon; one that ended meanwhile says so at once."""
        ...

    async def reachable(self) -> None:
        """Return once a run could begin at all; at once where nothing stands between."""
        ...
