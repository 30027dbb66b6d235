"""Looks at what of an env is there, as far as the plan of its next transition has to know."""

from __future__ import annotations

import hashlib
import os

import msgspec

from hive_tui.config import templates
from hive_tui.engine import links, parts
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.plan import Observed, needed
from hive_tui.engine.state import TaskRecord
from hive_tui.model.environment import ServiceState
from hive_tui.model.project import Project, Task, When


async def observe(live: LiveEnv, *, folders: bool = False) -> Observed:
    """What the plan of the env's next transition starts from.

    Args:
        live: The env.
        folders: Also look at what it lacks of its copies and dependency folders.
    """
    done = set()
    for task in live.project.tasks.values():
        record = live.tasks.get(task.name)
        if record is not None and await _satisfied(live, task, record):
            done.add(task.name)
    built = frozenset([name for name in _to_build(live) if await _built(live, name)])
    seeded = await parts.seeded(live)
    return Observed(
        worktree=os.path.isdir(live.record.worktree),
        services=live.service_states(),
        done=frozenset(done),
        lacks=await links.lacks(live) if folders else None,
        built=built,
        shared=frozenset(name for name in live.units if live.shares(name)),
        parted=parts.parted(live),
        seeded=seeded,
        outgrown=frozenset(name for name in live.own if live.outgrown(name)),
    )


def _to_build(live: LiveEnv) -> list[str]:
    """Services that may have to be built before they can start."""
    down = (ServiceState.STOPPED, ServiceState.CRASHED, ServiceState.BACKOFF)
    return [
        service.name
        for service in live.project.services.values()
        if service.build is not None and live.units[service.name].state in down
    ]


async def _built(live: LiveEnv, name: str) -> bool:
    home = live.home_of(name)
    return await home.containers.built(home.project.services[name])


async def _satisfied(live: LiveEnv, task: Task, record: TaskRecord) -> bool:
    if not record.fingerprint:
        return False
    if not task.inputs and not record.current and task.when is not When.SPAWN:
        return False
    return record.fingerprint == await task_fingerprint(live, task)


async def task_fingerprint(live: LiveEnv, task: Task) -> str:
    """Hash of the task's command and of the content of its inputs, in this env."""
    digest = hashlib.sha256(_command(live.project, live, task).encode())
    for name in sorted(needed(live.project, task.needs)):
        if live.shares(name):  # where its work lies is another place than the env's own
            digest.update(live.home_of(name).record.uid.encode())
    if task.inputs:
        files = await live.world.folders.fingerprint(live.record.worktree, task.inputs)
        digest.update(files.encode())
    return digest.hexdigest()


def _command(project: Project, live: LiveEnv, task: Task) -> str:
    if task.container is not None:
        return msgspec.json.encode(task.container).decode()
    return templates.expand(task.run, templates.values(project, live.record))
