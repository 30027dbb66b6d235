"""A host of terminals with real programs in it, and the waits that tests need."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from hive_tui.drivers.processes import LocalProcesses
from hive_tui.drivers.terminals.plain import PlainTerminals
from hive_tui.drivers.terminals.tmux import TmuxTerminals
from hive_tui.engine.agents.protocols import TerminalHost, WindowView
from hive_tui.model.errors import HiveError

HOSTS = ("tmux", "pty")
DEADLINE_S = 30.0

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "SHELL": "/bin/sh",
    "LANG": "C.UTF-8",
}
"""Of programs in windows."""


class Desk:
    """One home's terminals."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.processes = LocalProcesses(f"test-{secrets.token_hex(6)}")
        self.told: list[WindowView] = []
        self.host: Any = self.make()
        self.envs: set[str] = set()

    def make(self) -> TerminalHost:
        """A host as a new daemon would make it."""
        made: TerminalHost
        if self.kind == "tmux":
            made = TmuxTerminals(self.folder / "tm", self.processes, ENVIRON)
        else:
            made = PlainTerminals(self.folder / "records", self.folder, self.processes)
        made.watch(self.told.append)
        return made

    async def again(self) -> None:
        """Let a new daemon take over."""
        await self.host.close()
        self.host = self.make()
        await self.host.open()

    async def start(
        self,
        script: str,
        *,
        env: str = "e1",
        window: str = "agent",
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> WindowView:
        """Run a shell script in a window."""
        self.envs.add(env)
        view: WindowView = await self.host.ensure(
            env,
            window,
            ("/bin/sh", "-c", script),
            cwd=str(cwd or self.folder),
            env={**ENVIRON, **(variables or {})},
        )
        return view

    async def start_python(
        self, code: str, *, env: str = "e1", window: str = "agent"
    ) -> WindowView:
        """Run a Python program in a window."""
        program = self.folder / f"{secrets.token_hex(4)}.py"
        program.write_text(code)
        return await self.start(f"exec {sys.executable} -S -E {program}")

    async def text(self, env: str = "e1", window: str = "agent") -> str:
        """What a window shows."""
        screen = await self.host.screen(env, window)
        return b"\n".join(screen.lines).decode()

    async def shows(self, text: str, env: str = "e1", window: str = "agent") -> str:
        """Wait until a window shows a text."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                shown = await self.text(env, window)
                if text in shown:
                    return shown
                await asyncio.sleep(0.02)

    def view(self, env: str = "e1", window: str = "agent") -> WindowView | None:
        """A window as last heard."""
        found: tuple[WindowView, ...] = self.host.windows()
        return next((v for v in found if (v.env_uid, v.window) == (env, window)), None)

    async def seen(self, like: Callable[[WindowView], bool], env: str = "e1") -> WindowView:
        """Wait until the env's agent window is so."""
        await until(lambda: (view := self.view(env)) is not None and like(view))
        view = self.view(env)
        assert view is not None
        return view

    async def close(self) -> None:
        """End all windows, and everything that carries their marks."""
        for env in self.envs:
            try:
                await self.host.kill(env)
            except HiveError:
                continue  # a test has ended the server
        await self.host.close()
        await self.processes.close()


def marked(name: str, value: str) -> list[int]:
    """Live processes that have a variable in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(name) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


async def until(true: Callable[[], bool]) -> None:
    """Wait until `true()`; fail the test where that takes half a minute."""
    async with asyncio.timeout(DEADLINE_S):
        while not true():  # noqa: ASYNC110 - the other side is another process
            await asyncio.sleep(0.01)
