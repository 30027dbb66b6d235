"""The container engine goes away under running services, and comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.private_engine import PrivateEngine
from tests.stacks import Stack

SERVICES = """
[services.db]
image = "IMAGE"
command = ["sh", "-c", "echo run >>/tmp/runs; exec sleep 1000"]
[services.clean]
image = "IMAGE"
command = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
[services.api]
run = "exec sleep 1000"
"""
TWICE = ("stop", "kill")


def state(stack: Stack, service: str) -> str:
    """What is shown of a service."""
    return str(stack.yard.service("auth", service)["state"])


def ready(stack: Stack) -> Callable[[], bool]:
    """Whether the env is warm."""
    return lambda: stack.yard.env("auth")["state"] == "warm"


@pytest.mark.parametrize("how", TWICE)
def test_services_come_back_with_the_engine_and_processes_never_notice(
    private: Stack, engine: PrivateEngine, how: str
) -> None:
    private.make(SERVICES)
    private.up()
    pid = private.yard.service("auth", "api")["pid"]
    getattr(engine, how)()
    try:
        private.yard.until(lambda: state(private, "db") != "ready", "its loss is seen")
        assert private.yard.service("auth", "api")["pid"] == pid
        assert private.yard.env("auth")["state"] == "degraded"
    finally:
        engine.start()
    private.yard.until(ready(private), "everything is back")
    assert private.inside("db", "cat", "/tmp/runs") == "run\nrun\n"
    assert private.yard.service("auth", "api")["pid"] == pid


def test_a_daemon_that_begins_without_the_engine_finds_its_containers_later(
    private: Stack, engine: PrivateEngine
) -> None:
    private.make(SERVICES)
    private.up()
    private.yard.kill_daemon()
    engine.stop()
    try:
        env = private.yard.env("auth")
        assert env["state"] == "degraded"
        assert "engine" in env["reason"]
        assert state(private, "api") == "ready"
    finally:
        engine.start()
    private.yard.until(ready(private), "everything is back")


def test_an_env_destroyed_without_the_engine_leaves_nothing_once_it_is_back(
    private: Stack, engine: PrivateEngine
) -> None:
    private.make(SERVICES)
    private.up()
    private.yard.hive("stop", "auth")
    engine.stop()
    try:
        private.yard.hive("destroy", "auth", "--force")
    finally:
        engine.start()
    private.yard.until(lambda: not private.left()["containers"], "its containers are removed")
    private.yard.until(lambda: not private.left()["networks"], "so is its network")
