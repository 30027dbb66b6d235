"""Reruns suites when files that they watch change: debounced, one run at a time."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec

from hive_tui.model.errors import HiveError
from hive_tui.model.project import TestSuite

log = logging.getLogger(__name__)

QUIET_S = 0.3
"""How long a worktree has to be quiet before a suite is run again."""

PATIENCE_S = 5.0
"""After how long a suite is run again although the worktree is never quiet."""

SETTLED_S = 1.0
"""How long after a checkout its own writing may still be told of."""

Suites = Callable[[], Mapping[str, TestSuite]]
Run = Callable[[str], Awaitable[None]]


def matched(suites: Mapping[str, TestSuite], paths: frozenset[str]) -> frozenset[str]:
    """The suites with a `watch` pattern that one of the paths matches.

    Args:
        suites: By name.
        paths: Relative to the worktree; git's own state (".git") matches nothing.
    """
    files = [path for path in paths if path != ".git"]
    return frozenset(
        name
        for name, suite in suites.items()
        if suite.watch and any(_spec(suite.watch).match_files(files))
    )


@dataclass(eq=False)
class _Followed:
    """The suites of one env."""

    suites: Suites
    run: Run
    due: set[str] = field(default_factory=set)
    """Suites to run once it is quiet."""
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None
    deadline: float | None = None
    """Time of the loop at which what is due runs, quiet or not; `None` where nothing is due."""
    held_until: float = 0.0
    """Time of the loop before which no change counts."""


class Reruns:
    """Decides when a suite runs by itself, for all envs. Lives on one event loop."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        """Create it.

        Args:
            quiet_s: How long nothing may change before a rerun starts.
        """
        self._quiet_s = quiet_s
        self._envs: dict[str, _Followed] = {}

    def follow(self, uid: str, suites: Suites, run: Run) -> None:
        """Rerun an env's suites from now on.

        Args:
            uid: The env.
            suites: Gives its suites as they are now.
            run: Runs one of them to its end.
        """
        self.leave(uid)
        self._envs[uid] = _Followed(suites, run)

    def leave(self, uid: str) -> None:
        """Forget an env; a rerun under way is cancelled."""
        env = self._envs.pop(uid, None)
        if env is None:
            return
        if env.timer is not None:
            env.timer.cancel()
        for task in env.running.values():
            task.cancel()

    def hold(self, uid: str) -> None:
        """Let changes not count for a moment: the worktree is being made, nobody works in it."""
        if (env := self._envs.get(uid)) is not None:
            env.held_until = asyncio.get_running_loop().time() + SETTLED_S

    def changed(self, uid: str, paths: frozenset[str]) -> None:
        """Take note of changed files, relative to the env's worktree."""
        env = self._envs.get(uid)
        if env is None or asyncio.get_running_loop().time() < env.held_until:
            return
        found = matched(env.suites(), paths)
        if found:
            env.due |= found
            self._wait(env)

    async def close(self) -> None:
        """Forget all envs and wait for the runs to leave."""
        tasks = [task for env in self._envs.values() for task in env.running.values()]
        for uid in tuple(self._envs):
            self.leave(uid)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _wait(self, env: _Followed) -> None:
        if env.timer is not None:
            env.timer.cancel()
        loop = asyncio.get_running_loop()
        if env.deadline is None:
            env.deadline = loop.time() + PATIENCE_S
        env.timer = loop.call_at(min(loop.time() + self._quiet_s, env.deadline), self._start, env)

    def _start(self, env: _Followed) -> None:
        """Run what is due; what runs already stays due and runs again after that."""
        env.timer = env.deadline = None
        for suite in sorted(env.due - env.running.keys()):
            env.due.discard(suite)
            task = asyncio.ensure_future(self._run(env, suite))
            env.running[suite] = task
            task.add_done_callback(functools.partial(self._ended, env, suite))

    def _ended(self, env: _Followed, suite: str, _: asyncio.Task[None]) -> None:
        env.running.pop(suite, None)
        if suite in env.due and env in self._envs.values():
            self._wait(env)

    async def _run(self, env: _Followed, suite: str) -> None:
        try:
            await env.run(suite)
        except HiveError as error:
            log.warning("rerun suite=%s: %s", suite, error)


def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    found = _SPECS.get(patterns)
    if found is None:
        found = _SPECS[patterns] = GitIgnoreSpec.from_lines(patterns)
    return found


_SPECS: dict[tuple[str, ...], GitIgnoreSpec] = {}
