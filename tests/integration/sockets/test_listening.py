"""Listening sockets are found, with the processes that hold them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from hive_tui.drivers.sockets import (
    NetlinkListening,
    ProcListening,
    bindable,
    ephemeral_range,
    listening,
)
from hive_tui.drivers.sockets_portable import PsutilListening

Kind = NetlinkListening | ProcListening | PsutilListening
KINDS: tuple[type[Kind], ...] = (NetlinkListening, ProcListening, PsutilListening)
linux = pytest.mark.skipif(sys.platform != "linux", reason="netlink and /proc are Linux's")

PLACES = [
    (socket.AF_INET, "127.0.0.1", False),
    (socket.AF_INET, "0.0.0.0", False),
    (socket.AF_INET6, "::1", False),
    (socket.AF_INET6, "::", False),
    (socket.AF_INET6, "::", True),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    if sys.platform != "linux" and request.param is not PsutilListening:
        pytest.skip("netlink and /proc are Linux's")
    made = request.param()
    yield made
    if isinstance(made, NetlinkListening):
        made.close()


@pytest.fixture
def listen() -> Iterator[Callable[[socket.AddressFamily, str, bool], socket.socket]]:
    opened: list[socket.socket] = []

    def make(family: socket.AddressFamily, address: str, v6only: bool) -> socket.socket:
        made = socket.socket(family)
        opened.append(made)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        try:
            made.bind((address, 0))
        except OSError:
            pytest.skip(f"this machine has no {address}")
        made.listen(4)
        return made

    yield make
    for each in opened:
        each.close()


@pytest.mark.parametrize(("family", "address", "v6only"), PLACES)
def test_a_server_is_found_by_port_with_its_address(
    kind: Kind,
    listen: Callable[[socket.AddressFamily, str, bool], socket.socket],
    family: socket.AddressFamily,
    address: str,
    v6only: bool,
) -> None:
    port = listen(family, address, v6only).getsockname()[1]

    there = kind.scan()[port]

    assert [listener.address for listener in there] == [address]


def test_a_socket_that_is_bound_but_does_not_listen_is_not_found(kind: Kind) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        assert bound.getsockname()[1] not in kind.scan()


def test_a_server_that_closes_is_gone_at_the_next_scan(
    kind: Kind, listen: Callable[[socket.AddressFamily, str, bool], socket.socket]
) -> None:
    server = listen(socket.AF_INET, "127.0.0.1", False)
    port = server.getsockname()[1]
    assert port in kind.scan()

    server.close()

    assert port not in kind.scan()


@linux
def test_the_same_port_on_two_addresses_gives_two_listeners(kind: Kind) -> None:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        second.bind(("127.0.0.2", port))
        first.listen()
        second.listen()

        there = kind.scan()[port]

        assert sorted(listener.address for listener in there) == ["127.0.0.1", "127.0.0.2"]


def test_the_owner_is_the_process_that_holds_the_socket(kind: Kind) -> None:
    code = (
        "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen();"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())

        (listener,) = kind.scan()[port]

        assert kind.owner(listener) == child.pid
        assert kind.owner(listener, [os.getpid(), child.pid]) == child.pid
        assert kind.owner(listener, [os.getpid()]) is None
        assert kind.owners([listener]) == {listener: child.pid}
        child.communicate()


def test_a_process_that_is_gone_owns_nothing(
    kind: Kind, listen: Callable[[socket.AddressFamily, str, bool], socket.socket]
) -> None:
    port = listen(socket.AF_INET, "127.0.0.1", False).getsockname()[1]
    (listener,) = kind.scan()[port]
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass

    assert kind.owner(listener, [ended.pid]) is None


@pytest.mark.parametrize(("family", "address", "v6only"), PLACES)
def test_a_port_somebody_listens_on_cannot_be_bound(
    kind: Kind,
    listen: Callable[[socket.AddressFamily, str, bool], socket.socket],
    family: socket.AddressFamily,
    address: str,
    v6only: bool,
) -> None:
    server = listen(family, address, v6only)
    port = server.getsockname()[1]
    assert not kind.bindable(port)

    server.close()

    assert bindable(port)


@linux
def test_an_unchanged_machine_gives_the_same_dictionary_again(
    listen: Callable[[socket.AddressFamily, str, bool], socket.socket],
) -> None:
    netlink = NetlinkListening()
    try:
        port = listen(socket.AF_INET, "127.0.0.1", False).getsockname()[1]
        first = netlink.scan()
        assert port in first
        second = listen(socket.AF_INET, "127.0.0.1", False).getsockname()[1]

        assert second in netlink.scan()
        assert second not in first
    finally:
        netlink.close()


@linux
def test_a_broken_netlink_socket_is_replaced(
    listen: Callable[[socket.AddressFamily, str, bool], socket.socket],
) -> None:
    netlink = NetlinkListening()
    try:
        port = listen(socket.AF_INET, "127.0.0.1", False).getsockname()[1]
        netlink.close()

        assert port in netlink.scan()
    finally:
        netlink.close()


@linux
def test_five_hundred_servers_are_all_seen_by_netlink_and_proc_alike(
    listen: Callable[[socket.AddressFamily, str, bool], socket.socket],
) -> None:
    ports = {listen(socket.AF_INET, "127.0.0.1", False).getsockname()[1] for _ in range(500)}
    netlink = NetlinkListening()
    try:
        by_netlink, by_proc = netlink.scan(), ProcListening().scan()
    finally:
        netlink.close()

    assert ports <= by_netlink.keys()
    for port in ports:
        assert by_netlink[port] == by_proc[port]


@linux
def test_linux_uses_netlink() -> None:
    chosen = listening()
    assert isinstance(chosen, NetlinkListening)
    chosen.close()


def test_the_ephemeral_range_holds_ports_that_the_kernel_hands_out() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))

        assert probe.getsockname()[1] in ephemeral_range()
