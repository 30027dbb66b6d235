"""A hive with one env, and `hive web` on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hives import Yard
from tests.integration.web.served import Served


@pytest.fixture
def fleet(yard: Yard) -> Yard:
    """A hive whose dashboard shows the env `auth`."""
    with_one_env(yard)
    return yard


@pytest.fixture
def served(fleet: Yard) -> Iterator[Served]:
    with Served(fleet) as made:
        yield made


@pytest.fixture(scope="module")
def idle() -> Iterator[Served]:
    """A server that many tests share: they open no tab."""
    yard = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
    try:
        with_one_env(yard)
        with Served(yard) as made:
            yield made
    finally:
        yard.close()


def with_one_env(yard: Yard) -> None:
    yard.make_repo('[services.idle]\nrun = "exec sleep 1000"\n')
    yard.hive("spawn", "auth")
