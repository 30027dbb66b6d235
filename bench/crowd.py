"""Many envs with containers at one engine: is all of them distinct, is all of it gone afterwards.

And what ten envs of the demo's stack take, as the dashboard shows it and as the kernel counts it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from bench.figures import Figure
from bench.yards import yard
from tests import databases, engines, heads, kernel_memory, stack_demo
from tests.hives import Yard
from tests.stacks import Stack

CROWD = "containers: many envs at once"
TEN = "containers: 10 envs of the demo's stack"

ENVS, FEW = 60, 12
"""Docker alone refuses about the thirtieth network."""
_BLOCK = 10
_TEN = 10
_SETTLED_S = 5.0
_SERVICE = """
[services.web]
image = "IMAGE"
command = "httpd -f -p 80"
ports = { p0 = 80 }
volumes = { data = "/data" }
ready = { tcp = "p0" }
"""


def measure(quick: bool) -> list[Figure]:
    """The crowd, then the ten.

    Args:
        quick: Fewer envs in the crowd.
    """
    figures = _crowd(FEW if quick else ENVS)
    if not (databases.BIN / "postgres").exists():
        print("  left out: PostgreSQL is not installed", flush=True)
        return figures
    return [*figures, *_ten()]


def _crowd(envs: int) -> list[Figure]:
    names = [f"e{number}" for number in range(envs)]
    with yard() as made:
        stack = Stack(made)
        stack.base = made.port_base(block=envs)
        try:
            stack.make(_SERVICE)
            began = time.perf_counter()
            for name in names:
                made.hive("spawn", name)
            spawned = time.perf_counter()
            for some in _lots(names):
                made.hive("warm", *some)
            warmed = time.perf_counter()
            ready = sum(env["state"] == "warm" for env in _listed(made))
            distinct = _distinct(stack)
            for some in _lots(names):
                made.hive("destroy", *some, "--force")
            gone = time.perf_counter()
            made.until(lambda: len(stack.left()["volumes"]) <= 1, "the trash is emptied")
            left = stack.left()
        finally:
            stack.close()
    rates = f"spawn {spawned - began:.1f} s, warm {warmed - spawned:.1f} s"
    return [
        Figure(CROWD, "envs that are warm", ready, aim=envs, at_least=True, beside=rates),
        *(
            Figure(CROWD, f"distinct {what}", number, aim=envs, at_least=True)
            for what, number in distinct.items()
        ),
        Figure(
            CROWD,
            "containers and networks left once all are destroyed",
            len(left["containers"]) + len(left["networks"]),
            aim=0,
            beside=f"{gone - warmed:.1f} s",
        ),
        Figure(CROWD, "volumes left: of the one that undo has", len(left["volumes"]), aim=1),
    ]


def _lots(names: list[str], size: int = 10) -> Iterable[list[str]]:
    return (names[at : at + size] for at in range(0, len(names), size))


def _listed(made: Yard) -> list[dict[str, object]]:
    found: list[dict[str, object]] = made.hive("list", "--json").json["environments"]
    return found


def _distinct(stack: Stack) -> dict[str, int]:
    """How many different ones there are at the engine."""
    found = stack.left()
    containers = json.loads(engines.docker("inspect", *found["containers"]))
    networks = json.loads(engines.docker("network", "inspect", *found["networks"]))
    ports = [
        binding["HostPort"]
        for container in containers
        for bindings in container["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    ]
    return {
        "names": len({container["Name"] for container in containers}),
        "ports": len(set(ports)),
        "subnets": len({network["IPAM"]["Config"][0]["Subnet"] for network in networks}),
        "volumes": len(set(found["volumes"])),
    }


def _ten() -> list[Figure]:
    with stack_demo.home() as stack:
        stack_demo.show(stack)
        more = [f"more-{number}" for number in range(_TEN - len(stack_demo.NAMES))]
        for name in more:
            stack.yard.hive("spawn", name)
        stack.yard.hive("warm", *stack_demo.NAMES, *more)
        time.sleep(_SETTLED_S)  # two passes over the processes
        shown, counted = heads.of(stack.yard).memory_used_bytes, kernel_memory.of(stack)
    beside = f"{shown / 1e6:.0f} MB shown, {counted / 1e6:.0f} MB by the kernel"
    off = abs(shown / counted - 1) * 100
    return [Figure(TEN, "the memory bar is off by", off, "%", aim=10.0, beside=beside)]
