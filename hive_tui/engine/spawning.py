"""Makes environments, takes in existing worktrees, and prepares spare ones ahead.

A spawn is a journalled transaction: what it decides is stored before it is done, and what failed
is undone as far as this spawn made it, never further.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
from collections.abc import Awaitable, Callable

import msgspec

from hive_tui.config import templates
from hive_tui.engine import ports, unwaited
from hive_tui.engine.admission import Admission, Mode
from hive_tui.engine.execution import Making
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.progress import Watch
from hive_tui.engine.state import JournalEntry, Spare
from hive_tui.engine.transitions import Ended, Result, Transitions
from hive_tui.engine.world import World
from hive_tui.model.environment import EnvRecord, Wanted
from hive_tui.model.errors import HiveError, RefusedError, UsageError
from hive_tui.model.plan import Outcome, StepKind, Transition
from hive_tui.model.project import Boundaries, Project

log = logging.getLogger(__name__)

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Wish(msgspec.Struct, frozen=True):
    """What the user asked for with `hive spawn`."""

    name: str
    base: str | None = None
    branch: str | None = None
    reuse_branch: bool = False
    boundaries: Boundaries = Boundaries()
    """Of its own, beside the project's."""
    warm: Mode | None = None
    """To be warmed afterwards, and what happens where it does not fit; `None` leaves it cold."""


def check_name(name: str) -> None:
    """Refuse what cannot be an env's name.

    Raises:
        UsageError: With the rule.
    """
    if NAME.fullmatch(name) is None:
        raise UsageError(
            f"{name!r} cannot be the name of an env",
            hint="a name starts with a to z, goes on with a-z, 0-9 and -, and has at most 32",
            code="bad_name",
        )


