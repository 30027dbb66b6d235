"""Runs services of one env as containers, behind the verbs of `hosting`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec.structs import replace

from hive_tui.config import templates
from hive_tui.engine.container_protocols import Contained, Containers, ContainerSpec, Place, Told
from hive_tui.engine.container_spec import build_spec, container_spec, place, published
from hive_tui.engine.hosting import Found, Order, Running
from hive_tui.engine.protocols import Exit
from hive_tui.engine.state import RunRecord
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import StepKind
from hive_tui.model.project import Project, Ready, ReadyKind, Service, Stop

if TYPE_CHECKING:
    from hive_tui.engine.world import World

NEVER = Contained(container="", started="")
"""A run that was about to be when a daemon died, and of which nothing is there."""


class ContainerHost:
    """The containers of one env's services. Implements `Host`."""

    def __init__(self, world: World, record: EnvRecord, project: Callable[[], Project]) -> None:
        """Create it; asks nothing of the engine.

        Args:
            world: The drivers.
            record: The env.
            project: Its project as it is now.
        """
        self._world = world
        self._record = record
        self._project = project
        self._noted = False

    def order(self, service: Service) -> Order:
        """A new run, in a container that is there or is made."""
        spec = self.spec(service)

        async def begin() -> Running:
            self._note()
            run = await self._containers.start(spec, self._told(service.name))
            return self._running(spec.place, run)

        return Order(self._world.launcher.new_run_id(), "", begin)

    def adopt(self, record: RunRecord, found: Found | None) -> Running:
        """Watch a run again; where it ended meanwhile, the watch says so."""
        run = found if isinstance(found, Contained) else record.contained
        return self._running(place(self._record, record.name), run or NEVER)

    async def reachable(self) -> None:
        """Return once the engine answers."""
        await self._containers.reachable()

    async def prepare(self, service: Service) -> None:
        """Have everything that its start needs: image, network, volumes, container.

        Raises:
            HiveError: Something of it is not to be had.
        """
        spec = self.spec(service)
        self._note()
        await self._containers.prepare(spec, self._told(service.name))

    async def build(self, service: Service) -> None:
        """Build its image, unless it is there.

        Raises:
            HiveError: It cannot be built.
        """
        spec = build_spec(self._project(), self._record, service)
        if spec is not None:
            where = place(self._record, service.name)
            await self._containers.build(spec, where, self._told(service.name))

    async def built(self, service: Service) -> bool:
        """Whether its image is there; false also where that cannot be told."""
        spec = build_spec(self._project(), self._record, service)
        try:
            return spec is None or await self._containers.built(spec)
        except HiveError:
            return False

    def spec(self, service: Service) -> ContainerSpec:
        """The container that a service should be.

        Raises:
            HiveError: A secret is missing.
        """
        project = self._project()
        env = self._world.launcher.contained(project, self._record, service)
        return container_spec(project, self._record, service, env)

    @property
    def _containers(self) -> Containers:
        return self._world.containers

    def _told(self, service: str) -> Told:
        """Writes lines of progress into the service's log."""
        logs, uid = self._world.logs, self._record.uid
        return lambda line: logs.write(uid, service, f"{line}\n".encode())

    def _note(self) -> None:
        """Keep, before anything is made, that the env has things at the engine."""
        if not self._noted:
            self._world.store.put_engaged(self._record.uid)
            self._noted = True

    def _running(self, where: Place, run: Contained) -> Running:
        return _Container(self, self._world, self._record, self._project, where, run)


class _Container:
    """One run of a container. Implements `Running`, and `Inside` for readiness."""

    def __init__(
        self,
        host: ContainerHost,
        world: World,
        record: EnvRecord,
        project: Callable[[], Project],
        where: Place,
        run: Contained,
    ) -> None:
        self._host = host
        self._world = world
        self._containers = world.containers
        self._record = record
        self._project = project
        self._run = run
        self.exited: asyncio.Future[Exit] = world.containers.exited(run, where)

    @property
    def found(self) -> Contained | None:
        return self._run if self._run.container else None

    @property
    def pid(self) -> int | None:
        return self._run.pid or None

    @property
    def alive(self) -> bool:
        return self._containers.alive(self._run)

    @property
    def frozen(self) -> bool:
        return self._containers.paused(self._run)

    async def freeze(self) -> None:
        await self._containers.pause(self._run)

    async def thaw(self) -> None:
        await self._containers.unpause(self._run)

    async def stop(self, stop: Stop) -> None:
        signal = None if stop.signal is None else f"SIG{stop.signal}"
        await self._containers.stop(self._run, signal, stop.grace_s)
        await asyncio.wait([self.exited])

    def kept(self, record: RunRecord) -> RunRecord:
        return replace(record, contained=self._run)

    # --- readiness -----------------------------------------------------------------------------

    async def ready(self, service: Service, log_offset: int) -> float:
        world, record, project = self._world, self._record, self._project()
        ready = service.ready
        values = templates.values(project, record)
        value = "" if ready is None else templates.expand(ready.value, values)
        ports = published(project, record, service)
        if ready is not None and ready.kind is ReadyKind.FILE and not os.path.isabs(value):
            value = os.path.join(record.worktree, value)
        learned = world.store.learned(project.name)
        return await world.readiness.wait_inside(
            ready,
            self,
            env_uid=record.uid,
            source=service.name,
            value=value,
            port=_port(ready, value, project, record, service),
            published=ports,
            log_offset=log_offset,
            died=asyncio.shield(self.exited),
            expected_s=learned.get(f"{StepKind.READY}:{service.name}"),
        )

    def listening(self) -> Mapping[int, bool] | None:
        return self._containers.listening(self._run)

    def listens(self, port: int) -> bool | None:
        return self._containers.listens(self._run, port)

    async def answers(self, port: int) -> bool:
        return await self._containers.answers(port)

    async def holds(self, path: str) -> bool:
        if path.startswith(self._record.worktree + os.sep):
            return os.path.exists(path)
        return await self._containers.holds(self._run, path)

    async def probe(self, command: str) -> tuple[int, str]:
        values = templates.values(self._project(), self._record)
        script, variables = templates.shell(command, values)
        return await self._containers.exec(self._run, script, variables)


def _port(
    ready: Ready | None, value: str, project: Project, record: EnvRecord, service: Service
) -> int | None:
    """Port of this machine that readiness is about; `None` where it is about none."""
    if ready is None:
        return None
    if ready.kind is ReadyKind.TCP:
        return project.ports_at(record.port_base).get(ready.value)
    if ready.kind is ReadyKind.HTTP:
        parts = urlsplit(value)
        try:
            return parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return None
    return None
