"""The daemon dies at every point of a transition; the next one leaves nothing lost or doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest

from tests.hives import Yard

pytestmark = pytest.mark.timeout(600)

PROJECT = """
[tasks.prepare]
run = "mkdir -p .data; echo prepared"
when = "spawn"
[services.watch]
run = "exec sleep 1000"
when = "cold"
[tasks.build]
run = "echo built"
[services.api]
run = "echo api is up; exec sleep 1000"
needs = ["build"]
ready = { log = "is up" }
[services.web]
run = "exec sleep 1000"
needs = ["api"]
"""

SETTLED = {"stopped", "cold", "warm"}


def crash_at_each_point(yard: Yard, before: Callable[[str], None], *command: str) -> None:
    """Run a command on a new env once per point at which the daemon can die in it."""
    for point in count(1):
        name = f"e{point}"
        before(name)
        yard.hive("daemon", "stop")
        yard.extra = {"HIVE_FAULT_KILL_AT": str(point)}
        done = yard.hive(*[name if word == "NAME" else word for word in command], status=None)
        yard.extra = {}
        if done.status == 0 and yard.daemon_pid() is not None:
            assert point > 3, "the command passed hardly any point"
            return
        check_whole(yard, name, command[0], point)


def check_whole(yard: Yard, name: str, verb: str, point: int) -> None:
    """All is settled, nothing is doubled, nothing is left behind."""
    where = f"{verb} killed at point {point}"

    def settled() -> bool:
        envs = yard.hive("list", "--json").json["environments"]
        return all(e["progress"] is None and e["state"] in SETTLED for e in envs)

    yard.until(settled, f"{where}: settled")
    envs = {e["name"]: e for e in yard.hive("list", "--json").json["environments"]}
    ready = [s["pid"] for e in envs.values() for s in e["services"] if s["state"] == "ready"]
    running = Counter(identity.pid for identity in yard.runs().values())
    assert sorted(running) == sorted(ready), f"{where}: processes {running}, services {ready}"
    trees = {p.name for p in yard.trees.iterdir() if not p.name.startswith(".")}
    assert trees == set(envs), f"{where}: folders {trees}"
    branches = set(yard.git("branch", "--format=%(refname:short)").split()) - {"main"}
    assert branches == set(envs), f"{where}: branches {branches}"
    listed = yard.git("worktree", "list", "--porcelain").count("worktree ")
    assert listed == len(envs) + 1, f"{where}: registered worktrees"
    bases = [e["ports"]["base"] for e in envs.values()]
    assert len(set(bases)) == len(bases), f"{where}: port blocks {bases}"
    if name in envs:
        wanted = envs[name]["wanted"]
        assert envs[name]["state"] == wanted, f"{where}: {envs[name]}"


@pytest.fixture
def crashing(yard: Yard) -> Yard:
    """A project whose whole life takes a fraction of a second."""
    yard.make_repo(PROJECT)
    yard.trees.mkdir()
    yard.hive("daemon", "start")
    return yard


def nothing(name: str) -> None:
    """No state before."""


def test_spawn(crashing: Yard) -> None:
    crash_at_each_point(crashing, nothing, "spawn", "NAME")


def test_warm(crashing: Yard) -> None:
    def spawned(name: str) -> None:
        crashing.hive("spawn", name)

    crash_at_each_point(crashing, spawned, "warm", "NAME")


def test_cool(crashing: Yard) -> None:
    def warm(name: str) -> None:
        crashing.hive("spawn", name, "--warm")

    crash_at_each_point(crashing, warm, "cool", "NAME")


def test_destroy(crashing: Yard) -> None:
    def warm(name: str) -> None:
        crashing.hive("spawn", name, "--warm")

    crash_at_each_point(crashing, warm, "destroy", "NAME")
