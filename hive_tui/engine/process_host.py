"""Runs services as processes of this machine, behind the verbs of `hosting`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec.structs import replace

from hive_tui.engine.hosting import Found, Order, Running
from hive_tui.engine.protocols import Exit, Identity, Launch, Processes
from hive_tui.engine.state import RunRecord
from hive_tui.model.project import Service, Stop

_NOBODY = Identity(pid=0, start_ticks=0, boot_id="", run_id="")

Ready = Callable[[Service, Identity, int, asyncio.Future[Exit]], Awaitable[float]]
"""Waits until a process is ready: service, process, where its output starts, its end."""


class ProcessHost:
    """The processes of one env's services. Implements `Host`."""

    def __init__(
        self, processes: Processes, launch: Callable[[Service], Launch], ready: Ready
    ) -> None:
        """Create it.

        Args:
            processes: Where they run.
            launch: Builds the launch of a new run; raises HiveError.
            ready: Waits until one is ready; raises HiveError on a time-out or its death.
        """
        self._processes = processes
        self._launch = launch
        self._ready = ready

    def order(self, service: Service) -> Order:
        """A new run, with an exit file of its own."""
        launch = self._launch(service)

        async def begin() -> Running:
            identity = await self._processes.launch(launch)
            return self._running(identity, launch.exit_file)

        return Order(launch.run_id, str(launch.exit_file), begin)

    def adopt(self, record: RunRecord, found: Found | None) -> Running:
        """Watch a run again; where it ended meanwhile, the watch says so at once."""
        known = record.identity
        if isinstance(found, Identity) and known in (None, found):
            return self._running(found, Path(record.exit_file))
        ended = known or replace(_NOBODY, run_id=record.run_id)
        return self._running(ended, Path(record.exit_file), alive=False)

    async def reachable(self) -> None:
        """Processes can always be started, or it is their own failure."""

    def _running(self, identity: Identity, exit_file: Path, *, alive: bool = True) -> Running:
        return _Process(self._processes, identity, exit_file, self._ready, alive)


class _Process:
    """One process and its session. Implements `Running`."""

    def __init__(
        self, processes: Processes, identity: Identity, exit_file: Path, ready: Ready, seen: bool
    ) -> None:
        self._processes = processes
        self._identity = identity
        self._ready = ready
        self._seen = seen
        self.exited: asyncio.Future[Exit] = processes.exited(identity, exit_file)

    @property
    def found(self) -> Identity | None:
        return self._identity if self._identity.pid else None

    @property
    def pid(self) -> int | None:
        return self._identity.pid

    @property
    def alive(self) -> bool:
        return self._seen and self._processes.alive(self._identity)

    @property
    def frozen(self) -> bool:
        return self._processes.frozen(self._identity)

    async def freeze(self) -> None:
        self._processes.signal(self._identity, signal.SIGSTOP)

    async def thaw(self) -> None:
        self._processes.signal(self._identity, signal.SIGCONT)

    async def stop(self, stop: Stop) -> None:
        number = signal.Signals[f"SIG{stop.signal or 'TERM'}"]
        await self._processes.stop(self._identity, number, stop.grace_s)
        await asyncio.wait([self.exited])

    async def ready(self, service: Service, log_offset: int) -> float:
        died = asyncio.shield(self.exited)
        return await self._ready(service, self._identity, log_offset, died)

    def kept(self, record: RunRecord) -> RunRecord:
        return replace(record, identity=self._identity)
