"""What goes wrong with containers: each says what to do, and the processes of the env go on."""

from __future__ import annotations

import socket
import urllib.request
import uuid

import pytest

from tests import engines
from tests.stacks import Stack

PROCESS = """
[services.api]
run = "exec sleep 1000"
"""
IDLE = """
[services.idle]
image = "IMAGE"
command = "sleep 1000"
"""


def warm(stack: Stack, services: str) -> str:
    """Warm an env with these services and a process; what a person is told."""
    stack.make(PROCESS + services)
    stack.yard.hive("spawn", "auth")
    told = stack.yard.hive("warm", "auth", status=1).err
    assert stack.yard.service("auth", "api")["state"] == "ready"
    return told


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("unix:///nowhere/docker.sock", "there is no container engine"),
        ("tcp://127.0.0.1:9", "does not answer"),
        ("ssh://somebody@build.example.invalid", "on another machine"),
        ("tcp://10.255.0.1:2375", "on another machine"),
    ],
)
def test_an_engine_that_is_not_to_be_had_is_named(stack: Stack, host: str, said: str) -> None:
    stack.yard.extra["DOCKER_HOST"] = host
    told = warm(stack, IDLE)
    assert said in told
    assert "DOCKER_HOST" in told
    doctor = stack.yard.hive("doctor", status=None).out
    assert said in doctor


def test_a_stranger_on_the_port_is_named(stack: Stack) -> None:
    stack.make(PROCESS + IDLE + "ports = { p0 = 80 }\n")
    stack.yard.hive("spawn", "auth")
    with socket.create_server(("127.0.0.1", stack.base)):
        told = stack.yard.hive("warm", "auth", status=1).err
    assert f"port {stack.base} (p0) is taken by pid" in told
    assert stack.yard.service("auth", "api")["state"] == "ready"


def test_a_container_of_a_stranger_on_the_port_is_named(stack: Stack) -> None:
    stack.make(IDLE + "ports = { p0 = 80 }\n")
    stack.yard.hive("spawn", "auth")
    name = f"stranger-{stack.tag}"
    publish = f"127.0.0.1:{stack.base}:80"
    engines.docker("run", "-d", "--name", name, "-p", publish, stack.image, "sleep", "1000")
    try:
        told = stack.yard.hive("warm", "auth", status=1).err
    finally:
        engines.docker("rm", "-f", name)
    assert f"taken by the container {name}" in told
    assert f"docker stop {name}" in told


def test_a_name_that_a_stranger_has_is_no_obstacle(stack: Stack) -> None:
    service = f"idle{uuid.uuid4().hex[:8]}"  # the engine is shared with others
    engines.docker("create", "--name", f"hive-shop-auth-{service}", stack.image, "true")
    try:
        stack.make(IDLE.replace("services.idle", f"services.{service}"))
        stack.up()
        assert stack.inspect(service)["Name"].startswith(f"/hive-shop-auth-{service}-")
    finally:
        engines.docker("rm", "-f", f"hive-shop-auth-{service}")


def test_a_program_that_the_image_does_not_have_is_named(stack: Stack) -> None:
    told = warm(
        stack, '[services.idle]\nimage = "IMAGE"\ncommand = "nothing-of-that"\ninit = false\n'
    )
    assert "nothing-of-that" in told
    assert "check `command`" in told


def test_a_folder_that_is_not_there_is_named(stack: Stack) -> None:
    told = warm(stack, IDLE + 'volumes = ["./nowhere:/data"]\n')
    assert "nowhere" in told
    assert "make the folder" in told


def test_a_kill_for_want_of_memory_is_named(stack: Stack) -> None:
    stack.make(
        """
        [services.hungry]
        image = "IMAGE"
        command = ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=200M count=1; exit 9"]
        memory = "16MB"
        init = false
        restart = "no"
        [services.greedy]
        image = "IMAGE"
        command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M"]
        memory = "16MB"
        restart = "no"
        """
    )
    stack.yard.hive("spawn", "auth")
    stack.yard.hive("warm", "auth", status=None)
    stack.yard.until(
        lambda: stack.yard.service("auth", "greedy")["state"] == "crashed", "it was killed"
    )
    assert "out of memory" in stack.yard.hive("why", "auth", "greedy").out


def test_a_crash_is_restarted_with_what_the_container_held(stack: Stack) -> None:
    stack.make(
        """
        [services.web]
        image = "IMAGE"
        command = ["sh", "-c", "echo run >>/tmp/runs; exec httpd -f -p 80 -h /tmp"]
        ports = { p0 = 80 }
        ready = { tcp = "p0" }
        """
    )
    stack.up()
    stack.inside("web", "sh", "-c", "kill -9 $(ps | awk '/httpd/ && !/awk/ {print $1}')")
    stack.yard.until(lambda: stack.yard.service("auth", "web")["restarts"] == 1, "it crashed")
    stack.yard.until(lambda: stack.yard.service("auth", "web")["state"] == "ready", "it is back")
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.base}/runs", timeout=10) as page:
        assert page.read() == b"run\nrun\n"


def test_a_container_removed_behind_our_back_is_made_again(stack: Stack) -> None:
    stack.make(IDLE)
    stack.up()
    first = stack.container("idle")
    engines.docker("rm", "-f", first)
    stack.yard.until(
        lambda: (
            stack.container("idle") not in ("", first)
            and stack.yard.service("auth", "idle")["state"] == "ready"
        ),
        "there is another one",
    )


def test_a_network_removed_behind_our_back_is_made_again(stack: Stack) -> None:
    stack.make(IDLE)
    stack.up()
    stack.yard.hive("stop", "auth")
    engines.docker("network", "rm", *stack.left()["networks"])
    stack.yard.hive("warm", "auth")
    assert stack.yard.service("auth", "idle")["state"] == "ready"
