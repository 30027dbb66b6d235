"""What envs have at the container engine, and how it goes with them.

The store says which envs may have something there: an engine is asked about nobody else, and a
hive without containers never speaks to one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from hive_tui.engine.world import World
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)


async def leave(world: World, record: EnvRecord, *, volumes: bool) -> tuple[str, ...]:
    """Remove what an env has at the engine; nothing happens where it has nothing.

    Where the engine does not answer, it is left for `sweep`, and an event says so.

    Args:
        world: The drivers.
        record: The env.
        volumes: Also its data, which can then not be taken back.

    Returns:
        Names of the volumes that stay.
    """
    if record.uid not in world.store.engaged():
        return ()
    try:
        kept = await world.containers.clear(record.uid, volumes=volumes)
    except HiveError as error:
        log.warning("env=%s stays at the engine: %s", record.id, error)
        entry = world.store.log(
            "containers.left",
            f"{record.name}: its containers stay until the engine answers: {error.message}",
            env=record.id,
            level="warning",
        )
        world.bus.publish_event(entry)
        return ()
    if volumes or not kept:
        world.store.drop_engaged(record.uid)
    return kept


async def sweep(world: World, wanted: Collection[str]) -> None:
    """Remove what envs have left behind that nobody wants any more.

    Of those that can still be taken back the data stays.

    Args:
        world: The drivers.
        wanted: Uids of the envs that are there, or on their way.
    """
    trashed = {trashed.record.uid for trashed in world.store.trash()}
    for uid in world.store.engaged() - frozenset(wanted):
        try:
            await world.containers.clear(uid, volumes=uid not in trashed)
        except HiveError as error:
            log.warning("what env uid=%s left at the engine stays: %s", uid, error)
        else:
            if uid not in trashed:
                world.store.drop_engaged(uid)
