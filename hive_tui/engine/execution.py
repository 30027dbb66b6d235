"""Does the steps of a plan in one environment: one room per kind of step.

It starts and ends things and says how that went. In which order, and whether at all, is the
scheduler's business.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec

from hive_tui.config import secrets
from hive_tui.config.sharing import service_ports
from hive_tui.engine import engagements, links, parts, running, verdicts
from hive_tui.engine.container_spec import place
from hive_tui.engine.container_tasks import run_to_end
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.observing import task_fingerprint
from hive_tui.engine.operation import StepContext, StepFailedError
from hive_tui.engine.plan import needed
from hive_tui.engine.protocols import Identity, Launch, Removed, Report
from hive_tui.engine.state import Trashed
from hive_tui.model.environment import TestFailure
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Outcome, Step, StepKind
from hive_tui.model.project import Service, Task

ENGINES_PROXIES = ("docker-proxy", "rootlessport", "rootlesskit", "conmon")
"""Programs by which container engines hold published ports."""


class Making(msgspec.Struct, frozen=True):
    """What the worktree step of a spawn has to make."""

    commit: str
    create_branch: bool
    spare: str | None = None


class Removing(msgspec.Struct, frozen=True):
    """How the remove step of a destroy goes about it."""

    force: bool
    keep_branch: bool


class Execution:
    """The executor of one operation. What it made or removed can be read afterwards."""

    def __init__(
        self,
        live: LiveEnv,
        *,
        making: Making | None = None,
        removing: Removing | None = None,
        checkout: Callable[[int, int], None] | None = None,
    ) -> None:
        """Create it for one operation.

        Args:
            live: The env.
            making: For plans with a worktree step.
            removing: For plans with a remove step.
            checkout: Told (files done, files in all) while a worktree is checked out.
        """
        self._live = live
        self._world = live.world
        self._making = making
        self._removing = removing
        self._checkout = checkout
        self._rooms: dict[StepKind, Callable[[Step, StepContext], Awaitable[None]]] = {
            StepKind.WORKTREE: self._worktree,
            StepKind.COPY: self._copy,
            StepKind.LINK: self._link,
            StepKind.INSTALL: self._install,
            StepKind.TASK: self._task,
            StepKind.BUILD: self._build,
            StepKind.PREPARE: self._prepare,
            StepKind.START: self._start,
            StepKind.READY: self._ready,
            StepKind.SEED: self._seed,
            StepKind.CREATE: self._create,
            StepKind.HALT: self._halt,
            StepKind.FREEZE: self._freeze,
            StepKind.THAW: self._thaw,
            StepKind.SUITE: self._suite,
            StepKind.REMOVE: self._remove,
        }
        self.removed: Removed | None = None

    async def __call__(self, step: Step, context: StepContext) -> None:
        """Do one step; returns once it has succeeded.

        Raises:
            HiveError: It failed; a `StepFailedError` carries the last lines of its log.
        """
        await self._rooms[step.kind](step, context)

    # --- the worktree ------------------------------------------------------------------------

    async def _worktree(self, step: Step, context: StepContext) -> None:
        making = self._making
        if making is None:
            raise HiveError(f"{self._live.record.name}: nothing says how to make the worktree")
        record = self._live.record
        await self._world.worktrees.add(
            self._live.project.root,
            record.worktree,
            record.branch,
            making.commit,
            create=making.create_branch,
            spare=making.spare,
            progress=self._checkout,
        )

    async def _copy(self, step: Step, context: StepContext) -> None:
        await links.copy(self._live, step.target)

    async def _link(self, step: Step, context: StepContext) -> None:
        await links.make(self._live, step.target)

    async def _install(self, step: Step, context: StepContext) -> None:
        link = next(entry for entry in self._live.project.links if entry.task == step.target)
        install = link.install or ""
        await links.install(
            self._live,
            link,
            lambda: self._run_to_end(link.task, "task", install, None, context),
        )

    async def _remove(self, step: Step, context: StepContext) -> None:
        removing = self._removing or Removing(force=False, keep_branch=True)
        await self._world.folders.unmount(self._live.record.uid)
        await engagements.leave(self._world, self._live.record, volumes=False)
        self.removed = await self._world.worktrees.remove(
            self._live.record,
            self._live.project.root,
            force=removing.force,
            keep_branch=removing.keep_branch,
        )
        self._world.checkpoint("removed:destroy")
        if self.removed.trash:
            record, now = self._live.record, self._world.clock.now()
            self._world.store.put_trash(Trashed(record, self.removed, now))
        else:  # nobody can take it back
            await self._world.folders.forget(self._live.record.uid)
            await engagements.leave(self._world, self._live.record, volumes=True)

    # --- tasks -------------------------------------------------------------------------------

    async def _task(self, step: Step, context: StepContext) -> None:
        task = self._live.project.tasks[step.target]
        fingerprint = await task_fingerprint(self._live, task)
        began = self._world.clock.monotonic()
        outcome = Outcome.CANCELLED
        try:
            if task.container is not None:
                await run_to_end(self._live, task.container, context)
            else:
                await self._run_to_end(task.name, "task", task.run, task.cwd, context, task)
            outcome = Outcome.SUCCEEDED
        except HiveError:
            outcome = Outcome.FAILED
            raise
        finally:
            took = self._world.clock.monotonic() - began
            self._live.task_ended(task.name, outcome, fingerprint, took)

    async def _run_to_end(
        self,
        source: str,
        role: str,
        run: str,
        cwd: str | None,
        context: StepContext,
        task: Task | None = None,
    ) -> None:
        live = self._live
        launch = self._world.launcher.launch(
            live.project, live.record, source, run, cwd=cwd, env=task.env if task else None
        )
        await running.to_end(
            self._world,
            live.record,
            launch,
            source,
            role,
            context.spawned,
            guests=live.guests,
        )

    # --- services ----------------------------------------------------------------------------

    async def _build(self, step: Step, context: StepContext) -> None:
        home, name = self._live.home_of(step.target), step.target
        offset = self._world.logs.end(home.record.uid, name)
        try:
            async with home.alone(name):
                await home.containers.build(home.project.services[name])
        except HiveError as error:
            tail = self._world.logs.tail(home.record.uid, name, running.TAIL_LINES, since=offset)
            raise StepFailedError(
                error.message,
                tail=tail,
                hint=error.hint,
                code=error.code,
                env=self._live.record.name,
            ) from error

    async def _prepare(self, step: Step, context: StepContext) -> None:
        home = self._live.home_of(step.target)
        service = home.project.services[step.target]
        async with home.alone(step.target):
            if home.units[step.target].running and home is not self._live:
                return  # another env was faster
            if service.contained:
                await home.containers.prepare(service)
            ports = home.project.ports_at(home.record.port_base)
            for name in service_ports(home.project, service):
                if not service.contained or name in service.ports:
                    self._check_free(name, ports[name], service)

    def _check_free(self, name: str, port: int, service: Service) -> None:
        """Refuse to start into a port that somebody else listens on."""
        if self._world.listening.bindable(port):
            return
        for listener in self._world.listening.scan().get(port, ()):
            pid = self._world.listening.owner(listener)
            if pid is not None and self._is_ours(pid):
                return
            program = None if pid is None else self._world.program(pid)
            if service.contained and program in ENGINES_PROXIES:
                return  # another container: the engine says which one
            who = "another process"
            if pid is not None:
                who = f"pid {pid} ({program or 'unknown program'})"
            raise HiveError(
                f"port {port} ({name}) is taken by {who}",
                hint="end that process, or set another `[ports] base` and spawn the env again",
                code="port_taken",
                env=self._live.record.name,
            )

    def _is_ours(self, pid: int) -> bool:
        processes = self._world.processes
        return any(
            unit.identity is not None and pid in processes.members(unit.identity)
            for unit in self._live.units.values()
        )

    async def _start(self, step: Step, context: StepContext) -> None:
        unit = self._live.units[step.target]
        if not self._live.shares(step.target) and unit.service.contained:
            await self._join(unit.service)
        with self._named(step.target):
            await unit.start(context.spawned)

    async def _join(self, service: Service) -> None:
        """Let a container reach the shared ones that it needs by their names."""
        live = self._live
        for name in needed(live.project, service.needs):
            contained = live.units[name].contained if live.shares(name) else None
            if contained is not None:
                where = place(live.record, service.name)
                count = sum(each.contained for each in live.project.services.values())
                await self._world.containers.join(where, count, contained, name)

    async def _ready(self, step: Step, context: StepContext) -> None:
        unit = self._live.units[step.target]
        with self._named(step.target):
            context.detected(await unit.wait_ready())

    @contextlib.contextmanager
    def _named(self, name: str) -> Iterator[None]:
        """Let a failure of a shared service point to where this env shows it."""
        try:
            yield
        except HiveError as error:
            if self._live.shares(name):
                error.env = self._live.record.name
                error.hint = f"see `hive logs {self._live.record.name} {name}`"
            raise

    async def _seed(self, step: Step, context: StepContext) -> None:
        await parts.seed(self._live, step.target.removesuffix(f"-{step.kind}"), context)

    async def _create(self, step: Step, context: StepContext) -> None:
        await parts.create(self._live, step.target.removesuffix(f"-{step.kind}"), context)

    async def _halt(self, step: Step, context: StepContext) -> None:
        """Stop a service. A stop that has begun is finished, even where the step is cancelled."""
        unit = self._live.units.get(step.target)
        if unit is None:  # it had ended, and hive.toml no longer has it
            return
        stopping = asyncio.ensure_future(unit.stop())
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError:
            await stopping
            raise
        if self._live.outgrown(step.target):
            self._live.house(self._live.project.services[step.target])

    async def _freeze(self, step: Step, context: StepContext) -> None:
        await self._live.units[step.target].freeze()

    async def _thaw(self, step: Step, context: StepContext) -> None:
        await self._live.units[step.target].thaw()

    # --- suites ------------------------------------------------------------------------------

    async def _suite(self, step: Step, context: StepContext) -> None:
        live, world = self._live, self._world
        suite = live.project.tests[step.target]
        report = Path(world.launcher.exit_file(f"{live.record.uid}-{suite.name}")).with_suffix(
            ".xml"
        )
        report.unlink(missing_ok=True)

        def launch() -> Launch:
            return world.launcher.launch(
                live.project,
                live.record,
                suite.name,
                suite.run,
                cwd=suite.cwd,
                env=suite.env,
                more={"report": str(report)},
            )

        def born(identity: Identity) -> None:
            live.guests[identity.pid] = suite.name

        live.running_suites.add(suite.name)
        live.changed()
        try:
            await verdicts.run_suite(
                env=live.record,
                suite=suite,
                launch=launch,
                report=report,
                processes=world.processes,
                logs=world.logs,
                store=world.store,
                worktrees=world.worktrees,
                read_report=self._read_report,
                clock=world.clock,
                spawned=context.spawned,
                born=born,
                timed_out=lambda: context.timed_out,
                kept=lambda verdict: live.verdicts.update({suite.name: verdict}),
            )
            live.content = await world.worktrees.content(live.record.worktree)
        finally:
            report.unlink(missing_ok=True)
            live.guests = {pid: name for pid, name in live.guests.items() if name != suite.name}
            live.running_suites.discard(suite.name)
            live.changed()

    def _read_report(self, path: Path) -> Report:
        """Read a report without the secrets that its messages quote."""
        report = self._world.read_report(path)
        values = secrets.used(self._live.project, self._world.secrets())

        def masked(failure: TestFailure) -> TestFailure:
            name, message = (secrets.mask(t, values) for t in (failure.name, failure.message))
            return msgspec.structs.replace(failure, name=name, message=message)

        return msgspec.structs.replace(report, failures=tuple(map(masked, report.failures)))
