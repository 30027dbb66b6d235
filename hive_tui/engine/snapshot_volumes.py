"""The volumes of an env's own containers, into a snapshot and back.

An engine cannot rename a volume, so one is emptied before it is filled. Its new content is whole in
the snapshot by then, and its old one in another; what begins here is finished by the next daemon.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from hive_tui.engine.container_spec import place
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.volume_protocols import Moved
from hive_tui.model.amounts import size
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

_FOLDER = "volumes"
_TELL_S = 1.0
"""Shortest time between two lines of progress."""
_ENGINE_S = 60.0
"""How long a restore waits for an engine that went away under it."""
_PAUSE_S = 0.2

Told = Callable[[str], None]


async def names(live: LiveEnv) -> tuple[str, ...]:
    """The env's volumes; nobody is asked where it never had a container.

    Raises:
        HiveError: The engine does not answer.
    """
    if live.record.uid not in live.world.store.engaged():
        return ()
    return await live.world.containers.volumes.names(live.record.uid)


async def save(live: LiveEnv, folder: Path, some: tuple[str, ...], told: Told) -> None:
    """Write volumes of an env, whose containers rest, into a snapshot's folder.

    Raises:
        HiveError: One of them cannot be copied.
    """
    for name in some:
        file = _file(folder, name)
        file.parent.mkdir(exist_ok=True, mode=0o700)
        told(f"copying the volume {name}")
        moved = _progress(live, name, told)
        await live.world.containers.volumes.save(place(live.record, ""), name, file, moved)
        live.world.checkpoint("snapshot:volume")


async def load(live: LiveEnv, folder: Path, name: str, told: Told) -> None:
    """Make a volume of an env, whose containers have ended, what it is in a snapshot.

    Where the engine goes away meanwhile, it is begun anew once that is back.

    Raises:
        HiveError: It cannot be filled, or the engine stays away.
    """
    world, file = live.world, _file(folder, name)
    whole = (await asyncio.to_thread(file.stat)).st_size
    world.store.put_engaged(live.record.uid)
    latest: float | None = None
    while True:
        told(f"filling the volume {name}, {size(whole)}")
        moved = _progress(live, name, told, whole)
        try:
            await world.containers.volumes.load(place(live.record, ""), name, file, moved)
        except HiveError as error:
            if error.code != "no_engine":
                raise
            latest = latest or world.clock.monotonic() + _ENGINE_S
            left = latest - world.clock.monotonic()
            if left < 0:
                raise
            told(f"{error.message}; waiting for it")
            await asyncio.sleep(_PAUSE_S)  # that it is gone may be known here first
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await world.containers.reachable()
        else:
            return


async def remove(live: LiveEnv, kept: tuple[str, ...], told: Told) -> None:
    """Remove volumes that the env has and a snapshot has not."""
    for name in await names(live):
        if name not in kept:
            told(f"removing the volume {name}, which was not there")
            await live.world.containers.volumes.remove(place(live.record, ""), name)


async def tidy(live: LiveEnv) -> None:
    """Remove what is left at the engine of a copy that was cut off; later, where it is away."""
    if live.record.uid in live.world.store.engaged():
        try:
            await live.world.containers.volumes.tidy(live.record.uid)
        except HiveError as error:
            log.warning("env=%s has a container too many: %s", live.id, error)


def _file(folder: Path, name: str) -> Path:
    return folder / _FOLDER / f"{quote(name, safe='')}.tar"


def _progress(live: LiveEnv, name: str, told: Told, whole: int | None = None) -> Moved:
    """Tells how far it has come, once in a while."""
    clock = live.world.clock
    last = clock.monotonic()

    def moved(done: int) -> None:
        nonlocal last
        if clock.monotonic() - last >= _TELL_S:
            last = clock.monotonic()
            share = f" ({done * 100 // whole} %)" if whole else ""
            told(f"volume {name}: {size(done)}{share}")

    return moved
