"""Launches and probes the services of one env that are processes."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from hive_tui.config import templates
from hive_tui.engine.process_host import ProcessHost
from hive_tui.engine.protocols import Exit, Identity, Launch
from hive_tui.model.plan import StepKind
from hive_tui.model.project import ReadyKind, Service

if TYPE_CHECKING:
    from hive_tui.engine.live import LiveEnv

_PROBE_GRACE_S = 1.0


def process_host(live: LiveEnv) -> ProcessHost:
    """Where the processes of an env's services live."""
    services = _ProcessServices(live)
    return ProcessHost(live.world.processes, services.launch, services.wait_ready)


class _ProcessServices:
    """What a process host asks about one env."""

    def __init__(self, live: LiveEnv) -> None:
        self._live = live

    def launch(self, service: Service) -> Launch:
        """The launch of a new run of a service."""
        live = self._live
        return live.world.launcher.launch(
            live.project,
            live.record,
            service.name,
            service.run or "",
            cwd=service.cwd,
            env=service.env,
        )

    async def wait_ready(
        self, service: Service, identity: Identity, log_offset: int, died: asyncio.Future[Exit]
    ) -> float:
        """Wait until a service's process is ready; returns how late that was seen."""
        live, ready = self._live, service.ready
        port: int | None = None
        value = ""
        if ready is not None:
            value = templates.expand(ready.value, templates.values(live.project, live.record))
            if ready.kind is ReadyKind.TCP:
                port = live.project.ports_at(live.record.port_base)[ready.value]
            elif ready.kind is ReadyKind.FILE:
                value = os.path.join(live.record.worktree, service.cwd or "", value)

        async def probe() -> int:
            return await self._exec_probe(service, ready.value if ready else "true")

        learned = live.world.store.learned(live.project.name)
        return await live.world.readiness.wait(
            ready,
            env_uid=live.record.uid,
            source=service.name,
            value=value,
            port=port,
            identity=identity,
            log_offset=log_offset,
            died=died,
            expected_s=learned.get(f"{StepKind.READY}:{service.name}"),
            exec_probe=probe,
        )

    async def _exec_probe(self, service: Service, command: str) -> int:
        live = self._live
        launch = live.world.launcher.launch(
            live.project, live.record, None, command, cwd=service.cwd, env=service.env
        )
        processes = live.world.processes
        identity = await processes.launch(launch)
        try:
            ended = await processes.exited(identity, launch.exit_file)
        except asyncio.CancelledError:
            await processes.stop(identity, 15, _PROBE_GRACE_S)
            raise
        finally:
            launch.exit_file.unlink(missing_ok=True)
        return ended.code if ended.code is not None else 1
