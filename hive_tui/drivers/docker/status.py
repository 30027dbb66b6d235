"""What `hive doctor` says of the container engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_tui.drivers.docker.client import Client
from hive_tui.engine.container_protocols import EngineStatus
from hive_tui.model.errors import HiveError

OLDEST_API = (1, 40)
"""Of the API: older engines do not know `host-gateway`, by which containers reach this machine."""


async def status(client: Client) -> EngineStatus:
    """Look at the engine. Raises nothing."""
    try:
        async with client.calling("look at the engine", timeout_s=10.0) as docker:
            info = await docker.system.info()
    except HiveError as error:
        endpoint = client.endpoint
        return EngineStatus(
            endpoint=endpoint.url if endpoint is not None else "nowhere",
            source=endpoint.source if endpoint is not None else "not looked for",
            problem=error.message,
            hint=error.hint,
        )
    assert client.endpoint is not None
    version = client.version
    number = tuple(int(part) for part in str(version.get("ApiVersion", "0.0")).split("."))
    old = number < OLDEST_API
    return EngineStatus(
        endpoint=client.endpoint.url,
        source=client.endpoint.source,
        version=f"{version.get('Version')} (API {version.get('ApiVersion')})",
        problem=f"its API {version.get('ApiVersion')} is too old" if old else None,
        hint="install an engine of Docker 20.10 or newer" if old else None,
        notes=tuple(_notes(info)),
    )


def _notes(info: Mapping[str, Any]) -> list[str]:
    notes = []
    if info.get("OSType") not in (None, "linux"):
        notes.append(f"it runs {info.get('OSType')} containers; hive expects linux")
    if not info.get("MemoryLimit", True):
        notes.append("it cannot limit memory: `memory` has no effect")
    if not info.get("CpuCfsQuota", True):
        notes.append("it cannot limit processors: `cpus` has no effect")
    if str(info.get("CgroupDriver")) == "none":
        notes.append("it has no cgroups: freeze does not pause containers")
    if not info.get("InitBinary", "docker-init"):
        notes.append("it has no init: set `init = false`")
    return notes
