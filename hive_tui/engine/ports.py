"""Chooses blocks of ports for envs, and tells what really listens on them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec

from hive_tui.engine.protocols import Listener
from hive_tui.model.errors import HiveError

_LAST_PORT = 65535


def choose(
    base: int,
    block: int,
    taken: Collection[int] | Mapping[int, int],
    ephemeral: range,
    free: Callable[[int], bool],
) -> int:
    """First port of the block to give to a new env.

    Blocks are tried from `base` upwards, those that meet the kernel's ephemeral range last: there
    any program's outgoing connection may hold a port when a service wants it.

    Args:
        base: First port of the first block.
        block: Ports in a block, at least 1.
        taken: First ports of the blocks that envs have; their sizes too, if it is a mapping, else
            they count as `block` long.
        ephemeral: Ports that the kernel hands out by itself.
        free: Whether all ports that an env with this base would use can be bound now.

    Raises:
        HiveError: No block is left; the hint says what would help.
    """
    sizes = taken if isinstance(taken, Mapping) else dict.fromkeys(taken, block)
    bases = [
        first
        for first in range(base, _LAST_PORT - block + 2, block)
        if not any(_meet(first, block, other, size) for other, size in sizes.items())
    ]
    bases.sort(key=lambda first: _meet(first, block, ephemeral.start, len(ephemeral)))
    for first in bases:
        if free(first):
            return first
    why = "other programs hold ports of all that are left" if bases else "envs have them all"
    raise HiveError(
        f"no block of {block} ports is left between {base} and {_LAST_PORT}: {why}",
        hint="destroy an env, or set another `base` or a smaller `block` in [ports] of hive.toml",
        code="no_ports",
    )


def _meet(first: int, length: int, other: int, other_length: int) -> bool:
    return first < other + other_length and other < first + length


class Allocated(msgspec.Struct, frozen=True):
    """A named port that an env has."""

    env: str
    name: str
    port: int


class Holder(msgspec.Struct, frozen=True):
    """The service that a process belongs to."""

    env: str
    service: str


def port_map(
    allocated: Iterable[Allocated],
    listeners: Mapping[int, tuple[Listener, ...]],
    owners: Mapping[Listener, int],
    *,
    program: Callable[[int], str | None],
    holder: Callable[[int], Holder | None],
) -> list[dict[str, Any]]:
    """The rows of `hive ports --json`: what was given out, beside what listens.

    A row is `foreign` where the port is listened on by a process that is not the env's own. Where
    both listen, on different addresses, the stranger is shown: it is what has to be looked at.

    Args:
        allocated: All named ports, in the order of the rows.
        listeners: A scan of the machine.
        owners: Pids of the sockets that matter, as far as the system tells them.
        program: Name of the program that a pid runs.
        holder: Which service a pid belongs to; `None` for a stranger.
    """
    rows: list[dict[str, Any]] = []
    for place in allocated:
        row: dict[str, Any] = {
            "env": place.env,
            "name": place.name,
            "port": place.port,
            "listening": False,
            "pid": None,
            "process": None,
            "service": None,
            "foreign": False,
        }
        for listener in listeners.get(place.port, ()):
            pid = owners.get(listener)
            held_by = None if pid is None else holder(pid)
            foreign = held_by is None or held_by.env != place.env
            if row["listening"] and not foreign:
                continue
            row |= {
                "listening": True,
                "pid": pid,
                "process": None if pid is None else program(pid),
                "service": None if held_by is None else held_by.service,
                "foreign": foreign,
            }
        rows.append(row)
    return rows
