"""Real processes for tests: what a yard starts ends with it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from hive_tui.drivers.processes import LocalProcesses
from hive_tui.engine.protocols import Exit, Identity, Launch

DEADLINE_S = 30.0


class Yard:
    """One home's processes in a folder, with the waits that tests need."""

    def __init__(self, folder: Path, *, portable: bool, tag: str | None = None) -> None:
        self.folder = folder
        self.portable = portable
        self.tag = tag or f"test-{secrets.token_hex(6)}"
        self.processes = LocalProcesses(self.tag, portable=portable)

    def order(self, script: str, **env: str) -> Launch:
        """A launch of a shell script, with an environment that holds PATH and `env` only."""
        run_id = self.processes.new_run_id()
        return Launch(
            run_id=run_id,
            argv=("/bin/sh", "-c", script),
            cwd=str(self.folder),
            env={"PATH": os.environ["PATH"], **env},
            log=self.folder / "log",
            exit_file=self.folder / f"{run_id}.exit",
        )

    async def start(self, script: str) -> tuple[Identity, asyncio.Future[Exit]]:
        """Start a script; its identity and its end."""
        order = self.order(script)
        identity = await self.processes.launch(order)
        return identity, self.processes.exited(identity, order.exit_file)

    async def start_python(self, code: str) -> tuple[Identity, asyncio.Future[Exit]]:
        """Start a Python program."""
        program = self.folder / f"{secrets.token_hex(4)}.py"
        program.write_text(code)
        return await self.start(f"exec {sys.executable} -S -E {program}")

    def log(self) -> str:
        """What all of them wrote."""
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    async def logged(self, text: str) -> None:
        """Wait until one of them has written `text`."""
        await until(lambda: text in self.log())

    async def close(self) -> None:
        """End everything that carries this yard's tag."""
        for identity in self.processes.find().values():
            await self.processes.stop(identity, signal.SIGKILL, 0.0)
        await self.processes.close()


async def until(true: Callable[[], bool]) -> None:
    """Wait until `true()`; fail the test where that takes half a minute."""
    async with asyncio.timeout(DEADLINE_S):
        while not true():  # noqa: ASYNC110 - the other side is another process
            await asyncio.sleep(0.005)


def gone(pid: int) -> bool:
    """True where there is no process with that number, or only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return True
    return stat.rpartition(b")")[2].split()[0] in b"ZX"
