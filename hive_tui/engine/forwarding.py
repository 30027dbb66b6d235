"""Fixed ports for the outside: those of a project lead to one of its envs at a time.

For call-backs and tools that know one address only. Which env has them is stored, so that the next
daemon listens again; the connections themselves are the driver's business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

import msgspec

from hive_tui.engine.live import LiveEnv
from hive_tui.engine.port_holder import holder
from hive_tui.engine.protocols import Forwards, PortTakenError
from hive_tui.engine.world import World
from hive_tui.model.errors import HiveError, UsageError
from hive_tui.model.project import Project

log = logging.getLogger(__name__)


class ForwardView(msgspec.Struct, frozen=True):
    """One fixed port, as commands show it."""

    project: str
    port: int
    name: str
    """Of the env's port that it leads to."""
    env: str | None
    """`None` while it leads nowhere."""
    target: int | None


class Forwarding:
    """The fixed ports of all projects."""

    def __init__(
        self, world: World, forwards: Forwards, env: Callable[[str], LiveEnv | None]
    ) -> None:
        """Create it; nothing listens yet.

        Args:
            world: The drivers.
            forwards: Listens and carries.
            env: Finds an env by uid.
        """
        self._world = world
        self._forwards = forwards
        self._env = env
        self._leaving: set[asyncio.Future[None]] = set()
        self._shown: dict[str, LiveEnv] = {}
        """By project: the env that is shown to have its ports."""

    @property
    def busy(self) -> bool:
        """True while a port is held: the daemon has to stay."""
        return bool(self._forwards.open_ports())

    async def open(self) -> None:
        """Listen again for the envs that had their project's ports."""
        for uid in self._world.store.forwards().values():
            if (live := self._env(uid)) is not None:
                try:
                    await self._listen(live)
                except HiveError as error:
                    live.event("forward.failed", f"{live.record.name}: {error}", level="error")

    async def switch(self, live: LiveEnv) -> tuple[ForwardView, ...]:
        """Lead the project's fixed ports to an env; connections to another one are closed.

        Raises:
            UsageError: hive.toml has no fixed ports.
            HiveError: Somebody else holds one; then all lead where they did.
        """
        project = live.project
        if not project.forward:
            raise UsageError(
                f"{project.name} has no fixed ports",
                hint='say in hive.toml which lead where: `[forward]`, `3000 = "web"`',
                code="no_forward",
            )
        await self._listen(live)
        before = self._world.store.forwards().get(project.name)
        if before != live.record.uid:
            self._world.store.put_forward(project.name, live.record.uid)
            ports = ", ".join(map(str, project.forward))
            live.event("forward.switched", f"{live.record.name}: has the fixed ports {ports} now")
        return self.views([project])

    async def off(self, project: Project) -> tuple[ForwardView, ...]:
        """Let a project's fixed ports go."""
        self._world.store.put_forward(project.name, None)
        await self._forwards.close(project.name)
        self._show(project.name, None)
        return self.views([project])

    def left(self, live: LiveEnv) -> None:
        """Let the ports go with the env that had them."""
        if self._forwards.owner(live.project.name) == live.record.uid:
            self._shown.pop(live.project.name, None)
            task = asyncio.ensure_future(self._forwards.close(live.project.name))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Let all go; the next daemon listens again."""
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self._forwards.close()

    def views(self, projects: Iterable[Project]) -> tuple[ForwardView, ...]:
        """Every fixed port, and where it leads."""
        found = []
        for project in projects:
            targets = self._forwards.open_ports().get(project.name, {})
            uid = self._forwards.owner(project.name)
            live = self._env(uid) if uid is not None else None
            for port, name in sorted(project.forward.items()):
                target = targets.get(port)
                env = live.record.name if live is not None and target is not None else None
                found.append(ForwardView(project.name, port, name, env, target))
        return tuple(found)

    async def _listen(self, live: LiveEnv) -> None:
        project = live.project
        try:
            await self._forwards.lead(
                project.name, live.record.uid, targets(project, live.record.port_base)
            )
        except PortTakenError as error:
            raise self._taken(live, error.port) from error
        self._show(project.name, live)

    def _show(self, project: str, live: LiveEnv | None) -> None:
        """Let the env that has the ports now say so, and the one before no more."""
        before = self._shown.pop(project, None)
        if before is not None and before is not live and before.fixed_ports:
            before.fixed_ports = ()
            before.changed()
        if live is not None:
            self._shown[project] = live
            if (ports := tuple(sorted(live.project.forward))) != live.fixed_ports:
                live.fixed_ports = ports
                live.changed()

    def _taken(self, live: LiveEnv, port: int) -> HiveError:
        return HiveError(
            f"port {port} is taken by {holder(self._world, port)}",
            hint="end that process, or give [forward] another port; then try again",
            code="port_taken",
            env=live.record.name,
        )


def targets(project: Project, base: int) -> dict[int, int]:
    """Fixed port -> where it leads, for the env whose block begins at `base`.

    That of a shared service leads to the one that all envs have.
    """
    numbers = project.ports_at(base)
    return {port: numbers[name] for port, name in project.forward.items()}
