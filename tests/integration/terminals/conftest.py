"""Every host of terminals in a folder of its own; what a test opens ends with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.terminals.desk import HOSTS, Desk


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: a socket's path has to fit."""
    made = Path(tempfile.mkdtemp(prefix="ht-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(params=HOSTS)
async def desk(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Desk]:
    """A host of either kind, opened."""
    async for made in _desk(request.param, folder):
        yield made


@pytest.fixture
async def tmux(folder: Path) -> AsyncIterator[Desk]:
    """The host in tmux, opened."""
    async for made in _desk("tmux", folder):
        yield made


@pytest.fixture
async def plain(folder: Path) -> AsyncIterator[Desk]:
    """The host without tmux, opened."""
    async for made in _desk("pty", folder):
        yield made


async def _desk(kind: str, folder: Path) -> AsyncIterator[Desk]:
    if kind == "tmux" and shutil.which("tmux") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("tmux has to be there in CI")
        pytest.skip("there is no tmux")
    made = Desk(kind, folder)
    await made.host.open()
    try:
        yield made
    finally:
        await made.close()
