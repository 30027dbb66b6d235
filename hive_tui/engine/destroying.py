"""Takes environments away without losing work, and takes the last one back.

A destroyed worktree lies in a trash folder until the next env of its project is destroyed or a
day has passed; so long `undo` brings it back whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

import msgspec

from hive_tui.engine import engagements, unwaited
from hive_tui.engine.execution import Removing
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.progress import Watch
from hive_tui.engine.protocols import Losses
from hive_tui.engine.refusing import refusal
from hive_tui.engine.sharing import Sharing
from hive_tui.engine.snapshots import Snapshots
from hive_tui.engine.spawning import Spawning
from hive_tui.engine.state import JournalEntry, Trashed
from hive_tui.engine.transitions import Ended, Result, Transitions
from hive_tui.engine.world import World
from hive_tui.model.environment import EnvRecord, Wanted
from hive_tui.model.errors import HiveError, NotFoundError
from hive_tui.model.plan import Outcome, Transition
from hive_tui.model.project import Project

log = logging.getLogger(__name__)

TRASH_S = 24 * 3600.0
"""How long a destroyed env can be taken back at the most."""


def _going(live: LiveEnv) -> bool:
    """Whether somebody else has asked for it already: what would be lost was looked at then."""
    running = live.operation
    return live.gone or (running is not None and running.plan.transition is Transition.DESTROY)


class Destroying:
    """Destroys, releases and takes back envs of all projects."""

    def __init__(
        self,
        world: World,
        transitions: Transitions,
        spawning: Spawning,
        sharing: Sharing,
        snapshots: Snapshots,
        enter: Callable[[EnvRecord, Project], LiveEnv],
        leave: Callable[[LiveEnv], None],
    ) -> None:
        self._world = world
        self._transitions = transitions
        self._spawning = spawning
        self._sharing = sharing
        self._snapshots = snapshots
        self._enter = enter
        self._leave = leave
        self._tidying: set[asyncio.Task[None]] = set()

    async def losses(self, live: LiveEnv) -> Losses:
        """What destroying the env would lose; nothing for an adopted one, which stays."""
        if not live.record.owned:
            return Losses()
        return await self._world.worktrees.losses(live.record, live.project.root)

    async def destroy(
        self,
        live: LiveEnv,
        *,
        force: bool,
        keep_branch: bool,
        watch: Watch | None = None,
        wait: bool = True,
    ) -> Ended:
        """Stop everything, put the worktree into the trash, free branch and ports.

        Raises:
            RefusedError: Work would be lost and `force` is false.
        """
        running = live.operation
        if running is not None and running.plan.transition is Transition.SPAWN:
            await self._transitions.cancel(live, "destroy was asked for")
        if not force and not _going(live):
            losses = await self.losses(live)
            if keep_branch:
                losses = msgspec.structs.replace(losses, commits=0)
            if not losses.nothing and not _going(live):
                raise refusal(live.record.name, losses)
        work = asyncio.ensure_future(self._destroy(live, force, keep_branch, watch, None))
        if not wait and not live.gone:
            unwaited.leave(work, live, "destroy.failed")
            return Ended(Result(live.record.name, Transition.DESTROY.value, None, None))
        return await asyncio.shield(work)

    async def resume(self, live: LiveEnv, entry: JournalEntry) -> None:
        """Finish a destroy that a daemon left half done."""
        force, keep = bool(entry.params.get("force")), bool(entry.params.get("keep_branch"))
        await self._destroy(live, force, keep, None, entry.id)

    async def release(self, live: LiveEnv) -> None:
        """Stop everything and forget the env; worktree and branch stay.

        Raises:
            NotFoundError: The env was destroyed meanwhile.
            HiveError: Something of it cannot be stopped; the env stays.
        """
        await self._transitions.cancel(live, "release was asked for")
        ended = await self._transitions.request(live, Transition.STOP)
        if not ended.result.good:
            error = ended.result.error or {}
            raise HiveError(
                f"{live.record.name} is kept: {error.get('message') or 'its stop was cancelled'}",
                hint=error.get("hint"),
                code="not_stopped",
                env=live.record.name,
            )
        if live.gone:
            return
        kept = await engagements.leave(self._world, live.record, volumes=False)
        self._world.store.drop_engaged(live.record.uid)  # what is kept is the user's from now on
        self._sharing.let_go(live)
        await self._snapshots.forget(live.record.uid)
        data = f", and so do its volumes {', '.join(kept)}" if kept else ""
        stays = f"{live.record.worktree} stays{data}"
        live.event("env.released", f"{live.record.name}: let go; {stays}")
        await self._gone(live)
        self._world.logs.forget(live.record.uid)

    async def undo(self, project_of: Callable[[str], Project]) -> tuple[LiveEnv, tuple[str, ...]]:
        """Take the last destroyed env back.

        Args:
            project_of: Finds a project by name.

        Returns:
            The env, stopped, and what could not be made as it was.

        Raises:
            NotFoundError: Nothing is in the trash.
            HiveError: Its name, folder or branch is in use again.
        """
        store = self._world.store
        trashed = next(iter(store.trash()), None)
        if trashed is None:
            raise NotFoundError(
                "nothing to undo: no destroyed env is in the trash",
                hint="`git branch` and refs/hive/recovery/ may still hold its commits",
                code="nothing_to_undo",
            )
        project = project_of(trashed.record.project)
        before = msgspec.structs.replace(trashed.record, wanted=Wanted.STOPPED)
        record = self._spawning.claim(before, project)
        notes: list[str] = []
        if record.port_base != before.port_base:
            notes.append(f"ports moved from {before.port_base} to {record.port_base}")
        try:
            await self._world.worktrees.restore(record, project.root, trashed.removed)
        except BaseException:
            store.drop_env(record.uid)
            raise
        store.drop_trash(record.uid)
        live = self._enter(record, project)
        live.event("env.restored", f"{record.name}: taken back from the trash")
        self._spawning.prepare_spares(project)
        return live, tuple(notes)

    def empty_trash(self) -> None:
        """Delete, in the background, what can no longer be taken back: all but each newest."""
        now = self._world.clock.now()
        newest: set[str] = set()
        coming_back = {record.uid for record in self._world.store.envs()}
        for trashed in self._world.store.trash():
            project = trashed.record.project
            old = project in newest or now - trashed.at > TRASH_S
            if old and trashed.record.uid not in coming_back:
                self._begin(self._empty(trashed))
            newest.add(project)
        self._begin(self._sweep())

    def expire_recovery(self, root: str) -> None:
        """Drop, in the background, a repository's recovery refs whose 30 days are over."""
        self._begin(self._expire(root))

    async def forget(self, project: str) -> None:
        """Delete at once what is left of a project's destroyed envs; none can be taken back."""
        for trashed in self._world.store.trash():
            if trashed.record.project == project:
                await self._empty(trashed)

    async def close(self) -> None:
        """Stop deleting; the next daemon goes on."""
        for task in self._tidying:
            task.cancel()
        await asyncio.gather(*self._tidying, return_exceptions=True)

    async def _destroy(
        self,
        live: LiveEnv,
        force: bool,
        keep_branch: bool,
        watch: Watch | None,
        journal_id: int | None,
    ) -> Ended:
        if live.gone:
            return Ended(Result(live.record.name, "destroy", Outcome.SUCCEEDED, 0.0))
        ended = await self._transitions.request(
            live,
            Transition.DESTROY,
            watch=watch,
            removing=Removing(force, keep_branch),
            params={"force": force, "keep_branch": keep_branch},
            journal_id=journal_id,
        )
        if ended.result.good and not live.gone:  # of those who asked, the first one does it
            await self._gone(live)
            self.empty_trash()
            if ended.result.recovery is not None:
                self.expire_recovery(live.project.root)
        return ended

    async def _gone(self, live: LiveEnv) -> None:
        """Take the env out of the hive, and the project's spares with its last one."""
        self._leave(live)
        if all(record.project != live.record.project for record in self._world.store.envs()):
            await self._spawning.drop_spares(live.project)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    async def _sweep(self) -> None:
        await self._sharing.sweep()

    async def _expire(self, root: str) -> None:
        try:
            gone = await self._world.worktrees.expire_recovery(root, self._world.clock.now())
        except HiveError as error:
            log.warning("recovery refs stay root=%s: %s", root, error)
        else:
            log.info("root=%s recovery refs dropped: %s", root, ", ".join(gone) or "none")

    async def _empty(self, trashed: Trashed) -> None:
        try:
            await self._world.worktrees.empty_trash(trashed.removed.trash)
        except HiveError as error:
            log.warning("trash stays env=%s: %s", trashed.record.id, error)
            return
        try:
            await self._world.folders.forget(trashed.record.uid)
        except HiveError as error:
            log.warning("overlays stay env=%s: %s", trashed.record.id, error)
        self._world.logs.forget(trashed.record.uid)
        self._world.store.drop_trash(trashed.record.uid)
        await engagements.leave(self._world, trashed.record, volumes=True)
        await self._snapshots.forget(trashed.record.uid)
        await self._sharing.sweep()
