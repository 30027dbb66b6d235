"""Snapshots of the volumes of an env's own containers, on a real engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import engines
from tests.hives import Yard
from tests.stacks import Stack

TOML = """
[services.db]
image = "IMAGE"
command = ["sh", "-c", "echo up; exec sleep 1000"]
volumes = { data = "/data", more = "/more" }
ready = { log = "up" }
"""

FILL = (
    "echo first > /data/a; chmod 640 /data/a; ln -s nowhere /data/link; ln /data/a /data/same; "
    "mkdir /data/d; chmod 1777 /data/d; touch /data/d/old; chown 70:71 /data /data/a; "
    "chmod 700 /data; mkfifo /data/pipe; echo other > /more/b"
)
SHOW = "stat -c '%n %F %a %u:%g %h' /data /data/*; cat /data/a /more/b; readlink /data/link"


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


@pytest.fixture
def saved(stack: Stack) -> Stack:
    """A warm env with a snapshot `good`, whose volume was changed afterwards."""
    stack.make(TOML)
    stack.up()
    sh(stack, FILL)
    stack.yard.hive("snapshot", "auth", "good")
    spoil(stack)
    return stack


def sh(stack: Stack, command: str, env: str = "auth") -> str:
    """Output of a shell command inside the container."""
    return stack.inside("db", "/bin/busybox", "sh", "-c", busy(command), env=env)


def busy(command: str) -> str:
    """The command with busybox's own tools, of which the image links only some."""
    tools = ["chmod", "ln", "chown", "mkfifo", "stat", "readlink", "rm"]
    return "".join(f'{tool}() {{ busybox {tool} "$@"; }}; ' for tool in tools) + command


def spoil(stack: Stack) -> None:
    """Change what the snapshot has."""
    sh(stack, "rm /data/a /more/b; echo second > /data/a; echo new > /data/new; rm /data/d/old")


def whole(stack: Stack, env: str = "auth") -> bool:
    """Whether the volumes are as they were when they were saved."""
    told = sh(stack, SHOW, env)
    assert "/data/a regular file 640 70:71 2" in told, told
    assert "/data directory 700 70:71" in told, told
    assert "/data/d directory 1777" in told, told
    assert "/data/pipe fifo" in told, told
    assert told.endswith("first\nother\nnowhere\n"), told
    return "/data/new" not in told and sh(stack, "ls /data/d", env) == "old\n"


def helpers(stack: Stack) -> str:
    """What copying has left at the engine."""
    left = engines.docker("ps", "-aq", "--filter", "label=hive.copying", host=stack.host)
    return left + engines.docker("images", "-q", f"hive-empty:{stack.tag}", host=stack.host)


def test_a_volume_comes_back_with_owners_modes_and_links(saved: Stack) -> None:
    before, names = saved.inspect("db")["State"]["StartedAt"], saved.left()["volumes"]
    saved.yard.hive("snapshot", "auth", "later")
    assert saved.inspect("db")["State"]["StartedAt"] == before
    assert saved.yard.env("auth")["state"] == "warm"
    saved.yard.hive("restore", "auth", "good")
    assert saved.yard.env("auth")["state"] == "warm"
    assert whole(saved)
    assert saved.left()["volumes"] == names
    assert helpers(saved) == ""


def test_what_was_before_a_restore_can_be_had_again(saved: Stack) -> None:
    saved.yard.hive("restore", "auth", "good")
    saved.yard.hive("restore", "auth", "before-restore")
    assert sh(saved, "cat /data/a /data/new") == "second\nnew\n"


def test_a_new_env_begins_with_the_volumes_of_another_one(saved: Stack) -> None:
    saved.yard.hive("spawn", "two", "--from", "auth:good", "--warm")
    assert whole(saved, "two")
    assert sh(saved, "cat /data/a") == "second\n"


def test_a_volume_that_was_not_there_is_not_there_after_a_restore(stack: Stack) -> None:
    stack.make('[snapshot]\ndata = ["notes"]\n' + TOML)
    stack.yard.hive("spawn", "auth")
    stack.yard.hive("snapshot", "auth", "bare")
    stack.yard.hive("warm", "auth")
    sh(stack, FILL)
    stack.yard.hive("restore", "auth", "bare")
    assert sh(stack, "ls /data /more") == "/data:\n\n/more:\n"
    stack.yard.hive("restore", "auth", "before-restore")
    assert whole(stack)


def test_a_volume_that_a_stranger_uses_is_not_taken_from_under_it(saved: Stack) -> None:
    volume = saved.left()["volumes"][0]
    stranger = engines.docker(
        "run", "-d", "-v", f"{volume}:/x", saved.image, "sleep", "1000"
    ).strip()
    try:
        told = saved.yard.hive("restore", "auth", "good", status=1).err
        assert f"docker ps -a --filter volume={volume}`" in told
    finally:
        engines.docker("rm", "-f", stranger)
    saved.yard.hive("restore", "auth", "good")
    assert whole(saved)


MIGRATED = (
    TOML
    + """
[tasks.migrate]
run = "echo ran >>ran; cat schema >/dev/null"
needs = ["db"]
inputs = ["schema"]
"""
)


def test_a_migration_runs_again_only_where_the_data_lack_it(stack: Stack) -> None:
    stack.make(MIGRATED, {"schema": "one"})
    stack.up()
    ran, schema = stack.yard.tree("auth") / "ran", stack.yard.tree("auth") / "schema"
    stack.yard.hive("snapshot", "auth", "one")
    schema.write_text("two")
    stack.yard.hive("warm", "auth")
    assert ran.read_text() == "ran\nran\n"
    stack.yard.hive("restore", "auth", "one")
    assert ran.read_text() == "ran\nran\nran\n"
    stack.yard.hive("spawn", "two", "--from", "auth:one", "--warm")
    assert not (stack.yard.tree("two") / "ran").exists()
