"""What this machine sees of the inside of a real container, by every way there is."""

from __future__ import annotations

import os

import pytest

from hive_tui.drivers.docker import cgroups, inside
from tests.stacks import Stack

SERVER = """
[services.web]
image = "IMAGE"
command = ["sh", "-c", "httpd -p 127.0.0.1:81; exec httpd -f -p 80"]
ports = { p0 = 80 }
ready = { tcp = "p0" }
"""


def test_every_way_tells_the_same_of_its_sockets(stack: Stack) -> None:
    stack.make(SERVER)
    stack.up()
    found = stack.inspect("web")
    pid = found["State"]["Pid"]
    (network,) = found["NetworkSettings"]["Networks"].values()
    ways = [inside.Sockets(pid, network["IPAddress"], enter=False), inside.Sockets(pid, "")]
    ways.append(inside.Sockets(pid, "", enter=False))
    try:
        for way in ways:
            assert [way.listens(port) for port in (80, 81, 82)] == [True, False, False]
            assert (way.scan()[80], way.scan()[81]) == (True, False)
    finally:
        for way in ways:
            way.close()


def test_a_process_of_this_machine_is_not_taken_for_the_containers(stack: Stack) -> None:
    stack.make(SERVER)
    stack.up()
    container = stack.container("web")
    assert inside.visible(stack.inspect("web")["State"]["Pid"], container)
    assert not inside.visible(os.getpid(), container)


def test_the_kernels_files_tell_its_memory_and_processor(stack: Stack) -> None:
    stack.make(SERVER)
    stack.up()
    pid = stack.inspect("web")["State"]["Pid"]
    group = cgroups.find(pid, stack.container("web"))
    if group is None:
        pytest.skip("this engine's groups are not to be seen from here")
    assert 0 < group.usage().memory_bytes < 64 << 20
    assert group.usage().cpu_s > 0
