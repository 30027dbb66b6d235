"""The memory of what envs share: in the forecast while it does not run, and counted once."""

from __future__ import annotations

from typing import Any

import pytest

from tests import heads
from tests.hives import Yard

MB = 1 << 20

PROJECT = """
[limits]
memory = "2GB"
[services.big]
run = '''exec python3 -c "
import time
x = b'x' * (80 << 20)
print('up', flush=True)
time.sleep(1000)
"'''
scope = "shared"
ready = { log = "up" }
[services.small]
run = "exec sleep 1000"
needs = ["big"]
"""
"""Each env takes next to nothing, and what they share takes 80 MB."""


def memory(yard: Yard, env: str) -> Any:
    """What the plan of a warm says of it."""
    return yard.hive("plan", env, "--json").json["memory"]


@pytest.fixture
def known(yard: Yard) -> Yard:
    """Three cold envs of a project whose services were measured once."""
    yard.make_repo(PROJECT)
    for name in ("a", "b", "c"):
        yard.hive("spawn", name)
    yard.hive("warm", "a")
    yard.until(lambda: memory(yard, "b")["need_bytes"] < 20 * MB, "it is measured")
    yard.until(lambda: heads.of(yard).memory_used_bytes > 80 * MB, "and counted")
    yard.hive("cool", "a")
    yard.until(lambda: heads.of(yard).memory_used_bytes < 20 * MB, "and has gone")
    return yard


def test_the_forecast_has_what_is_shared_and_does_not_run_yet(known: Yard) -> None:
    assert 80 * MB < memory(known, "b")["need_bytes"] < 120 * MB
    known.hive("warm", "a")
    known.until(lambda: memory(known, "b")["need_bytes"] < 20 * MB, "it is there already")


def test_the_bar_counts_it_once_for_all_that_want_it(known: Yard) -> None:
    known.hive("warm", "a", "b", "c")
    head = heads.of(known)
    assert 80 * MB < head.memory_forecast_bytes < 130 * MB


def test_what_others_need_as_well_would_not_be_freed_by_one(known: Yard) -> None:
    known.hive("warm", "a", "b")
    known.until(lambda: heads.of(known).memory_used_bytes > 80 * MB, "it is counted")
    toml = known.repo / "hive.toml"
    toml.write_text(toml.read_text().replace('"2GB"', '"20MB"'))
    told = known.hive("warm", "c", status=4).err
    assert "would make room" not in told
    assert "nothing that may be put to rest would make enough room" in told
