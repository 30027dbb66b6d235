"""Log files in a temporary folder, seen by inotify and by looking."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hive_tui.drivers.logs import LogFiles

DEADLINE_S = 20.0


@pytest.fixture(params=[False, True], ids=["inotify", "portable"])
def portable(request: pytest.FixtureRequest) -> bool:
    if sys.platform != "linux" and not request.param:
        pytest.skip("inotify is Linux's")
    return bool(request.param)


@pytest.fixture
async def logs(tmp_path: Path, portable: bool) -> AsyncIterator[LogFiles]:
    made = LogFiles(tmp_path / "logs", max_bytes=1024 * 1024, portable=portable)
    yield made
    made.close()


class Growth:
    """Waits for growth until a condition holds."""

    def __init__(self) -> None:
        self._seen = asyncio.Event()
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        self._seen.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._seen.clear()
                await self._seen.wait()


@pytest.fixture
def growth() -> Growth:
    return Growth()


def append(path: Path, data: bytes) -> None:
    """Write as a service does: at the end, whatever happened to the file."""
    with path.open("ab", buffering=0) as file:
        file.write(data)
