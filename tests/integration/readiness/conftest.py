"""Readiness over the real sockets, logs and HTTP of this machine, and the services that it sees."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import psutil
import pytest

from hive_tui.drivers.http import get_status
from hive_tui.drivers.logs import LogFiles
from hive_tui.drivers.sockets import listening
from hive_tui.engine.protocols import Exit, Identity, Processes
from hive_tui.engine.readiness import Readiness
from hive_tui.model.project import Ready, ReadyKind


class MachineClock:
    """The machine's time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class OneProcess:
    """Sessions that are the process and its children."""

    def members(self, identity: Identity) -> tuple[int, ...]:
        try:
            leader = psutil.Process(identity.pid)
            return (leader.pid, *(child.pid for child in leader.children(recursive=True)))
        except psutil.Error:
            return ()

    def descendants(self, identity: Identity) -> tuple[int, ...]:
        return self.members(identity)

    def alive(self, identity: Identity) -> bool:
        return psutil.pid_exists(identity.pid)


class Service:
    """A Python program that runs as a service, and what waits for it."""

    def __init__(self, logs: LogFiles, code: str, *arguments: str) -> None:
        self.died: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._logs = logs
        with logs.path("e1", "api").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-c", code, *arguments],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
            )
        self._readiness = Readiness(
            listening(),
            logs,
            cast("Processes", OneProcess()),
            MachineClock(),
            http_status=get_status,
            program=lambda pid: psutil.Process(pid).name(),
        )

    async def ready(
        self, kind: ReadyKind, value: str, port: int | None = None, timeout_s: float = 20
    ) -> float:
        """Wait for it as the engine does."""
        return await self._readiness.wait(
            Ready(kind, value, timeout_s),
            env_uid="e1",
            source="api",
            value=value,
            port=port,
            identity=Identity(self.process.pid, 0, "", ""),
            log_offset=0,
            died=self.died,
            expected_s=None,
            exec_probe=None,
        )

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
async def logs(tmp_path: Path) -> AsyncIterator[LogFiles]:
    made = LogFiles(tmp_path / "logs", max_bytes=1 << 20)
    yield made
    made.close()


@pytest.fixture
def port() -> Iterator[int]:
    """A port that nothing listens on, reserved against other tests by a bound socket."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
