"""Runs one command to its end, in a way that the next daemon could find it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import msgspec

from hive_tui.engine.endings import ending
from hive_tui.engine.operation import StepFailedError
from hive_tui.engine.protocols import Exit, Launch
from hive_tui.engine.state import RunRecord
from hive_tui.engine.world import World
from hive_tui.model.environment import EnvRecord

GRACE_S = 5.0
"""How long a cancelled command may take to end before it is killed."""

TAIL_LINES = 20
"""Last lines of a log that a failure carries."""


async def to_end(
    world: World,
    record: EnvRecord,
    launch: Launch,
    source: str,
    role: str,
    spawned: Callable[[], None] = lambda: None,
    *,
    logged: EnvRecord | None = None,
    guests: dict[int, str] | None = None,
) -> None:
    """Run a command until it has ended; one that is cancelled is ended.

    Args:
        world: The drivers.
        record: The env that it is about.
        launch: How it is started.
        source: Name of its log.
        role: What it is: `task`, for example.
        spawned: Told once it exists.
        logged: Whose log it writes; the env's where left out.
        guests: Has it while it runs: sessions of an env that are no services.

    Raises:
        StepFailedError: It failed or was cancelled; with the last lines of its log.
    """
    uid = (logged or record).uid
    offset = world.logs.end(uid, source)
    run = RunRecord(
        run_id=launch.run_id,
        env_uid=uid,
        name=source,
        role=role,
        started=world.clock.now(),
        log_offset=offset,
    )

    def failed(how: str) -> StepFailedError:
        return StepFailedError(
            how,
            hint=f"hive logs {record.name} {source}",
            tail=world.logs.tail(uid, source, TAIL_LINES, since=offset),
            env=record.name,
        )

    try:
        ended = await _recorded(world, launch, run, spawned, {} if guests is None else guests)
    except asyncio.CancelledError:  # a time-out says so itself, and shows how far it came
        raise failed("was stopped") from None
    if ended.why is not None:
        raise failed(ended.why)
    if ended.code != 0:
        raise failed(ending(ended.code))


async def _recorded(
    world: World,
    launch: Launch,
    run: RunRecord,
    spawned: Callable[[], None],
    guests: dict[int, str],
) -> Exit:
    world.store.put_run(run)
    world.checkpoint(f"launching:{run.name}")
    end = Exit(None)
    try:
        identity = await world.processes.launch(launch)
        guests[identity.pid] = run.name
        run = msgspec.structs.replace(run, identity=identity)
        world.store.put_run(run)
        world.checkpoint(f"launched:{run.name}")
        spawned()
        try:
            end = await world.processes.exited(identity, launch.exit_file)
        except asyncio.CancelledError:
            await world.processes.stop(identity, signal.SIGTERM, GRACE_S)
            raise
    finally:
        if run.identity is not None:
            guests.pop(run.identity.pid, None)
        ended = msgspec.structs.replace(run, ended=world.clock.now(), exit_code=end.code)
        world.store.put_run(ended)
        launch.exit_file.unlink(missing_ok=True)
    return end
