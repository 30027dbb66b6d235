"""What the envs of one project have in common: its shared services, as an env that nobody sees.

Which of them have to run is never stored: it follows from what is wanted of the envs, so that no
count can be wrong after a crash. They are started by the plans of the envs, and stopped from here.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import msgspec

from hive_tui.engine import engagements
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.plan import in_order, needed
from hive_tui.engine.world import World
from hive_tui.model.environment import EnvRecord, Wanted
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Project

log = logging.getLogger(__name__)

NAME = "_shared"
"""Name of it: no env can have that one."""


class Common(LiveEnv):
    """The shared services of one project."""

    def __init__(self, world: World, record: EnvRecord, project: Project) -> None:
        """Know of it; nothing is started.

        Args:
            world: The drivers.
            record: What is stored of it.
            project: The whole project.
        """
        self.users: dict[str, LiveEnv] = {}
        """Envs of the project, by uid."""
        self._locks: dict[str, asyncio.Lock] = {}
        self._settling: asyncio.Task[None] | None = None
        self._unsettled = False
        self._closed = False
        self.holds: dict[str, int] = {}
        """How often a service is held up by what is no env."""
        self.whole = msgspec.structs.replace(project, shared_base=record.port_base)
        """The project with what is not shared."""
        super().__init__(world, record, _narrowed(self.whole))

    def changed(self) -> None:
        """Show the change in every env that shares it."""
        for live in self.users.values():
            live.changed()

    def alone(self, name: str) -> asyncio.Lock:
        """Hold what only one env may do at a time with a service."""
        return self._locks.setdefault(name, asyncio.Lock())

    def take(self, project: Project) -> None:
        """Take a newer hive.toml."""
        self.whole = msgspec.structs.replace(project, shared_base=self.record.port_base)
        self.adopt_project(_narrowed(self.whole))

    def used(self) -> frozenset[str]:
        """Services that must not go."""
        asked = {name for live in self.users.values() for name in live.shared_needs()}
        kept = {name for name, unit in self.own.items() if unit.service.keep and unit.wanted}
        return needed(self.project, asked | kept | self.holds.keys()) | asked

    def users_of(self, name: str) -> list[LiveEnv]:
        """Envs that need a service as they are wanted."""
        return [live for live in self.users.values() if name in live.shared_needs()]

    @asynccontextmanager
    async def up(self, name: str) -> AsyncIterator[None]:
        """Have a service ready for as long as this lasts, and stop it again if nobody needs it.

        Raises:
            HiveError: It cannot be started, or does not become ready.
        """
        self.holds[name] = self.holds.get(name, 0) + 1
        try:
            for each in in_order(self.project, name):
                await self.own[each].start()
                await self.own[each].wait_ready()
            yield
        finally:
            self.holds[name] -= 1
            if not self.holds[name]:
                del self.holds[name]
            self.settle()

    def settle(self) -> None:
        """Stop, soon, what no env needs any more; nothing while that cannot be read."""
        if self.unread is not None:
            return
        self._unsettled = True
        if (self._settling is None or self._settling.done()) and not self._closed:
            self._settling = asyncio.ensure_future(self._settle())

    async def settled(self) -> None:
        """Return once what no env needs is stopped."""
        while self._settling is not None and not self._settling.done():
            await asyncio.wait([self._settling])

    async def close(self) -> None:
        """Let go of it; what runs runs on."""
        self._closed = True
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)

    async def _settle(self) -> None:
        while self._unsettled:
            self._unsettled = False
            while (name := self._spare()) is not None:
                unit = self.own[name]
                self.event("service.unshared", f"{name}: no env needs it any more", service=name)
                try:
                    await unit.stop()
                except HiveError as error:
                    log.warning("shared service=%s of %s stays: %s", name, self.id, error)
                    break
        self._forget_ended()

    def _spare(self) -> str | None:
        """A service that runs, and that neither an env nor another one that runs needs."""
        used = self.used()
        up = [name for name, unit in self.own.items() if unit.running or unit.wanted]
        for name in up:
            others = needed(self.project, (other for other in up if other != name))
            if name not in used and name not in others:
                return name
        return None


def _narrowed(project: Project) -> Project:
    """The part of a project that its envs have in common: `[env]` is what each has for itself."""
    return msgspec.structs.replace(project, services=project.shared, tasks={}, tests={}, env={})


class Commons:
    """What each project's envs have in common."""

    def __init__(self, world: World, claim: Callable[[EnvRecord, Project], EnvRecord]) -> None:
        """Create it.

        Args:
            world: The drivers.
            claim: Takes a block of ports.
        """
        self._world = world
        self._claim = claim
        self._by_project: dict[str, Common] = {}

    def __iter__(self) -> Iterator[Common]:
        return iter(tuple(self._by_project.values()))

    def open(self) -> None:
        """Take up those whose hive.toml cannot be used: what runs of them is not forgotten."""
        for record in self._world.store.commons():
            if record.project not in self._by_project:
                self._take_up(record, Project(name=record.project, root=record.worktree))

    def of(self, project: str) -> Common | None:
        """What the project's envs have in common; `None` where they have nothing."""
        return self._by_project.get(project)

    def place(self, project: Project) -> Project:
        """The project with its shared ports in place, which are claimed where they are not yet.

        Raises:
            HiveError: No block of ports is free.
        """
        common = self._by_project.get(project.name)
        if common is None:
            stored = {record.project: record for record in self._world.store.commons()}
            record = stored.get(project.name)
            if record is None and not project.shared:
                return project
            if record is None:
                record = self._claim(_draft(project, self._world.clock.now()), project)
            common = self._take_up(record, project)
        else:
            common.take(project)
        return msgspec.structs.replace(project, shared_base=common.record.port_base)

    def enter(self, live: LiveEnv) -> None:
        """Let an env share, from now on."""
        if live.common is not None:
            live.common.users[live.record.uid] = live

    def leave(self, live: LiveEnv) -> None:
        """Let an env share no more."""
        if live.common is not None:
            live.common.users.pop(live.record.uid, None)
            live.common.settle()

    def _take_up(self, record: EnvRecord, project: Project) -> Common:
        common = Common(self._world, record, project)
        self._by_project[record.project] = common
        return common

    async def drop(self, project: str) -> None:
        """Forget what a project without envs had in common."""
        common = self._by_project.pop(project, None)
        if common is None:
            return
        common.settle()
        await common.settled()
        for unit in common.own.values():
            await unit.stop()
        await common.close()
        await engagements.leave(self._world, common.record, volumes=True)
        self._world.store.drop_env(common.record.uid)
        self._world.logs.forget(common.record.uid)

    async def close(self) -> None:
        """Let go of all; what runs runs on."""
        for common in self._by_project.values():
            await common.close()


def _draft(project: Project, now: float) -> EnvRecord:
    return EnvRecord(
        uid=secrets.token_hex(6),
        project=project.name,
        name=NAME,
        slug=f"shared-{project.name}",
        index=0,
        branch="",
        base="",
        base_commit="",
        worktree=project.root,
        port_base=0,
        port_size=project.ports.block,
        created=now,
        wanted=Wanted.STOPPED,
        owned=False,
        branch_made=False,
        common=True,
    )
