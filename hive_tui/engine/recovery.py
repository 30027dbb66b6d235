"""What a new daemon does first: find what runs, go on with what was half done, say so."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable

import msgspec

from hive_tui.engine.admission import Admission, Mode
from hive_tui.engine.container_recovery import ContainerRecovery
from hive_tui.engine.destroying import Destroying
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.protocols import Identity
from hive_tui.engine.spawning import Spawning
from hive_tui.engine.state import JournalEntry, RunRecord
from hive_tui.engine.supervision import Unit
from hive_tui.engine.transitions import Transitions
from hive_tui.engine.world import World
from hive_tui.model.environment import Wanted
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Transition

log = logging.getLogger(__name__)

_LEFTOVER_GRACE_S = 2.0


class Recovery:
    """Runs once, before the first client is served."""

    def __init__(
        self,
        world: World,
        transitions: Transitions,
        spawning: Spawning,
        destroying: Destroying,
        refresh: Callable[[LiveEnv], None],
        leave: Callable[[LiveEnv], None],
        containers: ContainerRecovery,
        admission: Admission,
    ) -> None:
        self._world = world
        self._containers = containers
        self._transitions = transitions
        self._spawning = spawning
        self._destroying = destroying
        self._refresh = refresh
        self._leave = leave
        self._admission = admission
        self._going_on: set[asyncio.Task[None]] = set()

    async def run(self, envs: dict[str, LiveEnv]) -> None:
        """Adopt what lives, end what nobody wants, resume what the journal holds.

        Args:
            envs: Every env of the store by id.
        """
        by_uid = {live.record.uid: live for live in envs.values()}
        found = self._world.processes.find()
        runs = {run.run_id: run for run in self._world.store.runs()}
        adopted = self._adopt(by_uid, runs, found)
        contained = await self._containers.run(runs)
        strays = [identity for run_id, identity in found.items() if run_id not in adopted]
        await asyncio.gather(*(self._end(identity) for identity in strays))
        for run in runs.values():
            if run.run_id not in adopted and run.role != "service":
                self._world.store.put_run(
                    msgspec.structs.replace(run, ended=self._world.clock.now())
                )
        self._settle_trash(by_uid)
        resumed = [entry for entry in self._world.store.journal() if self._resume(by_uid, entry)]
        alive = len(adopted) + contained
        if alive or strays or resumed:
            entry = self._world.store.log(
                "daemon.recovered",
                f"found {alive} running services, ended {len(strays)} leftover processes, "
                f"went on with {len(resumed)} transitions",
                data={"resumed": [f"{e.transition} {by_uid[e.env_uid].id}" for e in resumed]},
            )
            self._world.bus.publish_event(entry)

    def _adopt(
        self,
        by_uid: dict[str, LiveEnv],
        runs: dict[str, RunRecord],
        found: dict[str, Identity],
    ) -> set[str]:
        """Hand each service's newest run to its unit; returns the run ids that live on."""
        newest: dict[tuple[str, str], RunRecord] = {}
        for known in sorted(runs.values(), key=lambda run: run.started):
            if known.role == "service":
                newest[known.env_uid, known.name] = known
        adopted = set()
        for live in by_uid.values():
            records = {unit.service: unit for unit in self._world.store.units(live.record.uid)}
            for (env_uid, name), known in newest.items():
                runs_on = env_uid == live.record.uid and known.run_id in found
                if runs_on and name not in live.own:
                    live.keep(name)
            for name, unit in live.own.items():
                run = newest.get((live.record.uid, name))
                if _in_container(unit, run):
                    continue
                identity = found.get(run.run_id) if run is not None else None
                unit.adopt(records.get(name), run, identity)
                if run is not None and identity is not None:
                    adopted.add(run.run_id)
            live.changed()
        return adopted

    def _settle_trash(self, by_uid: dict[str, LiveEnv]) -> None:
        """An env that is in the trash and in the hive was on its way from one to the other."""
        journalled = {entry.env_uid for entry in self._world.store.journal()}
        for trashed in self._world.store.trash():
            live = by_uid.get(trashed.record.uid)
            if live is None or live.record.uid in journalled:
                continue
            if os.path.isdir(live.record.worktree):
                self._world.store.drop_trash(live.record.uid)
            else:
                self._leave(live)
        for live in list(by_uid.values()):
            unclaimed = live.record.owned and not live.record.base_commit
            if unclaimed and live.record.uid not in journalled:
                self._leave(live)

    async def _end(self, identity: Identity) -> None:
        log.info("ending leftover process pid=%d run=%s", identity.pid, identity.run_id)
        try:
            await self._world.processes.stop(identity, signal.SIGTERM, _LEFTOVER_GRACE_S)
        except HiveError as error:
            log.warning("leftover run=%s: %s", identity.run_id, error)

    def _resume(self, by_uid: dict[str, LiveEnv], entry: JournalEntry) -> bool:
        live = by_uid.get(entry.env_uid)
        if live is None:
            self._world.store.close_journal(entry.id)
            return False
        if entry.transition is Transition.TEST:
            self._world.store.close_journal(entry.id)
            return False
        work: Awaitable[object]
        if entry.transition is Transition.SPAWN:
            work = self._spawning.resume(live, entry)
        elif entry.transition is Transition.DESTROY:
            work = self._destroying.resume(live, entry)
        else:
            work = self._request(live, entry)
        live.resuming = entry.transition
        task = asyncio.ensure_future(self._guarded(live, entry, work))
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)
        return True

    async def _request(self, live: LiveEnv, entry: JournalEntry) -> None:
        """Ask for a transition again. One that needs hive.toml is not guessed without it."""
        if entry.transition is not Transition.STOP:
            self._refresh(live)
        mode = entry.params.get("room")
        if mode is not None and live.record.wanted is not Wanted.WARM:  # it had not begun yet
            await self._admission.warm(live, Mode(str(mode)), journal_id=entry.id)
            return
        services = entry.params.get("services")
        await self._transitions.request(
            live,
            entry.transition,
            services=frozenset(str(services).split(",")) if services else None,
            journal_id=entry.id,
        )

    async def _guarded(self, live: LiveEnv, entry: JournalEntry, work: Awaitable[object]) -> None:
        try:
            await work
        except HiveError as error:
            if self._transitions.closing:  # the next daemon goes on with it
                return
            log.warning("cannot go on env=%s transition=%s: %s", live.id, entry.transition, error)
            live.event(
                "transition.lost",
                f"{live.record.name}: could not go on with {entry.transition}: {error}",
                level="error",
            )
            live.world.store.close_journal(entry.id)
        finally:
            if live.resuming is not None:
                live.resuming = None
                live.changed()


def _in_container(unit: Unit, run: RunRecord | None) -> bool:
    """Whether it is for the recovery of containers to find a service again."""
    if run is not None and (run.identity is not None or run.contained is not None):
        return run.contained is not None
    return unit.service.contained
