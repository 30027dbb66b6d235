"""Which tasks have done their work on the data that a snapshot holds.

A migration that ran before the snapshot need not run again on what came out of it, in this env or
in another one; one that ran later has to. What is compared is the task's text and its inputs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping

import msgspec

from hive_tui.engine.live import LiveEnv
from hive_tui.engine.observing import task_fingerprint
from hive_tui.engine.state import TaskRecord
from hive_tui.model.plan import Outcome
from hive_tui.model.project import Project, Task


async def done(live: LiveEnv, services: Collection[str]) -> dict[str, str]:
    """Task -> mark of what it was made of, of those that are done on the data of services."""
    found = {}
    for task in _about(live, services):
        record = live.tasks.get(task.name)
        if record is not None and record.fingerprint == await task_fingerprint(live, task):
            found[task.name] = await _mark(live, task)
    return found


async def take_up(live: LiveEnv, services: Collection[str], marks: Mapping[str, str]) -> None:
    """Make the tasks on the data of services be done, or not, as they were in a snapshot."""
    for task in _about(live, services):
        record = live.tasks.get(task.name)
        if marks.get(task.name) == await _mark(live, task):
            fingerprint = await task_fingerprint(live, task)
        elif record is None:
            continue
        else:
            fingerprint = ""
        if record is None:
            uid, now = live.record.uid, live.world.clock.now()
            succeeded = Outcome.SUCCEEDED.value
            record = TaskRecord(uid, task.name, succeeded, fingerprint, True, 0.0, now)
        live.tasks[task.name] = msgspec.structs.replace(record, fingerprint=fingerprint)
        live.world.store.put_task(live.tasks[task.name])


def _about(live: LiveEnv, services: Collection[str]) -> Iterator[Task]:
    """Tasks that run once for each content of their inputs, and that one of the services is for."""
    for task in live.project.tasks.values():
        if task.inputs and not _needs(live.project, task.name).isdisjoint(services):
            yield task


def _needs(project: Project, name: str) -> set[str]:
    """All that it needs, through tasks too."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        new = set(project.needs_of(ahead.pop())) - found
        found |= new
        ahead += new
    return found


async def _mark(live: LiveEnv, task: Task) -> str:
    """Hash of the task as hive.toml has it, before any name of an env, and of its inputs."""
    text = msgspec.json.encode((task.run, task.container, task.env))
    files = await live.world.folders.fingerprint(live.record.worktree, task.inputs)
    return hashlib.sha256(text + files.encode()).hexdigest()