class Spawning:
    """Makes envs of all projects."""

    def __init__(
        self,
        world: World,
        transitions: Transitions,
        enter: Callable[[EnvRecord, Project], LiveEnv],
        leave: Callable[[LiveEnv], None],
        admission: Admission,
    ) -> None:
        """Create it.

        Args:
            world: The drivers.
            transitions: Runs the spawn.
            enter: Puts a new env into the hive.
            leave: Takes one out that could not be made.
            admission: Warms it afterwards, if it fits.
        """
        self._world = world
        self._transitions = transitions
        self._enter = enter
        self._leave = leave
        self._admission = admission
        self._preparing: dict[str, asyncio.Task[None]] = {}

    async def spawn(
        self, project: Project, wish: Wish, *, watch: Watch | None = None, wait: bool = True
    ) -> Ended:
        """Make an env and leave it cold, or warm where that is wished.

        Raises:
            HiveError: It cannot be made; nothing was.
        """
        check_name(wish.name)
        self._check_free(project, wish.name)
        try:
            draft, commit = await self._draft_of(project, wish)
            _check_folder(wish.name, draft.worktree)
        except HiveError:
            self._check_free(project, wish.name)  # somebody else may just have made it
            raise
        # Without a base commit the row is only a reservation: a daemon that finds it like that,
        # and nothing in the journal, drops it.
        claimed = self.claim(msgspec.structs.replace(draft, base_commit=""), project)
        record = msgspec.structs.replace(claimed, base_commit=draft.base_commit)
        try:
            journal_id = self._world.store.open_journal(
                record.uid,
                Transition.SPAWN,
                {
                    "commit": commit,
                    "base_commit": record.base_commit,
                    "warm": wish.warm is not None,
                    "room": wish.warm,
                },
            )
            self._world.checkpoint("claimed:spawn")
            self._world.store.put_env(record)
        except HiveError:
            self._world.store.drop_env(record.uid)
            raise
        live = self._enter(record, project)
        spare = self._take_spare(project)
        self._world.checkpoint("spare:spawn")
        making = Making(
            commit, create_branch=record.branch_made, spare=spare.folder if spare else None
        )
        return await self._run(live, making, wish.warm, watch, wait, journal_id)

    async def resume(self, live: LiveEnv, entry: JournalEntry) -> None:
        """Go on with a spawn that a daemon left half done: undo its worktree and make it again."""
        params = entry.params
        if not live.record.base_commit:
            base_commit = str(params["base_commit"])
            live.put_record(msgspec.structs.replace(live.record, base_commit=base_commit))
        record = live.record
        step = f"{StepKind.WORKTREE}:"
        if not any(made.startswith(step) for made in entry.made):
            await self._world.worktrees.discard(
                live.project.root,
                record.worktree,
                branch=record.branch if record.branch_made else None,
            )
        making = Making(str(params["commit"]), create_branch=record.branch_made)
        warm = Mode(str(params.get("room") or Mode.REFUSE.value)) if params["warm"] else None
        await self._run(live, making, warm, None, False, entry.id)

    async def adopt(self, project: Project, path: str, name: str | None) -> LiveEnv:
        """Take in a worktree that somebody else made; neither it nor its branch is ever deleted.

        Raises:
            HiveError: It is no worktree of the project, or already an env.
        """
        place = await self._world.worktrees.place(path)
        if place.root != project.root or place.worktree == place.root:
            raise UsageError(
                f"{path} is not a linked worktree of {project.name}",
                hint="give the folder of a worktree made with `git worktree add`",
                code="not_a_worktree",
            )
        for record in self._world.store.envs():
            if record.worktree == place.worktree:
                raise HiveError(
                    f"{place.worktree} is the env {record.name} already",
                    hint=f"hive status {record.name}",
                    code="exists",
                    env=record.name,
                )
        if name is None:
            name = re.sub(r"[^a-z0-9-]+", "-", os.path.basename(place.worktree).lower()).strip("-")
        check_name(name)
        base = project.base or await self._world.worktrees.default_branch(project.root)
        draft = msgspec.structs.replace(
            self._draft(project, name),
            branch=place.branch or "",
            base=base,
            base_commit=await self._world.worktrees.resolve(project.root, base),
            worktree=place.worktree,
            owned=False,
            branch_made=False,
            wanted=Wanted.STOPPED,
        )
        record = self.claim(draft, project)
        live = self._enter(record, project)
        live.event("env.adopted", f"{name}: took in {place.worktree}")
        return live

    def claim(self, record: EnvRecord, project: Project) -> EnvRecord:
        """Take a place in the hive for an env: its own port block if free, else another one."""

        def free(base: int) -> bool:
            ours = project.shared_ports if record.common else project.ports.names
            offsets = ours.values()
            return all(self._world.listening.bindable(base + offset) for offset in offsets)

        def choose(taken: frozenset[int]) -> int:
            if record.port_base and record.port_base not in taken and free(record.port_base):
                return record.port_base
            return ports.choose(
                project.ports.base, project.ports.block, taken, self._world.ephemeral, free=free
            )

        return self._world.store.claim_env(record, project.ports.block, choose)

    async def drop_half_made(self, root_of: Callable[[str], str | None]) -> None:
        """Remove spares that a daemon left while it made or took them."""
        for spare in self._world.store.spares():
            if spare.state != "ready":
                root = root_of(spare.project)
                try:
                    if root is not None:
                        await self._world.worktrees.discard(root, spare.folder, branch=None)
                except HiveError as error:  # its repository may be gone
                    log.warning("the spare %s stays: %s", spare.folder, error)
                self._world.store.drop_spare(spare.folder)

    def prepare_spares(self, project: Project) -> None:
        """Bring the project's spare worktrees to the number that it wants, in the background."""
        running = self._preparing.get(project.name)
        if running is None or running.done():
            self._preparing[project.name] = asyncio.ensure_future(self._prepare(project))

    async def drop_spares(self, project: Project) -> None:
        """Remove all spares of a project that has no env any more: nothing of it stays behind."""
        preparing = self._preparing.pop(project.name, None)
        if preparing is not None:
            preparing.cancel()
            await asyncio.gather(preparing, return_exceptions=True)
        for spare in self._world.store.spares(project.name):
            await self._drop_spare(project, spare.folder)

    async def close(self) -> None:
        """Stop preparing spares."""
        for task in self._preparing.values():
            task.cancel()
        await asyncio.gather(*self._preparing.values(), return_exceptions=True)

    # --- the parts ---------------------------------------------------------------------------

    def _check_free(self, project: Project, name: str) -> None:
        """Say that the env is there before its own branch or folder is found in the way."""
        if any((env.project, env.name) == (project.name, name) for env in self._world.store.envs()):
            raise HiveError(
                f"{project.name} already has an env {name}",
                hint=f"`hive status {name}` shows it; take another name",
                code="exists",
                env=name,
            )

    def _draft(self, project: Project, name: str) -> EnvRecord:
        return EnvRecord(
            uid=secrets.token_hex(6),
            project=project.name,
            name=name,
            slug="",
            index=0,
            branch="",
            base="",
            base_commit="",
            worktree="",
            port_base=0,
            port_size=project.ports.block,
            created=self._world.clock.now(),
            wanted=Wanted.COLD,
        )

    async def _draft_of(self, project: Project, wish: Wish) -> tuple[EnvRecord, str]:
        """The env as it will be, but for what is claimed, and the commit that it starts at."""
        worktrees = self._world.worktrees
        branch = wish.branch or templates.branch_for(project, wish.name)
        exists, (base, base_commit) = await asyncio.gather(
            worktrees.check_branch(project.root, branch, reuse=wish.reuse_branch),
            self._base_of(project, wish.base),
        )
        commit = await worktrees.resolve(project.root, branch) if exists else base_commit
        draft = msgspec.structs.replace(
            self._draft(project, wish.name),
            branch=branch,
            branch_made=not exists,
            base=base,
            base_commit=base_commit,
            worktree=templates.worktree_for(project, wish.name, branch),
            boundaries=wish.boundaries,
        )
        return draft, commit

    async def _base_of(self, project: Project, wished: str | None) -> tuple[str, str]:
        """The ref that an env starts from, and its commit."""
        worktrees = self._world.worktrees
        base = wished or project.base or await worktrees.default_branch(project.root)
        return base, await worktrees.resolve(project.root, base)

    async def _run(
        self,
        live: LiveEnv,
        making: Making,
        warm: Mode | None,
        watch: Watch | None,
        wait: bool,
        journal_id: int,
    ) -> Ended:
        work = asyncio.ensure_future(self._follow(live, making, warm, watch, journal_id))
        if not wait:
            unwaited.leave(work, live, "spawn.failed")
            return Ended(Result(live.record.name, Transition.SPAWN.value, None, None))
        return await asyncio.shield(work)

    async def _follow(
        self,
        live: LiveEnv,
        making: Making,
        warm: Mode | None,
        watch: Watch | None,
        journal_id: int,
    ) -> Ended:
        ended = await self._transitions.request(
            live, Transition.SPAWN, watch=watch, making=making, journal_id=journal_id
        )
        if self._transitions.closing:
            return ended
        if making.spare is not None:
            await self._drop_spare(live.project, making.spare)
        if not _worktree_made(ended):
            self._leave(live)
            await self._world.folders.forget(live.record.uid)
            self._world.logs.forget(live.record.uid)
            return ended
        live.check_worktree()
        self.prepare_spares(live.project)
        if warm is None or ended.result.outcome is Outcome.CANCELLED:
            return ended
        try:
            return await self._admission.warm(live, warm, watch=watch)
        except RefusedError as error:
            made = f"{live.record.name} is made and cold; a warm {error.message.partition(': ')[2]}"
            refused = msgspec.structs.replace(
                ended.result,
                transition=Transition.WARM.value,
                outcome=Outcome.REFUSED,
                error={**error.as_json(), "message": made},
            )
            return msgspec.structs.replace(ended, result=refused)

    def _take_spare(self, project: Project) -> Spare | None:
        for spare in self._world.store.spares(project.name):
            if spare.state == "ready":
                taken = msgspec.structs.replace(spare, state="taken")
                self._world.store.put_spare(taken)
                return taken
        return None

    async def _prepare(self, project: Project) -> None:
        """Make what is missing, refresh what is behind, drop what is too many."""
        store, worktrees = self._world.store, self._world.worktrees
        try:
            base = project.base or await worktrees.default_branch(project.root)
            commit = await worktrees.resolve(project.root, base)
            ready = [s for s in store.spares(project.name) if s.state == "ready"]
            for spare in ready[project.spares :]:
                await self._drop_spare(project, spare.folder)
            for spare in ready[: project.spares]:
                if spare.commit != commit:
                    await self._make(
                        msgspec.structs.replace(spare, commit=commit, state="making"),
                        project,
                        worktrees.refresh_spare,
                    )
            for _ in range(project.spares - len(ready)):
                spare = Spare(project.name, self._spare_folder(project), commit, "making")
                await self._make(spare, project, worktrees.make_spare)
        except HiveError as error:
            log.warning("no spare worktree for project=%s: %s", project.name, error)

    async def _make(
        self,
        spare: Spare,
        project: Project,
        work: Callable[[str, str, str], Awaitable[None]],
    ) -> None:
        """Make or refresh one spare; nothing is left of one that cannot be."""
        self._world.store.put_spare(spare)
        try:
            await work(project.root, spare.folder, spare.commit)
        except HiveError:
            await self._drop_spare(project, spare.folder)
            raise
        self._world.store.put_spare(msgspec.structs.replace(spare, state="ready"))

    async def _drop_spare(self, project: Project, folder: str) -> None:
        """Remove a spare, which a spawn may have moved away, and forget it."""
        if os.path.lexists(folder):
            await self._world.worktrees.discard(project.root, folder, branch=None)
        self._world.store.drop_spare(folder)

    def _spare_folder(self, project: Project) -> str:
        beside = os.path.dirname(templates.worktree_for(project, "spare", "spare"))
        return os.path.join(beside, f".hive-spare-{secrets.token_hex(4)}")


def _check_folder(name: str, worktree: str) -> None:
    if os.path.lexists(worktree) and not _empty_folder(worktree):
        raise HiveError(
            f"{name}: the folder {worktree} exists already",
            hint="move it away, choose another name, or take it in with `hive adopt`",
            code="folder_exists",
            env=name,
        )


def _worktree_made(ended: Ended) -> bool:
    if ended.trace is None:
        return True
    step = next((s for s in ended.trace.steps if s.kind is StepKind.WORKTREE), None)
    return step is None or step.outcome is Outcome.SUCCEEDED


def _empty_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path)
