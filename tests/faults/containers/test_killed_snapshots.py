"""The daemon or the engine is killed while volumes are saved or brought back: nothing is lost."""

from __future__ import annotations

import subprocess

import pytest

from tests import engines
from tests.private_engine import PrivateEngine
from tests.stacks import Stack

TOML = """
[services.db]
image = "IMAGE"
command = ["sh", "-c", "echo up; exec sleep 1000"]
volumes = { data = "/data", more = "/more" }
ready = { log = "up" }
"""
FAULT = "HIVE_FAULT_KILL_AT"


def prepare(stack: Stack) -> None:
    """A warm env with a snapshot, whose volumes were changed afterwards."""
    stack.make(TOML)
    stack.up()
    put(stack, "first")
    stack.yard.hive("snapshot", "auth", "good")
    put(stack, "second")


def put(stack: Stack, text: str) -> None:
    """Write into both volumes."""
    stack.inside("db", "sh", "-c", f"echo {text} >/data/a; echo {text} >/more/b")


def has(stack: Stack) -> str:
    """What is in both."""
    return stack.inside("db", "cat", "/data/a", "/more/b")


def die_at(stack: Stack, point: str, *command: str) -> None:
    """Run a command whose daemon is killed at a point."""
    stack.yard.hive("daemon", "stop")
    stack.yard.extra[FAULT] = point
    stack.yard.hive(*command, status=None)
    del stack.yard.extra[FAULT]


def warm(stack: Stack) -> bool:
    """Whether the env is warm."""
    return bool(stack.yard.env("auth")["state"] == "warm")


def assert_nothing_is_left(stack: Stack) -> None:
    """Of the copying."""
    found = stack.left()
    assert [len(found[kind]) for kind in ("containers", "networks", "volumes")] == [1, 1, 2]
    assert not engines.docker("images", "-q", f"hive-empty:{stack.tag}", host=stack.host)


@pytest.mark.parametrize("point", ["snapshot:frozen", "snapshot:volume", "snapshot:made"])
def test_a_daemon_killed_in_a_snapshot_leaves_no_half_and_thaws(stack: Stack, point: str) -> None:
    prepare(stack)
    die_at(stack, point, "snapshot", "auth", "bad")
    stack.yard.until(lambda: warm(stack), "it is thawed")
    labels = [s["label"] for s in stack.yard.hive("snapshots", "auth", "--json").json["snapshots"]]
    assert labels == ["good"]
    assert has(stack) == "second\nsecond\n"
    stack.yard.hive("snapshot", "auth", "bad")
    assert_nothing_is_left(stack)


@pytest.mark.parametrize("point", ["restore:noted", "restore:emptying", "restore:volume"])
def test_a_daemon_killed_in_a_restore_goes_on_with_it(stack: Stack, point: str) -> None:
    prepare(stack)
    die_at(stack, point, "restore", "auth", "good")
    stack.yard.until(lambda: warm(stack), "it is restored")
    assert has(stack) == "first\nfirst\n"
    stack.yard.hive("restore", "auth", "before-restore")
    assert has(stack) == "second\nsecond\n"
    assert_nothing_is_left(stack)


def copying(stack: Stack, *command: str) -> subprocess.Popen[str]:
    """A command that has begun to move volumes: they are large enough to take a while."""
    process = stack.yard.start(*command)
    label = f"label=hive.home={stack.tag}"
    query = ("ps", "-aq", "--filter", label, "--filter", "label=hive.copying")
    stack.yard.until(lambda: engines.docker(*query, host=stack.host), "it copies")
    return process


def fill(stack: Stack) -> None:
    """Give a volume something that takes a while to move."""
    for name in ("x", "y"):
        command = f"head -c 20000000 /dev/urandom >/data/{name}"
        stack.inside("db", "sh", "-c", command)


def test_an_engine_killed_in_a_snapshot_keeps_the_data_and_no_half(
    private: Stack, engine: PrivateEngine
) -> None:
    private.make(TOML)
    private.up()
    put(private, "first")
    fill(private)
    process = copying(private, "snapshot", "auth", "good")
    engine.kill()
    try:
        _, told = process.communicate(timeout=60)
    finally:
        engine.start()
    assert process.returncode == 1, told
    assert not private.yard.hive("snapshots", "auth", "--json").json["snapshots"]
    private.yard.until(lambda: warm(private), "its container is back")
    assert has(private) == "first\nfirst\n"
    private.yard.hive("snapshot", "auth", "good")
    assert_nothing_is_left(private)


def test_a_restore_goes_on_once_a_killed_engine_is_back(
    private: Stack, engine: PrivateEngine
) -> None:
    private.make(TOML)
    private.up()
    put(private, "first")
    fill(private)
    private.yard.hive("snapshot", "auth", "good")
    private.inside("db", "sh", "-c", "rm /data/x; echo second >/data/a")
    process = private.yard.start("restore", "auth", "good")
    assert process.stderr is not None
    for line in process.stderr:
        if "filling the volume data" in line:
            break
    engine.kill()
    engine.start()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "waiting for it" in told
    assert has(private) == "first\nfirst\n"
    assert private.inside("db", "ls", "/data") == "a\nx\ny\n"
    assert_nothing_is_left(private)
