"""Fixtures for keys and mouse in a real terminal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hive_tui.app.actions import FLEET
from tests.integration.keys.stage import Stage


@pytest.fixture
def fleet() -> Iterator[Stage]:
    """The sample fleet in a dashboard of the test's own."""
    made = Stage(FLEET)
    try:
        made.open()
        yield made
    finally:
        made.close()
