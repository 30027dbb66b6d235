"""Hives whose dashboard is looked at on a real terminal."""

from __future__ import annotations

import pytest

from tests.hives import Yard

QUIET = """
[services.api]
run = "exec sleep 86400"
when = "warm"
"""


@pytest.fixture
def hive(yard: Yard) -> Yard:
    """Two envs of which nothing runs, so that a screen stays as it is."""
    yard.make_repo(QUIET)
    yard.hive("spawn", "auth")
    yard.hive("spawn", "billing")
    return yard
