"""Which addresses an env's network gets."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.drivers.docker import subnets
from hive_tui.model.errors import HiveError

SMALL = (IPv4Network("10.9.0.0/24"),)


@given(
    taken=st.lists(st.integers(0, 255).map(lambda n: IPv4Network((f"10.9.0.{n & ~15}", 28)))),
    containers=st.integers(1, 100),
    start=st.integers(0, 2**32),
)
def test_no_network_overlaps_another_one_and_all_have_room(
    taken: list[IPv4Network], containers: int, start: int
) -> None:
    found = list(subnets.candidates(SMALL, taken, (), containers=containers, start=start))
    for network in found:
        assert network.subnet_of(SMALL[0])
        assert network.num_addresses >= containers + 3
        assert not any(network.overlaps(other) for other in taken)
    assert len(set(found)) == len(found)


def test_a_range_holds_more_networks_than_anybody_has_envs() -> None:
    found = subnets.candidates(subnets.RANGES[:1], (), (), containers=6, start=0)
    assert len(list(found)) == 2048


def test_ranges_that_the_machine_has_a_route_into_come_last() -> None:
    first, second = IPv4Network("10.1.0.0/24"), IPv4Network("10.2.0.0/24")
    routes = (IPv4Network("10.1.0.0/16"),)
    found = subnets.candidates((first, second), (), routes, containers=1, start=0)
    assert all(network.subnet_of(second) for network in islice(found, 8))


def test_nothing_is_left_of_a_full_range() -> None:
    assert not list(subnets.candidates(SMALL, SMALL, (), containers=1, start=7))


def test_the_ranges_can_be_chosen() -> None:
    found = subnets.ranges({subnets.SUBNETS: "10.8.0.0/16, 192.168.9.0/24"})
    assert found == (IPv4Network("10.8.0.0/16"), IPv4Network("192.168.9.0/24"))
    with pytest.raises(HiveError, match="no list of networks"):
        subnets.ranges({subnets.SUBNETS: "10.8.0.1/16"})


def test_routes_are_read_from_the_kernels_table(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
        "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\n"
        "br0\t0000110A\t00000000\t0001\t0\t0\t0\t0000FFFF\n"
    )
    assert subnets.routes(table) == (IPv4Network("10.17.0.0/16"),)
    assert subnets.routes(tmp_path / "none") == ()
