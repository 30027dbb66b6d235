"""A yard per test, once as this system does it and once with what every system has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.processes.yard import Yard


@pytest.fixture(params=[False, True], ids=["native", "portable"])
async def yard(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Yard]:
    """Processes that are all gone after the test."""
    made = Yard(tmp_path, portable=request.param)
    yield made
    await made.close()
