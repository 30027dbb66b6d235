"""The daemon is killed in a warm, a snapshot or a restore of a whole stack: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import engines
from tests.stack_demo import NAMES, home, order, show, tickets
from tests.stacks import Stack

ENV = NAMES[0]


@pytest.fixture(scope="module")
def shown() -> Iterator[Stack]:
    """The demo, whose first env goes through all of it."""
    engines.need()
    with home() as stack:
        show(stack)
        yield stack


def die_at(stack: Stack, point: str | int, *command: str) -> None:
    """Run a command whose daemon is killed at a point."""
    stack.yard.hive("daemon", "stop")
    stack.yard.extra["HIVE_FAULT_KILL_AT"] = str(point)
    try:
        stack.yard.hive(*command, status=None)
    finally:
        del stack.yard.extra["HIVE_FAULT_KILL_AT"]
    stack.yard.hive("daemon", "stop", status=None)  # one that lived past the last point


def assert_sound(stack: Stack) -> None:
    """The env works, and nothing is there twice or left over."""
    stack.yard.until(lambda: stack.yard.env(ENV)["state"] == "warm", "it is warm")
    stack.yard.hive("test", ENV)
    found = stack.left()
    volumes = len(NAMES) + 1
    assert len(found["containers"]) == len(found["networks"]) == len(NAMES) + 1
    assert len(found["volumes"]) == volumes
    assert not engines.docker("images", "-q", f"hive-empty:{stack.tag}")


@pytest.mark.parametrize("point", [3, 8, 13, 18, 23])
def test_in_a_warm(shown: Stack, point: int) -> None:
    kept = order(shown, ENV)
    shown.yard.hive("stop", ENV)
    die_at(shown, point, "warm", ENV)
    shown.yard.hive("warm", ENV)
    assert kept in tickets(shown, ENV)
    assert_sound(shown)


@pytest.mark.parametrize("point", ["snapshot:volume", "snapshot:made"])
def test_in_a_snapshot(shown: Stack, point: str) -> None:
    kept = order(shown, ENV)
    die_at(shown, point, "snapshot", ENV, point.replace(":", "-"))
    assert_sound(shown)
    assert kept in tickets(shown, ENV)
    listed = shown.yard.hive("snapshots", ENV, "--json").json["snapshots"]
    assert point.replace(":", "-") not in [row["label"] for row in listed]


@pytest.mark.parametrize("point", ["restore:emptying", "restore:volume", "restore:part"])
def test_in_a_restore(shown: Stack, point: str) -> None:
    kept = order(shown, ENV)
    shown.yard.hive("snapshot", ENV, "good", "--force")
    later = order(shown, ENV)
    die_at(shown, point, "restore", ENV, "good")
    assert_sound(shown)
    assert kept in tickets(shown, ENV)
    assert later not in tickets(shown, ENV)
    shown.yard.hive("restore", ENV, "before-restore")
    assert later in tickets(shown, ENV)
