"""Fixtures for tests that kill a daemon or an engine under running containers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import engines, private_engine
from tests.hives import Yard
from tests.private_engine import PrivateEngine
from tests.stacks import Stack


@pytest.fixture
def stack(yard: Yard) -> Iterator[Stack]:
    """A yard with an engine, at which nothing of the test is left afterwards."""
    engines.need()
    engines.busybox()
    made = Stack(yard)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[PrivateEngine]:
    """An engine of the module's own, which its tests may stop and kill."""
    private_engine.need()
    made = PrivateEngine()
    try:
        engines.busybox(made.host)
        yield made
    finally:
        made.close()


@pytest.fixture
def private(yard: Yard, engine: PrivateEngine) -> Iterator[Stack]:
    """A yard on that engine."""
    made = Stack(yard, engine.host)
    try:
        yield made
    finally:
        made.close()
