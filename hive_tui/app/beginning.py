"""How a hive begins, from within the dashboard: the demo as a process, a hive.toml to write."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hive_tui.app.lines import safe

if TYPE_CHECKING:
    from hive_tui.app.app import HiveApp

COMMAND: tuple[str, ...] = (sys.executable, "-P", "-m", "hive_tui")
"""Command line of `hive` alone."""

_KEPT = 8
"""Newest lines of what it says that are kept."""
_LONGEST = 1 << 16
"""Bytes of a line; what is longer is no line of ours."""


def repository_without_toml(folder: Path | None) -> Path | None:
    """The top of the repository around a folder, if it has no hive.toml yet; reads no file."""
    if folder is None:
        return None
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return None if (place / "hive.toml").exists() else place
    return None


class DemoMaker:
    """Makes the demo: `hive demo --no-dashboard`, with what it says.

    It is a process of its own, so leaving the dashboard interrupts it as Ctrl-C would; a second
    one goes on from there.
    """

    def __init__(self, app: HiveApp) -> None:
        self._app = app
        self.command = COMMAND
        self.running = False
        self.lines: tuple[str, ...] = ()
        """The newest of what it said, oldest first."""

    def start(self) -> None:
        """Begin; a second call while it runs does nothing."""
        if self.running:
            return
        self.running, self.lines = True, ("starting",)
        self._app.run_worker(self._run(), group="demo", exit_on_error=False)

    async def _run(self) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                "demo",
                "--no-dashboard",
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=PIPE,
                limit=_LONGEST,
                start_new_session=True,
            )
        except OSError as error:
            self._end(f"the demo cannot be started: {error}")
            return
        try:
            await self._read(process)
            status = await process.wait()
        finally:
            self.running = False
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)
        self._end("the demo could not be made\n" + "\n".join(self.lines) if status else None)

    async def _read(self, process: Process) -> None:
        assert process.stderr is not None, "it was asked for"
        while True:
            try:
                raw = await process.stderr.readline()
            except ValueError:
                continue  # longer than any line of ours
            if not raw:
                return
            if text := safe(raw.decode("utf-8", "replace").strip()):
                self.lines = (*self.lines, text)[-_KEPT:]
                self._app.draw_soon()

    def _end(self, wrong: str | None) -> None:
        self.running = False
        if wrong is not None:
            self._app.notify(wrong, severity="error", timeout=12)
        self._app.draw_soon()
