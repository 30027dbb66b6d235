"""A scripted world around one `Unit`: processes that end when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import cast

from hive_tui.engine.process_host import ProcessHost
from hive_tui.engine.protocols import Exit, Identity, Launch, Logs, Processes, Usage
from hive_tui.engine.state import RunRecord, Store, UnitRecord
from hive_tui.engine.supervision import Unit
from hive_tui.model.environment import EnvRecord, ServiceState
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Restart, Service
from tests.unit.engine.virtual_time import LoopClock

ENV = EnvRecord(
    uid="0123456789ab",
    project="shop",
    name="auth",
    slug="auth",
    index=0,
    branch="auth",
    base="main",
    base_commit="0" * 40,
    worktree="/srv/auth",
    port_base=10000,
    port_size=10,
    created=0.0,
)
API = Service(name="api", run="serve", restart=Restart.ON_FAILURE)


class ScriptedProcesses(Processes):
    """Processes that exist by name only."""

    def __init__(self) -> None:
        self.launched: list[Identity] = []
        self.signals: list[int] = []
        self.stops: list[int] = []
        self.stubborn = asyncio.Event()
        """Cleared: a stop waits."""
        self.stubborn.set()
        self.broken: HiveError | None = None
        """Raised by every launch."""
        self.on_launch: Callable[[], None] = lambda: None
        """Called at the beginning of every launch."""
        self.codes: dict[str, int | None] = {}
        """Exit status in the files of runs that ended unwatched."""
        self.stopped: set[str] = set()
        self._exits: dict[str, list[asyncio.Future[Exit]]] = {}
        self._live: dict[str, Identity] = {}

    def exist(self, run_id: str) -> Identity:
        """Make a live process."""
        number = len(self.launched) + 100
        identity = Identity(pid=number, start_ticks=number, boot_id="boot", run_id=run_id)
        self.launched.append(identity)
        self._live[run_id] = identity
        return identity

    def end(self, code: int | None, identity: Identity | None = None) -> None:
        """End the newest process, or the one given."""
        ended = identity or self.launched[-1]
        self._live.pop(ended.run_id, None)
        self.codes[ended.run_id] = code
        for future in self._exits.pop(ended.run_id, []):
            if not future.done():
                future.set_result(Exit(code))

    def birth(self, pid: int) -> str | None:
        return None

    async def launch(self, launch: Launch) -> Identity:
        self.on_launch()
        if self.broken is not None:
            raise self.broken
        return self.exist(launch.run_id)

    def exited(self, identity: Identity, exit_file: Path) -> asyncio.Future[Exit]:
        future: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        if self._live.get(identity.run_id) == identity:
            self._exits.setdefault(identity.run_id, []).append(future)
        else:
            future.set_result(Exit(self.codes.get(identity.run_id)))
        return future

    def alive(self, identity: Identity) -> bool:
        return self._live.get(identity.run_id) == identity

    def frozen(self, identity: Identity) -> bool:
        return identity.run_id in self.stopped

    def members(self, identity: Identity) -> tuple[int, ...]:
        return (identity.pid,) if self.alive(identity) else ()

    def descendants(self, identity: Identity) -> tuple[int, ...]:
        return self.members(identity)

    def signal(self, identity: Identity, signal: int) -> int:
        self.signals.append(signal)
        return len(self.members(identity))

    async def stop(self, identity: Identity, signal: int, grace_s: float) -> None:
        self.stops.append(signal)
        await self.stubborn.wait()
        if self.alive(identity):
            self.end(-signal, identity)

    def find(self) -> dict[str, Identity]:
        return dict(self._live)

    def usage(self, sessions: Collection[int] | None = None) -> dict[int, Usage]:
        return {}


class _Kept:
    """The part of the store that supervision writes to."""

    def __init__(self) -> None:
        self.runs: dict[str, RunRecord] = {}
        self.unit: UnitRecord | None = None
        self.full: HiveError | None = None

    def put_run(self, run: RunRecord) -> None:
        if self.full is not None:
            raise self.full
        self.runs[run.run_id] = run

    def put_unit(self, unit: UnitRecord) -> None:
        if self.full is not None:
            raise self.full
        self.unit = unit


class _Written:
    """A log that holds the same lines for ever."""

    def end(self, env_uid: str, source: str) -> int:
        return 77

    def tail(self, env_uid: str, source: str, lines: int, *, since: int = 0) -> tuple[str, ...]:
        return (f"last words from {since}",)


class Stage:
    """A unit and all that is around it."""

    def __init__(self, service: Service = API, stage: Stage | None = None) -> None:
        """Set it up; with `stage` as the next daemon would, over the same processes and store."""
        self.processes: ScriptedProcesses = (
            ScriptedProcesses() if stage is None else stage.processes
        )
        self.kept: _Kept = _Kept() if stage is None else stage.kept
        self.events: list[tuple[str, str]] = []
        self.seen: list[tuple[ServiceState, str | None]] = []
        self.looks: list[asyncio.Future[float]] = []
        """One for every look for readiness: the test ends them."""
        self.number: int = 0 if stage is None else stage.number
        self.unit = Unit(
            env=ENV,
            service=service,
            host=lambda _, record: ProcessHost(self.processes, self._order, self._look),
            logs=cast("Logs", _Written()),
            store=cast("Store", self.kept),
            clock=LoopClock(),
            changed=lambda unit: self.seen.append((unit.state, unit.reason)),
            event=self._event,
            jitter=lambda: 0.5,
        )

    @property
    def states(self) -> list[ServiceState]:
        """All states that were shown, in order."""
        return [state for state, _ in self.seen]

    def state(self) -> ServiceState:
        """The state now. A call, so that no earlier assertion is taken to still hold."""
        return self.unit.state

    async def up(self) -> None:
        """Start it and let it get ready."""
        await self.unit.start()
        await self.get_ready()

    async def get_ready(self, late_s: float = 0.001) -> None:
        """Let the present look for readiness succeed."""
        await settle()
        self.looks[-1].set_result(late_s)
        await settle()

    async def crash(self, code: int | None = 1) -> None:
        """End the newest process by itself."""
        self.processes.end(code)
        await settle()

    def _order(self, service: Service) -> Launch:
        self.number += 1
        return Launch(
            run_id=f"tag.{self.number}",
            argv=("serve",),
            cwd="/srv/auth",
            env={},
            log=Path("/dev/null"),
            exit_file=Path(f"/nowhere/tag.{self.number}.exit"),
        )

    async def _look(
        self, service: Service, identity: Identity, offset: int, died: asyncio.Future[Exit]
    ) -> float:
        look: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.looks.append(look)
        both: list[asyncio.Future[float] | asyncio.Future[Exit]] = [look, died]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if died.done():
            raise HiveError("it died")
        return look.result()

    def _event(
        self, kind: str, message: str, *, service: str, level: str, data: dict[str, object]
    ) -> None:
        if self.kept.full is not None:
            raise self.kept.full
        self.events.append((kind, level))


async def settle() -> None:
    """Let everything that can go on without a timer do so."""
    for _ in range(20):
        await asyncio.sleep(0)
