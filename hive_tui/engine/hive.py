"""The hive: all projects and environments of one home, found by name and kept up to date."""

from __future__ import annotations

import asyncio
import difflib
import logging
import os
from collections.abc import Callable, Sequence

from hive_tui.config import loading
from hive_tui.config.prompts import templates
from hive_tui.engine import links
from hive_tui.engine.admission import Admission
from hive_tui.engine.adopting import Adopting
from hive_tui.engine.common import Commons
from hive_tui.engine.container_recovery import ContainerRecovery
from hive_tui.engine.costs import Costs
from hive_tui.engine.destroying import Destroying
from hive_tui.engine.forwarding import Forwarding
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.protocols import Forwards
from hive_tui.engine.recovery import Recovery
from hive_tui.engine.sharing import Sharing
from hive_tui.engine.snapshot_protocols import Shelves
from hive_tui.engine.snapshots import Snapshots
from hive_tui.engine.spawning import Spawning
from hive_tui.engine.transitions import Transitions
from hive_tui.engine.world import World
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError, NotFoundError, UsageError
from hive_tui.model.project import Limits, Project
from hive_tui.model.wire import HiveView, ProjectView

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int], ...]
"""Time and size of each file that a project comes from."""


class Hive:
    """Holds the envs; the rooms beside it change them."""

    def __init__(self, world: World, forwards: Forwards, shelves: Shelves) -> None:
        self.world = world
        self.forwarding = Forwarding(world, forwards, self.by_uid)
        self.envs: dict[str, LiveEnv] = {}
        """By `project/name`."""
        self.projects: dict[str, Project] = {}
        """By name: the last hive.toml of each that could be read."""
        self.entered: Callable[[LiveEnv], None] = lambda live: None
        """Told of each env that comes into the hive."""
        self.left: Callable[[LiveEnv], None] = lambda live: None
        """Told of each env that goes."""
        self._stamps: dict[str, Stamp] = {}
        self._problems: dict[str, str] = {}
        self._tried: dict[str, Stamp] = {}
        self.transitions = Transitions(world)
        self.costs = Costs(world.store, world.clock)
        self.admission = Admission(world, self.transitions, self.costs, self.envs.values)
        self.spawning = Spawning(world, self.transitions, self.enter, self.leave, self.admission)
        self.adopting = Adopting(world, self.spawning)
        self.commons = Commons(world, self.spawning.claim)
        self.sharing = Sharing(world, self.commons)
        self.snapshots = Snapshots(world, shelves, self.transitions)
        self._finishing: set[asyncio.Task[None]] = set()
        self.destroying = Destroying(
            world,
            self.transitions,
            self.spawning,
            self.sharing,
            self.snapshots,
            self.enter,
            self.leave,
        )
        self._containers = ContainerRecovery(world, lambda: list(self.all().values()))
        self._recovery = Recovery(
            world,
            self.transitions,
            self.spawning,
            self.destroying,
            self.refresh,
            self.leave,
            self._containers,
            self.admission,
        )
        self.short_of_memory: Callable[[], str | None] = lambda: None
        """Why memory is short, in words; `None` where it is not."""

    async def open(self) -> None:
        """Read the store, find what runs and go on with what was half done."""
        for name, root in self.world.store.projects().items():
            self._read(name, root)
        self.commons.open()
        for common in self.commons:
            common.unread = self._problems.get(common.record.project)
        for record in self.world.store.envs():
            project = self.projects.get(record.project)
            if project is None:
                root = self.world.store.projects().get(record.project, record.worktree)
                project = Project(name=record.project, root=root)
            live = self.enter(record, project)
            if record.project in self._problems:
                live.unread = (
                    f"hive.toml cannot be used: {self._problems[record.project]}; mend it, "
                    f"then `hive warm {record.name}`"
                )
        for live in self.envs.values():
            await links.remount(live)
        await self.spawning.drop_half_made(self.world.store.projects().get)
        await self._recovery.run(self.all())
        for live in self.envs.values():
            task = asyncio.ensure_future(self.snapshots.resume(live))
            self._finishing.add(task)
            task.add_done_callback(self._finishing.discard)
        for common in self.commons:
            common.settle()
        for project in self.projects.values():
            if any(live.record.project == project.name for live in self.envs.values()):
                self.spawning.prepare_spares(project)
        await self.forwarding.open()
        self.destroying.empty_trash()
        for root in self.world.store.projects().values():
            self.destroying.expire_recovery(root)

    async def close(self) -> None:
        """Let go of everything; services run on."""
        await self.forwarding.close()
        await self.admission.close()
        await self._containers.close()
        await self.spawning.close()
        await self.destroying.close()
        await self.transitions.close()
        await self.snapshots.close()
        await asyncio.gather(*self._finishing, return_exceptions=True)
        await self.commons.close()
        for live in self.all().values():
            for unit in live.own.values():
                await unit.close()

    # --- projects ----------------------------------------------------------------------------

    async def register(self, cwd: str) -> Project:
        """The project that a folder belongs to, registered from now on.

        Raises:
            HiveError: No git repository, no hive.toml, or one that cannot be used.
        """
        if (live := self.env_at(cwd)) is not None:
            return self.project(live.record.project)
        place = await self.world.worktrees.place(cwd)
        project = loading.load(place.root)
        known = self.world.store.projects()
        if known.get(project.name) != project.root:
            self.world.store.put_project(project.name, project.root)
        self._take(project)
        return self.projects[project.name]

    def project(self, name: str) -> Project:
        """The project as its hive.toml is now.

        Raises:
            NotFoundError: No project of that name.
            ConfigError: Its hive.toml cannot be used.
        """
        root = self.world.store.projects().get(name)
        if root is None:
            raise NotFoundError(
                f"no project {name!r}", hint="run `hive spawn` in its repository first"
            )
        known = self.projects.get(name)
        stamp = _stamp(root, known.sources if known is not None else ())
        if name not in self.projects or self._stamps.get(name) != stamp:
            try:
                self._take(loading.load(root))
            except HiveError as error:
                self._problems[name] = error.message
                raise
        return self.projects[name]

    def limits(self, live: LiveEnv) -> Limits:
        """What an env's project allows, as its hive.toml is now; the last one that could be read.

        What limits the idle must count also where nobody asks for anything.
        """
        known = self.projects.get(live.record.project, live.project)
        stamp = _stamp(known.root, known.sources)
        if stamp not in (self._stamps.get(known.name), self._tried.get(known.name)):
            self._tried[known.name] = stamp  # what cannot be read is not tried every two seconds
            self._read(known.name, known.root)
        return self.projects.get(known.name, known).limits

    def refresh(self, live: LiveEnv) -> None:
        """Give an env its project's newest hive.toml.

        Raises:
            ConfigError: It cannot be used; what runs goes on with the old one.
        """
        project = self.project(live.record.project)
        if project is not live.project:
            live.common = self.commons.of(project.name)
            self.commons.enter(live)
            live.adopt_project(project)

    async def unregister(self, name: str) -> None:
        """Forget a project that has no env any more, and what its last ones left.

        Raises:
            HiveError: It still has envs.
        """
        left = [live.record.name for live in self.envs.values() if live.record.project == name]
        if left:
            raise HiveError(
                f"project {name} still has the envs {', '.join(sorted(left))}",
                hint="destroy or release them first",
                code="project_in_use",
            )
        await self.destroying.forget(name)
        await self.commons.drop(name)
        self.costs.forget_project(name)
        self.projects.pop(name, None)
        self._problems.pop(name, None)
        self.world.store.drop_project(name)

    def project_views(self) -> tuple[ProjectView, ...]:
        """Every registered project, by name."""
        views = []
        for name, root in sorted(self.world.store.projects().items()):
            project = self.projects.get(name)
            views.append(
                ProjectView(
                    name=name,
                    root=root,
                    error=self._problems.get(name),
                    services=tuple(project.services) if project else (),
                    tests=tuple(project.tests) if project else (),
                    prompts=templates(project.prompts if project else {}),
                )
            )
        return tuple(views)

    # --- envs --------------------------------------------------------------------------------

    def enter(self, record: EnvRecord, project: Project) -> LiveEnv:
        """Put an env into the hive and show it."""
        live = LiveEnv(self.world, record, project, self.commons.of(record.project))
        self.commons.enter(live)
        self.envs[live.id] = live
        self.entered(live)
        return live

    def leave(self, live: LiveEnv) -> None:
        """Take an env out of the hive and out of the store."""
        self.world.store.drop_env(live.record.uid)
        if self.envs.get(live.id) is live:
            del self.envs[live.id]
        self.commons.leave(live)
        self.left(live)
        live.removed()
        self.forwarding.left(live)

    def by_uid(self, uid: str) -> LiveEnv | None:
        """The env of that uid; `None`: there is none."""
        return next((live for live in self.envs.values() if live.record.uid == uid), None)

    def all(self) -> dict[str, LiveEnv]:
        """The envs and what they have in common, by id."""
        return {**self.envs, **{common.id: common for common in self.commons}}

    def env(self, word: str) -> LiveEnv:
        """The env of that name, bare or as `project/name`.

        Raises:
            NotFoundError: None, with the nearest names.
            UsageError: Several projects have one.
        """
        if word in self.envs:
            return self.envs[word]
        found = [live for live in self.envs.values() if live.record.name == word]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(sorted(live.id for live in found))
            raise UsageError(f"{word!r} is not unique: {names}", hint="write project/name")
        known = sorted({live.record.name for live in self.envs.values()} | set(self.envs))
        near = difflib.get_close_matches(word, known, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "`hive list` shows all"
        raise NotFoundError(f"no env {word!r}", hint=hint, code="no_env")

    def env_at(self, cwd: str) -> LiveEnv | None:
        """The env whose worktree holds a folder; `None` outside of all."""
        folder = os.path.realpath(cwd)
        for live in self.envs.values():
            worktree = os.path.realpath(live.record.worktree)
            if folder == worktree or folder.startswith(worktree + os.sep):
                return live
        return None

    def resolve(
        self, words: Sequence[str], cwd: str, inside: str | None = None
    ) -> tuple[LiveEnv, list[str]]:
        """The env that the first word names, else the one of the folder; and the words left.

        Args:
            words: What stands where a name may stand.
            cwd: Folder of who asks.
            inside: The env that started who asks, as `project/name`: the last resort.

        Raises:
            NotFoundError: Neither.
        """
        here = self.env_at(cwd) or self.envs.get(inside or "")
        if words:
            try:
                return self.env(words[0]), list(words[1:])
            except NotFoundError:
                if here is None:
                    raise
        if here is None:
            raise NotFoundError(
                "no env is named, and this folder belongs to none",
                hint="name one (`hive list` shows all), or go into its worktree",
                code="no_env",
            )
        return here, list(words)

    def view(self) -> HiveView:
        """What the head line shows of the whole hive."""
        budget = self.admission.budget()
        cpu = sum(live.cpu_percent or 0.0 for live in self.all().values())
        scheduler = self.world.scheduler
        return HiveView(
            projects=self.project_views(),
            memory_used_bytes=budget.used_bytes,
            memory_limit_bytes=budget.limit_bytes,
            memory_forecast_bytes=budget.forecast_bytes,
            memory_free_bytes=budget.free_bytes,
            pressure=self.short_of_memory(),
            cpu_percent=round(cpu, 1),
            slots=scheduler.slots,
            slots_taken=scheduler.slots_taken,
        )

    # --- the parts ---------------------------------------------------------------------------

    def _read(self, name: str, root: str) -> None:
        try:
            self._take(loading.load(root))
        except HiveError as error:
            self._problems[name] = error.message
            log.warning("project=%s cannot be read: %s", name, error)

    def _take(self, project: Project) -> None:
        known = self.projects.get(project.name)
        project = self.commons.place(project)
        self._stamps[project.name] = _stamp(project.root, project.sources)
        self._problems.pop(project.name, None)
        if known is None or known.digest != project.digest:
            self.projects[project.name] = project


def _stamp(root: str, sources: Sequence[str]) -> Stamp:
    """Changes whenever hive.toml or a file that it refers to does; (0, 0) for one that is not."""
    found: list[tuple[int, int]] = []
    for name in ("hive.toml", *sources):
        try:
            at = os.stat(os.path.join(root, name))
            found.append((at.st_mtime_ns, at.st_size))
        except OSError:
            found.append((0, 0))
    return tuple(found)


async def settle(hive: Hive) -> None:
    """Wait until no transition runs in any env."""
    await asyncio.gather(*(hive.transitions.settle(live) for live in list(hive.envs.values())))
