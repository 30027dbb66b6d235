"""One environment while the daemon runs: its services, what is known of it, and how it is shown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from hive_tui.engine import showing
from hive_tui.engine.activity import Activity
from hive_tui.engine.container_host import ContainerHost
from hive_tui.engine.folding import stamp
from hive_tui.engine.hosting import Host
from hive_tui.engine.operation import Operation
from hive_tui.engine.plan import level, needed
from hive_tui.engine.process_services import process_host
from hive_tui.engine.progress import Feed
from hive_tui.engine.protocols import Usage
from hive_tui.engine.state import LinkRecord, RunRecord, TaskRecord, UnitRecord, Verdict
from hive_tui.engine.supervision import Unit
from hive_tui.engine.world import World
from hive_tui.model.agent import AgentDetail
from hive_tui.model.environment import (
    AgentView,
    EnvDetail,
    EnvRecord,
    EnvState,
    Failure,
    GitView,
    ServiceState,
    Trespass,
    Wanted,
)
from hive_tui.model.plan import Outcome, Trace, Transition
from hive_tui.model.project import Boundaries, Project, Restart, Service

if TYPE_CHECKING:
    from hive_tui.engine.common import Common

log = logging.getLogger(__name__)

PUBLISH_S = 1 / 30
"""Shortest time between two values of an env."""


class LiveEnv:
    """The daemon's knowledge of one env. Changes are published, many as one."""

    def __init__(
        self, world: World, record: EnvRecord, project: Project, common: Common | None = None
    ) -> None:
        """Know of an env.

        Args:
            world: The drivers.
            record: What is stored of it.
            project: Its project.
            common: What it shares with the project's other envs; `None` where that is nothing.
        """
        self.world = world
        self.record = record
        self.project = project
        self.common = common
        self.asked = 0
        """How many transitions are being asked for, and run not yet."""
        self.claims: set[str] = set()
        """Shared services that were asked for by name, beyond what its state needs."""
        self.turn = asyncio.Lock()
        """Held while one transition is replaced by the next."""
        self.operation: Operation | None = None
        self.resuming: Transition | None = None
        """What a new daemon is about to go on with; `None` once it is over."""
        self.suites: list[Operation] = []
        """Test runs under way, beside the transition."""
        self.feeds: list[Feed] = []
        """Of those who wait for the transition that runs."""
        traces = world.store.traces(record.uid)
        self.last: Trace | None = traces[0] if traces else None
        self.failure: Failure | None = showing.failure(self.last)
        self.failed_service: str | None = showing.failed_service(self.last)
        self.trouble: str | None = None
        """What is wrong with its worktree."""
        self.half_restored: str | None = None
        """Why nothing of it may start before its data are whole again."""
        self.unread: str | None = None
        """Why its hive.toml could not be read since the daemon began; `None` once it was."""
        self.git: GitView | None = None
        self.trespasses: tuple[Trespass, ...] = ()
        self.agent: AgentView | None = None
        self.agent_detail: AgentDetail | None = None
        self.activity = Activity()
        self.fixed_ports: tuple[int, ...] = ()
        """Those of the project, while they lead here."""
        self.waits_for_room: str | None = None
        """How much memory it lacks, in words, while it is queued for a warm."""
        self._room_come: asyncio.Future[None] | None = None
        self.content: tuple[str, str] | None = None
        """Commit and content hash of the worktree, once a verdict needs them."""
        self.running_suites: set[str] = set()
        self.guests: dict[int, str] = {}
        """Session id -> task or suite of everything that runs to its end."""
        self.memory_bytes: int | None = None
        """Of services, tasks and suites together."""
        self.cpu_percent: float | None = None
        self.tasks: dict[str, TaskRecord] = {t.task: t for t in world.store.tasks(record.uid)}
        self.links: dict[str, LinkRecord] = {
            entry.path: entry for entry in world.store.links(record.uid)
        }
        self.verdicts: dict[str, Verdict] = {v.suite: v for v in world.store.verdicts(record.uid)}
        self.previous_s: float | None = None
        self.units: dict[str, Unit] = {}
        """All services by name, those that it shares too."""
        self.own: dict[str, Unit] = {}
        """The ones of them that are its own."""
        self.service_memory: dict[str, int] = {}
        """Bytes by service, of the last pass over the processes."""
        self.unsure: frozenset[str] = frozenset()
        """Services whose bytes may be too many yet."""
        self.containers = ContainerHost(world, record, lambda: self.project)
        self._processes = process_host(self)
        self._cpu: tuple[float, float] | None = None
        self._state: tuple[EnvState, str] | None = None
        self._pending = False
        self._published_at = float("-inf")
        self.published: Callable[[LiveEnv], None] = lambda live: None
        """Told soon after anything about it changed, many changes as one."""
        self.gone = False
        self.adopt_project(project)
        stored = (unit for unit in world.store.units(record.uid) if unit.wanted)
        self.claims = {unit.service for unit in stored if self.shares(unit.service)}

    @property
    def id(self) -> str:
        """`project/name`."""
        return self.record.id

    # --- what is known ---------------------------------------------------------------------

    def adopt_project(self, project: Project) -> None:
        """Take a newer hive.toml: new services get a unit, gone ones keep theirs till they end."""
        self.project = project
        self._levels = {wanted: level(project, wanted) for wanted in Wanted}
        self.unread = None
        for service in project.services.values():
            self.house(service)
        self.changed()

    @property
    def boundaries(self) -> Boundaries:
        """Where its agent may write."""
        return self.project.boundaries.over(self.record.boundaries)

    def house(self, service: Service) -> None:
        """Give a service its unit: the env's own, or the one that it shares.

        One that runs for the env alone stays its own until it has ended.
        """
        name, own = service.name, self.own.get(service.name)
        if service.shared and self.common is not None:
            if own is None or not (own.running or own.wanted):
                self.own.pop(name, None)
                self.units[name] = self.common.units[name]
            return
        if own is None:
            own = self.own[name] = self._unit(service)
        own.service = service
        self.units[name] = own

    def shares(self, name: str) -> bool:
        """Whether a service is one that the env has in common with others."""
        return name in self.units and name not in self.own

    def alone(self, name: str) -> AbstractAsyncContextManager[object]:
        """Hold what only one may do at a time with a service."""
        return contextlib.nullcontext()

    def home_of(self, name: str) -> LiveEnv:
        """Whose the unit of a service is."""
        return self.common if self.common is not None and self.shares(name) else self

    def keep(self, service: str, *, contained: bool = False) -> None:
        """Give a unit to a service that runs although hive.toml lacks it or cannot be read."""
        known = Service(name=service, run="", restart=Restart.NO)
        if contained:
            known = Service(name=service, image="", restart=Restart.NO)
        self.units[service] = self.own[service] = self._unit(known)
        self.changed()

    def _forget_ended(self) -> None:
        """Let go of units that hive.toml no longer has, once nothing of them runs or will."""
        ended = (ServiceState.STOPPED, ServiceState.CRASHED)
        for name, unit in list(self.own.items()):
            if unit.running or unit.state not in ended:
                continue
            if name not in self.project.services:
                del self.own[name], self.units[name]
            elif self.outgrown(name):
                self.house(self.project.services[name])

    def outgrown(self, name: str) -> bool:
        """Whether a service is still the env's own although it is shared by now."""
        service = self.project.services.get(name)
        shared = service is not None and service.shared and self.common is not None
        return shared and name in self.own

    def put_record(self, record: EnvRecord) -> None:
        """Store and show a changed record."""
        self.record = record
        self.world.store.put_env(record)
        self.changed()

    def service_states(self) -> dict[str, ServiceState]:
        """What the plan starts from."""
        return {
            name: ServiceState.STOPPED if unit.halting and self.shares(name) else unit.state
            for name, unit in self.units.items()
        }

    def sessions(self) -> dict[int, str]:
        """Session id -> service of everything that runs."""
        return {u.identity.pid: n for n, u in self.own.items() if u.identity is not None}

    @property
    def measured(self) -> bool:
        """True while there is something to measure, or to say that there no longer is."""
        runs = self.guests or any(unit.running for unit in self.own.values())
        return bool(runs) or self.memory_bytes is not None

    def measure(
        self, usage: Mapping[int, Usage], contained: Mapping[str, Usage], now: float
    ) -> None:
        """Take the newest pass over the processes; publishes only where a figure moved visibly.

        Args:
            usage: By session id.
            contained: By container id.
            now: When that was, monotonic.
        """
        services: dict[str, Usage] = {}
        for name, unit in self.own.items():
            used: Usage | None = None
            if unit.identity is not None:
                used = usage.get(unit.identity.pid)
            elif unit.contained is not None:
                used = contained.get(unit.contained.container)
            if used is not None:
                services[name] = used
        others = [usage[pid] for pid in self.guests if pid in usage]
        memory = {name: used.memory_bytes for name, used in services.items()}
        self.unsure = frozenset(name for name, used in services.items() if not used.sure)
        found = [*services.values(), *others]
        cpu_s = sum(used.cpu_s for used in found)
        total = sum(used.memory_bytes for used in found) if found else None
        percent: float | None = None
        if found and self._cpu is not None and now > self._cpu[1]:
            percent = round(max(0.0, cpu_s - self._cpu[0]) / (now - self._cpu[1]) * 100, 1)
        self._cpu = (cpu_s, now) if found else None
        moved = (
            _moved(self.memory_bytes, total) or abs((self.cpu_percent or 0) - (percent or 0)) >= 1
        )
        if moved or (total is None) != (self.memory_bytes is None):
            self.memory_bytes, self.cpu_percent, self.service_memory = total, percent, memory
            self.changed()

    def check_worktree(self) -> None:
        """Notice a worktree that was taken away, or came back."""
        moving = self.operation is not None and self.operation.plan.transition in (
            Transition.SPAWN,
            Transition.DESTROY,
        )
        gone = not moving and not os.path.isdir(self.record.worktree)
        trouble = None
        if gone:
            trouble = (
                f"the worktree {self.record.worktree} is gone; put it back, "
                f"or `hive destroy {self.record.name}`"
            )
        if trouble != self.trouble:
            self.trouble = trouble
            self.changed()

    # --- showing ---------------------------------------------------------------------------

    def changed(self) -> None:
        """Publish the env soon, once: after this turn of the loop, and not too often.

        A warm of many steps changes it hundreds of times a second; nobody can see that.
        """
        if not self._pending and not self.gone:
            self._pending = True
            loop = asyncio.get_running_loop()
            loop.call_at(max(loop.time(), self._published_at + PUBLISH_S), self._publish)

    def show_agent(self, view: AgentView | None, detail: AgentDetail | None) -> None:
        """Show how its coding agent stands."""
        if (view, detail) != (self.agent, self.agent_detail):
            self.agent, self.agent_detail = view, detail
            self.changed()

    def wait_for_room(self, words: str, come: asyncio.Future[None]) -> None:
        """Show that it is queued, until `come` is resolved or cancelled."""
        if self.waits_for_room != words:
            self.waits_for_room, self._room_come = words, come
            self.changed()

    def leave_queue(self, come: asyncio.Future[None] | None = None) -> None:
        """Let it wait for room no more; without an argument whatever it waits for."""
        if self._room_come is None or come not in (None, self._room_come):
            return
        self._room_come.cancel()
        self.waits_for_room = self._room_come = None
        self.changed()

    def moved(self) -> None:
        """Take note that a step of the running transition began or ended."""
        for feed in self.feeds:
            feed.changed()
        self.changed()

    def removed(self) -> None:
        """Publish that there is no such env any more."""
        self.gone = True
        self.world.bus.publish(("env", self.id), None)

    def _publish(self) -> None:
        """Publish for those who listen; without them only note since when its state is so."""
        self._pending = False
        self._published_at = asyncio.get_running_loop().time()
        self._forget_ended()
        if self.gone:
            return
        if self.world.bus.heard:
            self.world.bus.publish(("env", self.id), self.detail())
        else:
            self.since(showing.state(self)[0])
        self.published(self)

    def detail(self) -> EnvDetail:
        """Everything that a screen shows of this env."""
        return showing.detail(self)

    def expected_services(self) -> frozenset[str]:
        """Services that should be ready (or, frozen, paused) now."""
        asked = {name for name, unit in self.own.items() if unit.wanted}
        if self.record.wanted is Wanted.FROZEN:
            return frozenset(asked)
        found = asked | self.level(self.record.wanted) | self._shared_at_rest()
        return frozenset(found) & self.units.keys()

    def shared_needs(self) -> frozenset[str]:
        """Shared services that must not go: what it needs at rest, all of them while it moves."""
        shared = self.units.keys() - self.own.keys()
        if self.asked or self.operation or self.suites or self.resuming:
            return frozenset(shared)
        return self._shared_at_rest()

    def _shared_at_rest(self) -> frozenset[str]:
        asked = {name for name, unit in self.own.items() if unit.wanted} | self.claims
        asked |= self.level(self.record.wanted)
        return needed(self.project, asked) & (self.units.keys() - self.own.keys())

    def claim(self, name: str, wanted: bool) -> None:
        """Remember that a shared service was asked for by name, or no longer is."""
        (self.claims.add if wanted else self.claims.discard)(name)
        self.world.store.put_unit(UnitRecord(self.record.uid, name, wanted))

    def level(self, wanted: Wanted) -> frozenset[str]:
        """Services that have to be ready in a state."""
        return self._levels[wanted]

    def since(self, state: EnvState) -> str:
        """Since when the env is in the state that it is found in now."""
        if self._state is None or self._state[0] is not state:
            self._state = (state, stamp(self.world.clock.now()))
        return self._state[1]

    # --- services --------------------------------------------------------------------------

    def _host(self, service: Service, record: RunRecord | None) -> Host:
        """Where a service lives; a run that there is, where it was begun."""
        contained = service.contained
        if record is not None and (record.identity or record.contained):
            contained = record.contained is not None
        return self.containers if contained else self._processes

    def _unit(self, service: Service) -> Unit:
        return Unit(
            env=self.record,
            service=service,
            host=self._host,
            logs=self.world.logs,
            store=self.world.store,
            clock=self.world.clock,
            changed=lambda _: self.changed(),
            event=self.event,
        )

    def event(
        self,
        kind: str,
        message: str,
        *,
        service: str | None = None,
        level: str = "info",
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Write to the event log, in this env's name, and publish it."""
        entry = self.world.store.log(
            kind, message, env=self.id, service=service, level=level, data=data
        )
        self.world.bus.publish_event(entry)

    # --- tasks -----------------------------------------------------------------------------

    def task_ended(self, name: str, outcome: Outcome, fingerprint: str, duration_s: float) -> None:
        """Remember how a task ended. Only a success makes its fingerprint count."""
        before = self.tasks.get(name)
        succeeded = outcome is Outcome.SUCCEEDED
        record = TaskRecord(
            env_uid=self.record.uid,
            task=name,
            outcome=outcome.value,
            fingerprint=fingerprint if succeeded else (before.fingerprint if before else ""),
            current=succeeded,
            duration_s=duration_s,
            at=self.world.clock.now(),
        )
        self.tasks[name] = record
        self.world.store.put_task(record)
        self.changed()


def _moved(before: int | None, after: int | None) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(after - before) > max(before, after) * 0.02
