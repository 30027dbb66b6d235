"""Memory and processor time of running containers: from the kernel, else from the engine."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from hive_tui.drivers.docker import cgroups
from hive_tui.drivers.docker.cgroups import Cgroup
from hive_tui.drivers.docker.client import Client
from hive_tui.engine.container_protocols import Contained
from hive_tui.engine.protocols import Usage
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)


class Meter:
    """What the followed containers take. Where no files tell, the engine sends it once a second."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._groups: dict[str, Cgroup] = {}
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._sent: dict[str, Usage] = {}

    def follow(self, run: Contained) -> None:
        """Measure a run from now on."""
        self.leave(run.container)
        group = cgroups.find(run.pid, run.container) if run.pid else None
        if group is not None:
            self._groups[run.container] = group
        else:
            self._streams[run.container] = asyncio.create_task(self._listen(run.container))

    def leave(self, container: str) -> None:
        """Measure it no more."""
        self._groups.pop(container, None)
        self._sent.pop(container, None)
        if (stream := self._streams.pop(container, None)) is not None:
            stream.cancel()

    def usage(self) -> dict[str, Usage]:
        """What each takes now, or took when the engine last said so."""
        found = dict(self._sent)
        for container, group in self._groups.items():
            try:
                found[container] = group.usage()
            except (OSError, ValueError):  # it is just ending
                continue
        return found

    async def close(self) -> None:
        """Measure nothing any more."""
        streams = list(self._streams.values())
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        self._streams.clear()

    async def _listen(self, container: str) -> None:
        try:
            async with self._client.streaming(
                "its use of memory", "GET", f"containers/{container}/stats", params={"stream": "1"}
            ) as stream:
                while line := await stream.readline():
                    self._sent[container] = stats_usage(json.loads(line))
        except HiveError as error:
            log.info("memory of container=%s is not known: %s", container[:12], error)


def stats_usage(sample: Mapping[str, Any]) -> Usage:
    """What a sample of the engine's statistics says, of either version of cgroups."""
    memory = sample.get("memory_stats") or {}
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    cpu = ((sample.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage", 0)
    return Usage(max(0, int(memory.get("usage") or 0) - int(cache)), int(cpu) / 1e9, ())
