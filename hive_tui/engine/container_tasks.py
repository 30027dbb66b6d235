"""Runs a container to its end, as a task: made, started, waited for, and taken away again.

A daemon that died in the middle leaves the container; the next one removes it, and the task runs
anew.
"""

from __future__ import annotations

import asyncio

import msgspec

from hive_tui.engine.container_spec import place
from hive_tui.engine.endings import ending
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.operation import StepContext, StepFailedError
from hive_tui.engine.state import RunRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Service

TAIL_LINES = 20


async def run_to_end(live: LiveEnv, service: Service, context: StepContext) -> None:
    """Run the container of a service until it has ended well.

    Raises:
        StepFailedError: It could not be made or started, or ended with another status than 0.
        CancelledError: The step was cancelled; the container is gone.
    """
    world, uid = live.world, live.record.uid
    offset = world.logs.end(uid, service.name)

    def failed(how: str, error: HiveError | None = None) -> StepFailedError:
        return StepFailedError(
            how,
            hint=(error.hint if error is not None else None)
            or f"hive logs {live.record.name} {service.name}",
            code=error.code if error is not None else None,
            tail=world.logs.tail(uid, service.name, TAIL_LINES, since=offset),
            env=live.record.name,
        )

    try:
        await live.containers.build(service)
        await live.containers.prepare(service)
        code, why = await _run(live, service, context, offset)
    except asyncio.CancelledError:  # a time-out says so itself, and shows how far it came
        if context.timed_out:
            raise failed("was stopped") from None
        raise
    except HiveError as error:
        raise failed(error.message, error) from error
    if code != 0:
        raise failed(ending(code) + (f": {why}" if why else ""))


async def _run(
    live: LiveEnv, service: Service, context: StepContext, offset: int
) -> tuple[int | None, str | None]:
    """Start it and wait; its exit status, and what is known of its end beside that."""
    world = live.world
    order = live.containers.order(service)
    record = RunRecord(
        run_id=order.run_id,
        env_uid=live.record.uid,
        name=service.name,
        role="task",
        started=world.clock.now(),
        log_offset=offset,
    )
    world.store.put_run(record)
    world.checkpoint(f"launching:{service.name}")
    code: int | None = None
    try:
        running = await order.begin()
        context.spawned()
        try:
            ended = await asyncio.shield(running.exited)
        except asyncio.CancelledError:
            await running.stop(service.stop)
            raise
        code = ended.code
        return code, ended.why
    finally:
        done = msgspec.structs.replace(record, ended=world.clock.now(), exit_code=code)
        world.store.put_run(done)
        await world.containers.remove(place(live.record, service.name))
