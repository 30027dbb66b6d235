"""When a container counts as ready, on a real engine."""

from __future__ import annotations

import pytest

from tests.stacks import Stack

SLOW = "sleep 0.7; mkdir -p /run; echo up; touch /run/up; exec httpd -f -p 80 -h /www"


@pytest.mark.parametrize(
    "ready",
    [
        '{ tcp = "p0" }',
        '{ http = "http://127.0.0.1:{{port.p0}}/" }',
        '{ exec = "test -e /run/up" }',
        '{ log = "^up$" }',
        '{ file = "/run/up" }',
    ],
    ids=["tcp", "http", "exec", "log", "file"],
)
def test_a_dependent_starts_only_once_it_shows(stack: Stack, ready: str) -> None:
    stack.make(
        f"""
        [services.web]
        image = "IMAGE"
        command = ["sh", "-c", "echo hi >/www/index.html; {SLOW}"]
        ports = {{ p0 = 80 }}
        ready = {ready}
        [services.user]
        image = "IMAGE"
        command = ["sh", "-c", "echo started; exec sleep 1000"]
        needs = ["web"]
        """
    )
    stack.up()
    lines = stack.log()
    assert lines.index("up") < lines.index("started")


def test_a_published_port_alone_does_not_make_it_ready(stack: Stack) -> None:
    stack.make(
        """
        [services.web]
        image = "IMAGE"
        command = "sleep 1000"
        ports = { p0 = 80 }
        ready = { tcp = "p0", timeout = 1 }
        """
    )
    stack.yard.hive("spawn", "auth")
    told = stack.yard.hive("warm", "auth", status=1).err
    assert "nothing listens on port 80 inside" in told


def test_a_socket_of_its_loopback_is_out_of_reach_and_said_to_be(stack: Stack) -> None:
    stack.make(
        """
        [services.web]
        image = "IMAGE"
        command = "httpd -f -p 127.0.0.1:80"
        ports = { p0 = 80 }
        ready = { tcp = "p0", timeout = 1 }
        """
    )
    stack.yard.hive("spawn", "auth")
    assert "by loopback only" in stack.yard.hive("warm", "auth", status=1).err


def test_a_probe_that_fails_is_quoted(stack: Stack) -> None:
    stack.make(
        """
        [services.db]
        image = "IMAGE"
        command = "sleep 1000"
        ready = { exec = "echo no such table; exit 3", timeout = 1 }
        """
    )
    stack.yard.hive("spawn", "auth")
    told = stack.yard.hive("warm", "auth", status=1).err
    assert "its probe ends with 3: no such table" in told


def test_a_file_of_the_worktree_may_show_it_too(stack: Stack) -> None:
    stack.make(
        """
        [services.db]
        image = "IMAGE"
        command = ["sh", "-c", "sleep 0.3; touch /srv/up; exec sleep 1000"]
        volumes = ["./state:/srv"]
        ready = { file = "state/up" }
        """,
        {"state/.keep": ""},
    )
    stack.up()
    assert stack.yard.service("auth", "db")["state"] == "ready"


def test_a_death_before_readiness_fails_at_once_with_the_last_lines(stack: Stack) -> None:
    stack.make(
        """
        [services.db]
        image = "IMAGE"
        command = ["sh", "-c", "echo cannot open the disk; exit 7"]
        ports = { p0 = 80 }
        ready = { tcp = "p0" }
        restart = "no"
        """
    )
    stack.yard.hive("spawn", "auth")
    told = stack.yard.hive("warm", "auth", status=1).err
    assert "exit 7" in told
    assert "cannot open the disk" in told
