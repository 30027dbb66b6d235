"""The daemon is killed under running containers: the next one finds them, and loses no line."""

from __future__ import annotations

import pytest

from tests import engines
from tests.stacks import Stack

COUNTER = """
[services.counter]
image = "IMAGE"
command = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done"]
"""
TWO = """
[services.db]
image = "IMAGE"
command = ["sh", "-c", "echo up; exec httpd -f -p 80"]
ports = { p0 = 80 }
volumes = { data = "/data" }
ready = { tcp = "p0" }
[services.web]
image = "IMAGE"
command = "sleep 1000"
needs = ["db"]
"""


def test_a_container_runs_on_and_is_found_again_with_its_state(stack: Stack) -> None:
    stack.make(TWO)
    stack.up()
    before = {name: stack.inspect(name)["State"]["StartedAt"] for name in ("db", "web")}
    stack.yard.kill_daemon()
    env = stack.yard.env("auth")
    assert env["state"] == "warm"
    after = {name: stack.inspect(name)["State"]["StartedAt"] for name in ("db", "web")}
    assert before == after
    assert all(service["restarts"] == 0 for service in env["services"])


def test_no_line_is_lost_and_none_is_written_twice(stack: Stack) -> None:
    stack.make(COUNTER)
    stack.up()
    for last in (50, 150, 250):
        stack.yard.until(lambda last=last: f"line {last}\n" in text(stack), "it writes")  # type: ignore[misc]
        stack.yard.kill_daemon()
        stack.yard.hive("list")
    stack.yard.until(lambda: "line 350\n" in text(stack), "it writes")
    stack.yard.hive("stop", "auth")
    numbers = [int(line.split()[1]) for line in text(stack).splitlines()]
    assert numbers == list(range(1, len(numbers) + 1))


def text(stack: Stack) -> str:
    """The log file as it is."""
    path = next((stack.yard.home / "logs").glob("*/counter.log"))
    return path.read_text()


def test_what_ended_while_no_daemon_lived_is_told_with_its_end(stack: Stack) -> None:
    stack.make(
        """
        [services.job]
        image = "IMAGE"
        command = ["sh", "-c", "sleep 1; echo last words; exit 5"]
        restart = "no"
        """
    )
    stack.up()
    stack.yard.kill_daemon()
    stack.yard.until(lambda: not stack.inspect("job")["State"]["Running"], "it has ended")
    stack.yard.until(
        lambda: stack.yard.service("auth", "job")["exit_code"] == 5, "its end is known"
    )
    assert "last words" in stack.log("job")


def test_a_frozen_container_is_found_frozen(stack: Stack) -> None:
    stack.make(TWO)
    stack.up()
    stack.yard.hive("freeze", "auth")
    stack.yard.kill_daemon()
    assert stack.yard.env("auth")["state"] == "frozen"
    stack.yard.hive("thaw", "auth")
    assert stack.yard.env("auth")["state"] == "warm"


@pytest.mark.parametrize("point", range(4, 22, 3))
def test_a_daemon_killed_in_the_middle_of_a_warm_loses_and_doubles_nothing(
    stack: Stack, point: int
) -> None:
    stack.make(TWO)
    stack.yard.hive("spawn", "auth")
    stack.yard.hive("daemon", "stop")
    stack.yard.extra["HIVE_FAULT_KILL_AT"] = str(point)
    stack.yard.hive("warm", "auth", status=None)
    del stack.yard.extra["HIVE_FAULT_KILL_AT"]
    stack.yard.hive("daemon", "stop", status=None)  # one that lived past the last point
    stack.yard.hive("warm", "auth")
    assert stack.yard.env("auth")["state"] == "warm"
    found = stack.left()
    assert [len(found[kind]) for kind in ("containers", "networks", "volumes")] == [2, 1, 1]


@pytest.mark.parametrize("point", range(1, 12, 3))
def test_a_daemon_killed_in_the_middle_of_a_destroy_leaves_nothing(
    stack: Stack, point: int
) -> None:
    stack.make(TWO)
    stack.up()
    stack.yard.hive("daemon", "stop")
    stack.yard.extra["HIVE_FAULT_KILL_AT"] = str(point)
    stack.yard.hive("destroy", "auth", "--force", status=None)
    del stack.yard.extra["HIVE_FAULT_KILL_AT"]
    if "auth" in stack.yard.names():
        stack.yard.hive("destroy", "auth", "--force", status=None)
    stack.yard.until(lambda: not stack.yard.names(), "it is gone")
    stack.yard.until(lambda: not stack.left()["containers"], "so are its containers")
    assert not stack.left()["networks"]


def test_a_container_of_an_env_that_is_gone_is_removed(stack: Stack) -> None:
    stack.make(TWO)
    stack.up()
    labels = ("home=" + stack.tag, "uid=0123456789ab", "env=old", "project=shop", "service=x")
    words = [word for label in labels for word in ("--label", f"hive.{label}")]
    stray = engines.docker("run", "-d", *words, stack.image, "sleep", "1000").strip()
    stack.yard.kill_daemon()
    assert stack.yard.env("auth")["state"] == "warm"
    stack.yard.until(
        lambda: stray not in engines.docker("ps", "-aq", "--no-trunc"), "the stray is removed"
    )
