"""Chooses blocks of ports for envs, and tells what really listens on them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
    left = 0
    for late in (False, True):
        for first in range(base, _LAST_PORT - block + 2, block):
            if _meet(first, block, ephemeral.start, len(ephemeral)) is not late:
                continue
            if any(_meet(first, block, other, size) for other, size in sizes.items()):
                continue
            left += 1
            if free(first):
                return first
    why = "other programs hold ports of all that are left" if left else "envs have them all"
    raise HiveError(
        f"no block of {block} ports is left between {base} and {_LAST_PORT}: {why}",
        hint="destroy an env, or set another `base` or a smaller `block` in [ports] of hive.toml",
        code="no_ports",
    )


def _meet(first: int, length: int, other: int, other_length: int) -> bool:
    return first < other + other_length and other < first + length


class Published(msgspec.Struct, frozen=True):
    """A port of this machine behind which a container of the env is."""

    service: str
    listening: bool
    """Whether something listens inside."""
    pid: int | None
    """The container's first process; `None` where this machine does not show it."""
    program: str | None

    @property
    def row(self) -> dict[str, Any]:
        """Its part of a row."""
        return {
            "listening": self.listening,
            "pid": self.pid,
            "process": self.program,
            "service": self.service,
            "foreign": False,
        }


def port_map(
    *,
    env: str,
    base: int,
    size: int,
    names: Mapping[int, str],
    scan: Mapping[int, tuple[Listener, ...]],
    members: Mapping[int, str],
    owner: Callable[[Listener, Sequence[int] | None], int | None],
    program: Callable[[int], str | None],
    published: Mapping[int, Published] | None = None,
) -> list[dict[str, Any]]:
    """Rows of `hive ports --json` for one env: what was given out, beside what listens.

    First the named ports, then whatever else listens in the block (`name` is `None`). A row is
    `foreign` where a process listens that is not the env's own. Where both listen, on different
    addresses, the stranger is shown: it is what has to be looked at.

    Args:
        env: Name of the env.
        base: First port of its block.
        size: Ports in the block.
        names: Port -> name.
        scan: The machine's listening sockets by port.
        members: Pid -> service, of all processes of the env.
        owner: Pid that holds a socket, looked for among some pids or everywhere.
        program: Name of the program that a pid runs.
        published: Port -> the running container of the env that has it. What then listens here is
            the engine's proxy, or nothing at all.
    """
    unnamed = sorted(port for port in scan if base <= port < base + size and port not in names)
    rows: list[dict[str, Any]] = []
    for port in (*names, *unnamed):
        if published is not None and port in published:
            rows.append({"env": env, "name": names.get(port), "port": port, **published[port].row})
            continue
        listeners = scan.get(port, ())
        pids = [owner(each, tuple(members)) or owner(each, None) for each in listeners]
        strangers = [pid for pid in pids if pid not in members]
        pid = (strangers or pids or [None])[0]
        rows.append(
            {
                "env": env,
                "name": names.get(port),
                "port": port,
                "listening": bool(listeners),
                "pid": pid,
                "process": None if pid is None else program(pid),
                "service": None if pid is None else members.get(pid),
                "foreign": bool(strangers),
            }
        )
    return rows
