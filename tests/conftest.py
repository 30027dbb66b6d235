"""Fixtures for every test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hives import Yard


@pytest.fixture
def yard() -> Iterator[Yard]:
    """A place for a repository and a hive home of the test's own."""
    made = Yard(Path(tempfile.mkdtemp(prefix="hv-")))  # short: a socket's path has to fit
    try:
        yield made
    finally:
        made.close()
