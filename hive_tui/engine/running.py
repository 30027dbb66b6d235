"""Runs one command to its end, in a way that the next daemon could find it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import msgspec

from hive_tui.engine.operation import StepFailedError
from hive_tui.engine.protocols import Launch
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
        code = await _recorded(world, launch, run, spawned)
    except asyncio.CancelledError:  # a time-out says so itself, and shows how far it came
        raise failed("was stopped") from None
    if code != 0:
        raise failed("was killed" if code is None else ending(code))


def ending(code: int) -> str:
    """An exit status in words."""
    if code >= 0:
        return f"exit {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


async def _recorded(
    world: World, launch: Launch, run: RunRecord, spawned: Callable[[], None]
) -> int | None:
    world.store.put_run(run)
    world.checkpoint(f"launching:{run.name}")
    code: int | None = None
    try:
        identity = await world.processes.launch(launch)
        run = msgspec.structs.replace(run, identity=identity)
        world.store.put_run(run)
        world.checkpoint(f"launched:{run.name}")
        spawned()
        try:
            code = (await world.processes.exited(identity, launch.exit_file)).code
        except asyncio.CancelledError:
            await world.processes.stop(identity, signal.SIGTERM, GRACE_S)
            raise
    finally:
        ended = msgspec.structs.replace(run, ended=world.clock.now(), exit_code=code)
        world.store.put_run(ended)
        launch.exit_file.unlink(missing_ok=True)
    return code
