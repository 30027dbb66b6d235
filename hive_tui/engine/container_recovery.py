"""Finds the containers of a hive again: after the death of a daemon, or of the engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from hive_tui.engine import engagements, snapshot_volumes
from hive_tui.engine.container_protocols import FoundContainer
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.state import RunRecord, UnitRecord
from hive_tui.engine.world import World
from hive_tui.model.environment import ServiceState
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)


class ContainerRecovery:
    """Runs at the start of a daemon, and goes on where the engine did not answer then."""

    def __init__(self, world: World, envs: Callable[[], Iterable[LiveEnv]]) -> None:
        """Create it.

        Args:
            world: The drivers.
            envs: All envs that there are.
        """
        self._world = world
        self._envs = envs
        self._late: asyncio.Task[None] | None = None
        world.containers.on_change(self._lost, self._returned)

    async def run(self, runs: Mapping[str, RunRecord]) -> int:
        """Adopt what runs, remove what nobody wants; returns how many were adopted.

        Nothing is asked where no env ever had a container.

        Args:
            runs: By id, those that are not known to have ended.
        """
        try:
            return await self._adopt(runs)
        except HiveError as error:
            log.warning("containers are not found again: %s", error)
            for live in self._envs():
                wanted = {u.service for u in self._world.store.units(live.record.uid) if u.wanted}
                for name in wanted.intersection(self._units(live, runs)):
                    live.units[name].lose_sight(error.message)
            self._late = asyncio.create_task(self._adopt_later(runs))
            return 0

    async def close(self) -> None:
        """Look no more."""
        if self._late is not None:
            self._late.cancel()
            await asyncio.gather(self._late, return_exceptions=True)

    async def _adopt_later(self, runs: Mapping[str, RunRecord]) -> None:
        await self._world.containers.reachable()
        try:
            await self._adopt(runs)
        except HiveError as error:
            log.warning("containers are still not found again: %s", error)

    async def _adopt(self, runs: Mapping[str, RunRecord]) -> int:
        engaged = bool(self._world.store.engaged())
        there = await self._world.containers.find() if engaged else ()
        found = {(each.place.env_uid, each.place.service): each for each in there}
        newest: dict[tuple[str, str], RunRecord] = {}
        for run in sorted(runs.values(), key=lambda run: run.started):
            if run.role == "service":
                newest[run.env_uid, run.name] = run
        adopted = 0
        for live in self._envs():
            uid = live.record.uid
            for (env_uid, name), container in found.items():
                if env_uid == uid and name in live.project.tasks:  # it runs anew where it is missed
                    await self._world.containers.remove(container.place)
                elif env_uid == uid and container.run is not None and name not in live.own:
                    live.keep(name, contained=True)
            records = {unit.service: unit for unit in self._world.store.units(uid)}
            for name in self._units(live, runs):
                record = newest.get((uid, name))
                here = found.get((uid, name))
                adopted += self._adopt_unit(live, name, records.get(name), record, here)
            live.changed()
        if engaged:
            await self._remove_strays(there)
        return adopted

    def _adopt_unit(
        self,
        live: LiveEnv,
        name: str,
        known: UnitRecord | None,
        record: RunRecord | None,
        there: FoundContainer | None,
    ) -> bool:
        unit = live.units[name]
        if unit.running or unit.state is ServiceState.STARTING:
            return False
        run = there.run if there is not None else None
        if record is None and run is not None:  # started in the instant of a crash
            record = RunRecord(
                run_id=self._world.launcher.new_run_id(),
                env_uid=live.record.uid,
                name=name,
                role="service",
                started=self._world.clock.now(),
                log_offset=self._world.logs.end(live.record.uid, name),
                contained=run,
            )
        unit.adopt(known, record, run)
        return run is not None

    def _units(self, live: LiveEnv, runs: Mapping[str, RunRecord]) -> list[str]:
        """Services of an env that are containers, or ran as one last."""
        mine = {run.name: run for run in runs.values() if run.env_uid == live.record.uid}
        ran = {name for name, run in mine.items() if run.contained is not None}
        other = {name for name, run in mine.items() if run.identity is not None}
        return [
            name
            for name, unit in live.own.items()
            if name in ran or (unit.service.contained and name not in other)
        ]

    async def _remove_strays(self, found: Iterable[FoundContainer]) -> None:
        wanted = self._wanted()
        for uid in {each.place.env_uid for each in found} - wanted:
            self._world.store.put_engaged(uid)
        await engagements.sweep(self._world, wanted)

    # --- the engine goes and comes back --------------------------------------------------------

    def _lost(self, why: str) -> None:
        for live in self._envs():
            for unit in live.own.values():
                if unit.contained is not None:
                    unit.lose_sight(why)

    def _returned(self, ended: frozenset[str]) -> None:
        for live in self._envs():
            for unit in live.own.values():
                if unit.service.contained:
                    unit.regain_sight(ended=unit.last_container in ended)
        if self._late is None or self._late.done():
            self._late = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        """Remove what had to stay while the engine did not answer."""
        await engagements.sweep(self._world, self._wanted())
        for live in self._envs():
            await snapshot_volumes.tidy(live)

    def _wanted(self) -> set[str]:
        """Envs that are there, or on their way."""
        journalled = {entry.env_uid for entry in self._world.store.journal()}
        return {live.record.uid for live in self._envs()} | journalled
