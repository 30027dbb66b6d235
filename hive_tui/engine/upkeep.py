"""Keeps what is shown of every env true: git, verdicts' staleness, memory, reruns.

Driven by changes in the worktrees; the one thing that ticks is a pass over the processes. A git
process is started only where something changed.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable

from hive_tui.engine.boundaries import Ground, trespasses
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.protocols import Trees
from hive_tui.engine.watching import Reruns, matched
from hive_tui.engine.world import World
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Transition

log = logging.getLogger(__name__)

TICK_S = 2.0
"""Between two passes over the processes."""

QUIET_S = 0.3
"""How long a worktree has to be quiet before git is asked."""

PATIENCE_S = 3.0
"""After how long git is asked although the worktree is never quiet."""

_GIT_AT_ONCE = 2


class Upkeep:
    """Follows the envs of the hive."""

    def __init__(
        self,
        world: World,
        trees: Trees,
        reruns: Reruns,
        tested: Callable[[LiveEnv, str], Awaitable[None]],
        told: Callable[[], None],
        edited: Callable[[LiveEnv, frozenset[str]], None] = lambda live, paths: None,
    ) -> None:
        """Create it; nothing is followed yet.

        Args:
            world: The drivers.
            trees: Watches the worktrees.
            reruns: Decides which suites a change reruns.
            tested: Runs a suite in an env.
            told: Called after each pass over the processes.
            edited: Told which files of a worktree have changed.
        """
        self._world = world
        self._trees = trees
        self._reruns = reruns
        self._tested = tested
        self._told = told
        self._edited = edited
        self._git = asyncio.Semaphore(_GIT_AT_ONCE)
        self._dirty: dict[str, asyncio.Event] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._watched: set[str] = set()
        """Envs whose worktree is watched."""
        self._moved: set[str] = set()
        """Roots whose bases are about to be looked at."""
        self._bases: dict[tuple[str, str], str] = {}
        """Commit that each base of a root was last seen at."""
        self._tasks: set[asyncio.Task[None]] = set()
        """What changes have set going, beside the followers."""
        self._ticker: asyncio.Task[None] | None = None
        self._envs: dict[str, LiveEnv] = {}

    def start(self) -> None:
        """Begin the passes over the processes."""
        self._ticker = asyncio.ensure_future(self._tick())

    def follow(self, live: LiveEnv) -> None:
        """Keep an env up to date from now on."""
        uid = live.record.uid
        self._envs[uid] = live
        self._dirty[uid] = asyncio.Event()
        self._dirty[uid].set()
        self._followers[uid] = asyncio.ensure_future(self._refresh(live))
        root = live.project.root
        self._trees.watch(
            f"project:{root}", root, lambda paths: self._git_moved(root, paths), files=False
        )
        self._reruns.follow(uid, lambda: live.project.tests, lambda s: self._tested(live, s))
        self._reruns.hold(uid)

    def leave(self, live: LiveEnv) -> None:
        """Let go of an env."""
        uid = live.record.uid
        self._envs.pop(uid, None)
        self._dirty.pop(uid, None)
        if (follower := self._followers.pop(uid, None)) is not None:
            follower.cancel()
        self._watched.discard(uid)
        self._trees.unwatch(uid)
        self._reruns.leave(uid)
        root = live.project.root
        if not any(other.project.root == root for other in self._envs.values()):
            self._trees.unwatch(f"project:{root}")
            self._bases = {key: seen for key, seen in self._bases.items() if key[0] != root}

    def touch(self, live: LiveEnv) -> None:
        """Ask git about an env again."""
        if (dirty := self._dirty.get(live.record.uid)) is not None:
            dirty.set()

    async def close(self) -> None:
        """Stop everything."""
        tasks = [*self._followers.values(), *self._tasks]
        tasks += [self._ticker] if self._ticker else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _changed(self, live: LiveEnv, paths: frozenset[str]) -> None:
        self.touch(live)
        self._edited(live, paths)
        operation = live.operation
        if operation is not None and operation.plan.transition is Transition.SPAWN:
            self._reruns.hold(live.record.uid)
        elif matched(live.project.tests, paths):
            self._begin(lambda: self._consider(live, paths), live.id)

    async def _consider(self, live: LiveEnv, paths: frozenset[str]) -> None:
        """Rerun suites, unless nothing has changed but what a suite may have left behind itself."""
        globs = [glob for suite in live.project.tests.values() for glob in suite.watch]
        worktree = live.record.worktree
        meant = await self._world.folders.meant(worktree, globs, paths - {".git"})
        self._reruns.changed(live.record.uid, meant)

    def _git_moved(self, root: str, paths: frozenset[str]) -> None:
        if ".git" in paths and root not in self._moved:
            self._moved.add(root)
            self._begin(lambda: self._look_at_bases(root), root)

    async def _look_at_bases(self, root: str) -> None:
        """Ask git about the envs whose base has moved; a new branch beside it means nothing."""
        await asyncio.sleep(QUIET_S)
        self._moved.discard(root)
        followers = [live for live in self._envs.values() if live.project.root == root]
        for base in {live.record.base for live in followers}:
            try:
                commit = await self._world.worktrees.resolve(root, base)
            except HiveError as error:
                log.warning("base=%s of root=%s: %s", base, root, error)
                continue
            if self._bases.get((root, base)) != commit:
                for live in followers:
                    if live.record.base == base:
                        self.touch(live)
            self._bases[root, base] = commit

    def _begin(self, work: Callable[[], Awaitable[None]], about: str) -> None:
        task = asyncio.ensure_future(_logged(work, about))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refresh(self, live: LiveEnv) -> None:
        """Ask git each time the worktree has changed and come to rest."""
        dirty = self._dirty[live.record.uid]
        while True:
            await dirty.wait()
            await _quiet(dirty)
            await _logged(lambda: self._look(live), live.id)

    async def _look(self, live: LiveEnv) -> None:
        """See to one env that has come to rest: its worktree, its watch, what git says of it."""
        uid, worktree = live.record.uid, live.record.worktree
        live.check_worktree()
        if live.trouble is not None:
            self._watched.discard(uid)
        if live.operation is not None:
            await live.operation.wait()
            self.touch(live)
        elif live.trouble is None:
            if uid not in self._watched:  # not before: a checkout is nothing but noise
                self._trees.watch(uid, worktree, lambda paths: self._changed(live, paths))
                self._watched.add(uid)
            async with self._git:
                live.git = await self._world.worktrees.status(worktree, live.record.base)
                await self._look_for_trespasses(live)
                if live.verdicts:
                    live.content = await self._world.worktrees.content(worktree)
            live.changed()

    async def _look_for_trespasses(self, live: LiveEnv) -> None:
        """See what the work in an env changed beyond its boundaries, and note what is new."""
        if not live.boundaries:
            live.trespasses = ()
            return
        worktree, known = live.record.worktree, set(live.trespasses)
        paths = await self._world.worktrees.changed(worktree, live.record.base)
        live.trespasses = trespasses(
            [os.path.join(worktree, path) for path in paths],
            Ground(worktree, live.project.root),
            live.boundaries,
        )
        for one in live.trespasses:
            if one not in known:
                text = f"{live.record.name} changed {one.path}: {one.reason}"
                self._world.store.log("boundary.crossed", text, env=live.id, level="warning")

    async def _tick(self) -> None:
        while True:
            await _logged(self._pass, "all envs")
            await asyncio.sleep(TICK_S)

    def measure(self) -> None:
        """Look once at all processes; not at all where nothing runs or ran."""
        envs = tuple(self._envs.values())
        measured = (*envs, *{c.record.uid: c for c in (e.common for e in envs) if c}.values())
        if any(live.measured for live in measured):
            usage = self._world.processes.usage()
            contained = self._world.containers.usage()
            now = self._world.clock.monotonic()
            for live in measured:
                live.measure(usage, contained, now)

    async def _pass(self) -> None:
        """Look once at all processes and worktrees."""
        envs = tuple(self._envs.values())
        self.measure()
        for live in envs:
            before = live.trouble
            live.check_worktree()
            if live.trouble != before:
                self.touch(live)
        self._told()


async def _logged(work: Callable[[], Awaitable[None]], about: str) -> None:
    """The boundary of all upkeep: what fails once is tried again with the next change."""
    try:
        await work()
    except HiveError as error:
        log.warning("upkeep of %s: %s", about, error)
    except Exception:
        log.exception("upkeep of %s broke", about)


async def _quiet(dirty: asyncio.Event) -> None:
    """Return once nothing has set the event for a while, or patience is at its end."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while loop.time() < deadline:
        dirty.clear()
        try:
            async with asyncio.timeout(QUIET_S):
                await dirty.wait()
        except TimeoutError:
            return
    dirty.clear()
