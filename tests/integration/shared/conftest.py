"""Fixtures for tests of what envs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import engines
from tests.hives import Yard
from tests.stacks import Stack


@pytest.fixture
def stack(yard: Yard) -> Iterator[Stack]:
    """A yard with an engine, at which nothing of the test is left afterwards."""
    engines.need()
    made = Stack(yard)
    try:
        yield made
    finally:
        made.close()
