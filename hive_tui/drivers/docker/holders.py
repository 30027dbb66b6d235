"""Says who holds the port that a container was to be published on."""

from __future__ import annotations

from hive_tui.drivers.docker import naming
from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.faults import PortTakenError
from hive_tui.engine.container_protocols import ContainerSpec
from hive_tui.model.errors import HiveError


async def holder(client: Client, spec: ContainerSpec, error: PortTakenError) -> HiveError:
    """The error that names the container which has the port; the engine's own where none has.

    Args:
        client: The engine.
        spec: What was to be started.
        error: What the engine said.
    """
    wanted = set(spec.ports)
    try:
        async with client.calling("list the containers") as docker:
            found = await docker.containers.list()
    except HiveError:
        return error
    for each in found:
        known = each._container
        for port in known.get("Ports") or ():
            number = port.get("PublicPort")
            if number in wanted:
                name = str((known.get("Names") or ["?"])[0]).lstrip("/")
                place = naming.place(known.get("Labels") or {})
                whose = f" of the env {place.project}/{place.env}" if place.env else ""
                return PortTakenError(
                    f"port {number} of {spec.place.service} is taken by the container "
                    f"{name}{whose}",
                    hint=f"`docker stop {name}`, or set another `[ports] base` and spawn anew",
                )
    if "already allocated" in error.message:  # by the engine itself, and to nobody
        return PortTakenError(
            f"a port of {spec.place.service} is held by the engine and given to no container: it "
            "was killed in the middle of a start; restart the engine to have it let go",
            hint="`sudo systemctl restart docker`, or restart its app; then try again",
        )
    return error
