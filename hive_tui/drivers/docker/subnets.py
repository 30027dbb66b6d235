"""Chooses the addresses of an env's network. Pure but for reading the machine's routes.

An engine hands out about thirty networks by itself; small ones that are asked for by address are
limited by nothing but the range that they are taken from.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path

from hive_tui.model.errors import HiveError

SUBNETS = "HIVE_SUBNETS"
"""Variable that overrides the ranges: networks such as `10.213.0.0/16`, with commas between."""

RANGES = (IPv4Network("10.213.0.0/16"), IPv4Network("172.30.0.0/16"), IPv4Network("10.87.0.0/16"))
"""Tried in turn; one that the machine has a route into comes last."""

SMALLEST = 27
"""Prefix of the smallest network: 29 containers, 2,048 networks in a range."""

_RESERVED = 3
"""Addresses that no container gets: network, gateway, broadcast."""


def ranges(environ: Mapping[str, str]) -> tuple[IPv4Network, ...]:
    """The ranges that networks are taken from.

    Raises:
        HiveError: The variable holds something else.
    """
    text = environ.get(SUBNETS)
    if not text:
        return RANGES
    try:
        return tuple(IPv4Network(part.strip()) for part in text.split(","))
    except ValueError as error:
        raise HiveError(
            f"{SUBNETS}={text!r} is no list of networks: {error}",
            hint=f"for example {SUBNETS}=10.213.0.0/16, then `hive daemon stop`",
            code="bad_subnets",
        ) from error


def candidates(
    within: Sequence[IPv4Network],
    taken: Collection[IPv4Network],
    routes: Collection[IPv4Network],
    *,
    containers: int,
    start: int,
) -> Iterator[IPv4Network]:
    """Free networks with room for so many containers, the best first.

    Args:
        within: Ranges to take them from.
        taken: Networks of the engine.
        routes: Networks that the machine has a route to.
        containers: How many need an address.
        start: Where in a range to begin: envs that begin at different places do not race.
    """
    prefix = min(SMALLEST, 32 - (containers + _RESERVED - 1).bit_length())
    for avoided in (False, True):
        for each in within:
            if any(each.overlaps(route) for route in routes) is not avoided:
                continue
            if each.prefixlen > prefix:
                continue
            yield from _free(each, prefix, (*taken, *routes), start)


def _free(
    within: IPv4Network, prefix: int, taken: Sequence[IPv4Network], start: int
) -> Iterator[IPv4Network]:
    count = 1 << (prefix - within.prefixlen)
    near = [network for network in taken if network.overlaps(within)]
    first, size = int(within.network_address), 1 << (32 - prefix)
    for step in range(count):
        at = first + (start + step) % count * size
        network = IPv4Network((at, prefix))
        if not any(network.overlaps(other) for other in near):
            yield network


def routes(table: Path = Path("/proc/net/route")) -> tuple[IPv4Network, ...]:
    """Networks that the machine has a route to, the default route left out; Linux only."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return ()
    found = []
    for line in lines:
        fields = line.split()
        # numbers in the machine's order, whose bytes in memory are those of the address
        address, mask = (int(fields[at], 16) for at in (1, 7))
        number = socket.ntohl(address)
        if mask:
            found.append(IPv4Network((number, mask.bit_count()), strict=False))
    return tuple(found)
