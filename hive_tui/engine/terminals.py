"""Terminals of envs: which windows there are, what runs in them, and when they end.

A `shell` in the worktree and one window per service log are opened here; the `agent` window is the
agents' business. Stop and destroy end all windows of an env with all that runs in them. Cool and
freeze leave them: a person or an agent may work on in a cold env, and whoever opens a window of a
frozen one thaws it. An env is not put to rest while a person looks at one of its windows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from hive_tui.engine.agents.protocols import (
    AGENT_WINDOW,
    SHELL_WINDOW,
    TerminalHost,
    WindowView,
)
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.screens import Screens
from hive_tui.model.errors import HiveError, NotFoundError

log = logging.getLogger(__name__)

LOG_LINES = 2000
"""What a window with a service's log shows of the time before it was opened."""


class Terminals:
    """The windows of all envs."""

    def __init__(
        self,
        host: TerminalHost,
        base: dict[str, str],
        find: Callable[[str], LiveEnv | None],
    ) -> None:
        """Create it.

        Args:
            host: What has the windows.
            base: Environment that every process of an env starts from.
            find: The env of a uid.
        """
        self.host = host
        self.problem: HiveError | None = None
        """Why there are no terminals; `None` where there are."""
        self.screens = Screens(host)
        """What windows show, for those who look."""
        self._base = base
        self._find = find
        self._holds: dict[str, ExitStack] = {}
        self._unwatch: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Find the windows that there are."""
        self._unwatch = self.host.watch(self._changed)
        try:
            await self.host.open()
        except HiveError as error:
            self.problem = error
            log.warning("no terminals: %s", error)

    async def close(self) -> None:
        """Stop watching; what runs goes on."""
        self._unwatch()
        for hold in self._holds.values():
            hold.close()
        await self.screens.close()
        await self.host.close()

    @property
    def busy(self) -> bool:
        """Whether anything runs in a window: somebody has to be told of its end."""
        return any(not view.dead for view in self.host.windows())

    def of(self, live: LiveEnv) -> tuple[WindowView, ...]:
        """The windows of an env."""
        return tuple(view for view in self.host.windows() if view.env_uid == live.record.uid)

    def strays(self) -> tuple[WindowView, ...]:
        """Windows of envs that nobody knows."""
        return tuple(view for view in self.host.windows() if self._find(view.env_uid) is None)

    async def sweep(self) -> tuple[str, ...]:
        """End the windows of envs that nobody knows; the uids of those."""
        uids = sorted({view.env_uid for view in self.strays()})
        for uid in uids:
            await self.host.kill(uid)
        return tuple(uids)

    def names(self, live: LiveEnv) -> tuple[str, ...]:
        """Windows that can be opened."""
        there = {view.window for view in self.of(live)}
        agent = (AGENT_WINDOW,) if AGENT_WINDOW in there else ()
        return (*agent, SHELL_WINDOW, *live.project.services)

    async def enter(self, live: LiveEnv, window: str | None) -> str:
        """Make sure that a window is there; its name.

        Args:
            live: The env.
            window: Which one; `None`: the agent's where there is one, else a shell.

        Raises:
            HiveError: There is no such window, or no terminals on this machine.
        """
        if self.problem is not None:
            raise self.problem
        there = {view.window: view for view in self.of(live)}
        window = window or (AGENT_WINDOW if AGENT_WINDOW in there else SHELL_WINDOW)
        if window in there and (window == AGENT_WINDOW or not there[window].dead):
            return window
        if window == SHELL_WINDOW:
            argv: tuple[str, ...] = (self._base.get("SHELL") or "/bin/sh",)
        elif window in live.project.services:
            argv = ("tail", "-n", str(LOG_LINES), "-F", str(self._log(live, window)))
        else:
            raise NotFoundError(
                f"{live.record.name} has no window {window!r}",
                hint=f"there are: {', '.join(self.names(live))}",
                code="no_window",
                env=live.record.name,
            )
        await self.host.ensure(
            live.record.uid, window, argv, cwd=live.record.worktree, env=self.variables(live)
        )
        return window

    def variables(self, live: LiveEnv) -> dict[str, str]:
        """All of the environment of a program in a window of the env.

        Raises:
            HiveError: A secret is missing.
        """
        own = live.world.launcher.variables(live.project, live.record)
        return {**self._base, "PWD": live.record.worktree, **own}

    async def end(self, live: LiveEnv) -> None:
        """End all windows of an env, and what runs in them.

        Raises:
            HiveError: Something of it cannot even be killed.
        """
        await self.host.kill(live.record.uid)

    def _log(self, live: LiveEnv, service: str) -> Path:
        path = live.world.logs.path(live.home_of(service).record.uid, service)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def _changed(self, view: WindowView) -> None:
        """Hold the env while somebody looks at it."""
        uid, live = view.env_uid, self._find(view.env_uid)
        looked_at = live is not None and self.host.attached(uid)
        if looked_at and uid not in self._holds and live is not None:
            self._holds[uid] = ExitStack()
            self._holds[uid].enter_context(live.activity.hold("somebody looks at its terminal"))
        elif not looked_at and uid in self._holds:
            self._holds.pop(uid).close()
