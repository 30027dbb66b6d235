"""Keeps one service of one env running: start, readiness, restarts, pause, end, adoption.

Starts nothing out of its own idea of order: the plan says when, the restart policy says again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from hive_tui.engine import restarts
from hive_tui.engine.books import Books
from hive_tui.engine.container_protocols import Contained
from hive_tui.engine.folding import stamp
from hive_tui.engine.hosting import Found, Host, Running
from hive_tui.engine.operation import StepFailedError
from hive_tui.engine.protocols import Clock, Identity, Logs
from hive_tui.engine.ready_waiters import ReadyWaiters
from hive_tui.engine.ready_watch import ReadyWatch
from hive_tui.engine.state import RunRecord, Store, UnitRecord
from hive_tui.model.environment import EnvRecord, ServiceState, ServiceView
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Service

ENGINE_RESTARTED = "the container engine was restarted"

TAIL_LINES = 50
"""Last lines of the log that are kept as the reason of a failure."""


@dataclass(eq=False)
class _Run:
    """One incarnation of the service. What an old one still reports is told by it, and ignored."""

    record: RunRecord
    running: Running
    ready: ReadyWatch | None = None
    """What looks for its readiness until it is ready, frozen or gone."""


class Unit:
    """One service of one env."""

    def __init__(
        self,
        *,
        env: EnvRecord,
        service: Service,
        host: Callable[[Service, RunRecord | None], Host],
        logs: Logs,
        store: Store,
        clock: Clock,
        changed: Callable[[Unit], None],
        event: Callable[..., None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Create a stopped unit; `adopt` tells it what is there already.

        Args:
            env: Whose service it is.
            service: What the file says; may be replaced by what a newer file says.
            host: Where the service lives, as a process or in a container: a new run of it, or
                one of which there is a record.
            logs: Where its output is.
            store: Where its runs and restarts survive.
            clock: Tells times.
            changed: Told after every visible change.
            event: Writes to the env's event log: kind, message, `service`, `level`, `data`.
            jitter: Numbers from 0 to 1 that spread the restarts.
        """
        self.env = env
        self.service = service
        self.state = ServiceState.STOPPED
        self.reason: str | None = None
        self.restarts = 0
        self.since = 0.0
        self.exit_code: int | None = None
        self.failure_tail: tuple[str, ...] = ()
        self.wanted = False
        self.last_container: str | None = None
        """Id of the container that it ran in last."""
        self._host = host
        self._logs = logs
        self._books = Books(store, event, env=env.id, service=service.name)
        self._clock = clock
        self._changed = changed
        self._jitter = jitter
        self._failures: tuple[float, ...] = ()
        self._gave_up: str | None = None
        self._was_ready = False
        self._run: _Run | None = None
        self._halting: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self._launching = asyncio.Lock()
        self._waiters = ReadyWaiters()

    @property
    def running(self) -> bool:
        """True while a run of it is there."""
        return self._run is not None

    @property
    def halting(self) -> bool:
        """True while it is being stopped."""
        return self._halting is not None

    @property
    def run_id(self) -> str | None:
        """Id of the present run; `None` where none is there."""
        return None if self._run is None else self._run.record.run_id

    @property
    def identity(self) -> Identity | None:
        """Of the running process; `None` for a container."""
        found = None if self._run is None else self._run.running.found
        return found if isinstance(found, Identity) else None

    @property
    def contained(self) -> Contained | None:
        """The running container; `None` for a process."""
        found = None if self._run is None else self._run.running.found
        return found if isinstance(found, Contained) else None

    @property
    def pid(self) -> int | None:
        """Of the running process, which is its session as well; of a container's first one."""
        return None if self._run is None else self._run.running.pid

    def view(self) -> ServiceView:
        """The service as the contract's JSON has it."""
        return ServiceView(
            name=self.service.name,
            kind=self.service.kind,
            state=self.state,
            pid=self.pid,
            restarts=self.restarts,
            since=stamp(self.since) if self.since else None,
            exit_code=self.exit_code,
            scope=self.service.scope.value,
        )

    # --- what a plan's steps ask for -----------------------------------------------------------

    async def start(self, spawned: Callable[[], None] = lambda: None) -> None:
        """Launch it, unless it runs; returns when the process exists.

        Earlier failures are forgotten: somebody asks anew.

        Raises:
            HiveError: It could not be launched. It is left alone then.
        """
        if self._halting is not None:
            await asyncio.shield(self._halting)
        if self._run is not None and not self._run.running.alive:
            await asyncio.wait([self._run.running.exited])
        async with self._launching:
            self._cancel_restart()
            self.wanted = True
            if self._run is None:
                await self._launch_anew()
        spawned()

    async def wait_ready(self) -> float:
        """Wait until it is ready; returns how late that was seen, in seconds.

        Raises:
            StepFailedError: It ended, or the time was over first. With the end of its log.
        """
        if self.state is ServiceState.READY:
            return 0.0
        if self._run is None:
            raise self._failed(self.reason or "is not running")
        if self._run.ready is not None:
            self._run.ready.look_at_once()
        return await self._waiters.wait()

    async def stop(self) -> None:
        """Stop it and wait until nobody of its session is left. Finished even where cancelled.

        Raises:
            HiveError: A process cannot be ended.
        """
        self.wanted = False
        self._cancel_restart()
        if self._halting is None:
            self._halting = asyncio.create_task(self._halt())
            self._halting.add_done_callback(self._halted)
        halting = self._halting
        try:
            await asyncio.shield(halting)
        except asyncio.CancelledError:
            await asyncio.wait([halting])
            raise

    async def freeze(self) -> None:
        """Pause all of its processes. Nothing happens where none runs."""
        run = self._run
        if run is None or self.state is ServiceState.FROZEN:
            return
        self._cancel_ready(run)
        try:
            await run.running.freeze()
        except HiveError:
            self._resume()
            raise
        if self._run is run:
            self._show(ServiceState.FROZEN)

    async def thaw(self) -> None:
        """Let them go on; it is what it was before, and looked for readiness where it was not."""
        run = self._run
        if run is None or self.state is not ServiceState.FROZEN:
            return
        await run.running.thaw()
        if self._run is run:
            self._resume()

    # --- the daemon's own life -----------------------------------------------------------------

    def adopt(self, unit: UnitRecord | None, run: RunRecord | None, found: Found | None) -> None:
        """Take over after a restart of the daemon. Needs the running loop.

        Args:
            unit: What was stored of the service.
            run: Its newest run that is not known to have ended.
            found: What lives of that run in the world.
        """
        if unit is not None:
            self.wanted = unit.wanted
            self.restarts = unit.restarts
            self._failures = unit.failures
            self.exit_code = unit.exit_code
            self.since = unit.since
            self._gave_up = unit.gave_up
            self._was_ready = unit.was_ready
        if run is not None:
            self._adopt_run(run, found)
        elif self._gave_up is not None:
            self._show(ServiceState.CRASHED, f"crash-loops: {self._gave_up}", since=self.since)
        elif self.wanted:
            self._go_on_after_end(self.exit_code, self._clock.now(), up_s=0.0)

    def lose_sight(self, reason: str) -> None:
        """Nobody can tell at the moment how it is: what it runs on does not answer."""
        if self._run is not None:
            self._cancel_ready(self._run)
        self._show(ServiceState.UNHEALTHY, reason)

    def regain_sight(self, *, ended: bool) -> None:
        """What it runs on answers again.

        Args:
            ended: Its run has ended with what it ran on: that is no failure of its own, so it is
                started again at once.
        """
        if self._run is not None:
            if self._run.running.frozen:
                self._show(ServiceState.FROZEN)
            else:
                self._resume()
        elif ended:
            self._failures = self._failures[:-1]
            self._start_anew()

    def _start_anew(self) -> None:
        """Start it again at once, which is no failure of its own."""
        if self.wanted and self._halting is None:
            self._cancel_restart()
            self._again = asyncio.create_task(self._start_again(0.0, ENGINE_RESTARTED))

    async def close(self) -> None:
        """Let go of it without ending it: the daemon ends, the service goes on."""
        run, self._run = self._run, None
        ending = [task for task in (self._again, self._halting) if task is not None]
        for task in ending:
            task.cancel()
        if run is not None and run.ready is not None:
            ending.append(run.ready.cancel())
        await asyncio.gather(*ending, return_exceptions=True)
        if run is not None:
            run.running.exited.cancel()
        self._waiters.cancel()

    # --- runs ----------------------------------------------------------------------------------

    async def _launch_anew(self) -> None:
        """Launch because somebody asks: what went wrong before does not count any more."""
        self.restarts, self._failures, self._gave_up, self.exit_code = 0, (), None, None
        try:
            await self._launch_run()
        except HiveError as error:
            self.wanted = False
            self._save()
            self._show(ServiceState.CRASHED, error.message)
            raise

    async def _launch_run(self, reason: str | None = None) -> None:
        """Launch; `reason` says why again, until it is ready."""
        host = self._host(self.service, None)
        order = host.order(self.service)
        record = RunRecord(
            run_id=order.run_id,
            env_uid=self.env.uid,
            name=self.service.name,
            role="service",
            started=self._clock.now(),
            log_offset=self._logs.end(self.env.uid, self.service.name),
            exit_file=order.exit_file,
        )
        self._was_ready = False
        self._books.intend(record)
        self._save()
        try:
            running = await order.begin()
        except BaseException:
            self._books.keep_run(replace(record, ended=self._clock.now()))
            raise
        record = running.kept(record)
        self._watch(record, running)
        self._books.keep_run(record)
        self.failure_tail = ()
        self._show(ServiceState.STARTING, reason)
        self._look_for_ready()

    def _adopt_run(self, record: RunRecord, found: Found | None) -> None:
        """Watch a run again; where it ended meanwhile, the watch says so at once."""
        running = self._host(self.service, record).adopt(record, found)
        if not running.alive:
            self._watch(record, running)
            return
        record = running.kept(record)
        run = self._watch(record, running)
        self._books.keep_run(record)
        if running.frozen:
            self._show(ServiceState.FROZEN, since=self.since)
        else:
            self._resume(ready_since=self.since, starting_since=run.record.started)

    def _resume(
        self, *, ready_since: float | None = None, starting_since: float | None = None
    ) -> None:
        if self._was_ready:
            self._show(ServiceState.READY, since=ready_since)
        else:
            self._show(ServiceState.STARTING, since=starting_since)
            self._look_for_ready()

    def _watch(self, record: RunRecord, running: Running) -> _Run:
        run = _Run(record=record, running=running)
        self._run = run
        if isinstance(running.found, Contained):
            self.last_container = running.found.container
        running.exited.add_done_callback(lambda _: self._ended(run))
        return run

    def _ended(self, run: _Run) -> None:
        """It is gone, and nobody of its session is left."""
        exited = run.running.exited
        if self._run is not run or exited.cancelled():
            return
        ending, now = exited.result(), self._clock.now()
        code = ending.code
        self._run = None
        self.exit_code = code
        self._cancel_ready(run)
        self._books.keep_run(replace(run.record, ended=now, exit_code=code))
        if run.record.exit_file:
            Path(run.record.exit_file).unlink(missing_ok=True)
        if not self.wanted:
            self._save()
            self._show(ServiceState.STOPPED)
            self._fail_waiters("was stopped")
            return
        if ending.outside:
            self._show(ServiceState.BACKOFF, ending.why)
            self._start_anew()
            self._fail_waiters(f"{ending.why} before it was ready")
            return
        self.failure_tail = self._tail(run)
        self._failures = restarts.remember(self._failures, now)
        self._go_on_after_end(code, now, up_s=now - run.record.started, why=ending.why)
        self._fail_waiters(f"{ending.why or restarts.describe(code)} before it was ready")

    # --- restarts ------------------------------------------------------------------------------

    def _go_on_after_end(
        self, code: int | None, now: float, *, up_s: float, why: str | None = None
    ) -> None:
        """Do what the policy says about an end that nobody asked for, or a failed launch.

        `why` says it better than the exit status does.
        """
        choice = restarts.decide(
            self.service.restart,
            code,
            self._failures,
            now,
            up_s=up_s,
            why=why,
            jitter=self._jitter,
        )
        account = restarts.account(why or restarts.describe(code), self._failures, now)
        name = self.service.name
        if isinstance(choice, restarts.GiveUp):
            self._gave_up = choice.reason
            self._show(ServiceState.CRASHED, f"crash-loops: {choice.reason}")
            self._tell("service.gave_up", f"{name} crash-loops: {choice.reason}", "error")
        elif isinstance(choice, restarts.Again):
            self._show(ServiceState.BACKOFF, f"{account}; next try in {choice.delay_s:.1f} s")
            self._tell("service.crashed", f"{name}: {account}", "warning")
            self._again = asyncio.create_task(self._start_again(choice.delay_s, account))
        elif code == 0:
            self._show(ServiceState.STOPPED, "ended by itself (exit 0)")
            self._tell("service.ended", f"{name} ended by itself (exit 0)", "info")
        else:
            self._show(ServiceState.CRASHED, account)
            self._tell("service.crashed", f"{name}: {account}", "error")
        self._save()

    async def _start_again(self, delay_s: float, account: str) -> None:
        await asyncio.sleep(delay_s)
        await self._host(self.service, None).reachable()
        self._again = None
        try:
            async with self._launching:
                if self.wanted and self._run is None:
                    self.restarts += 1
                    await self._launch_run(f"{account}; started again, not yet ready")
        except HiveError as error:
            now = self._clock.now()
            self._failures = restarts.remember(self._failures, now)
            self._go_on_after_end(None, now, up_s=0.0, why=error.message)

    def _cancel_restart(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None

    # --- readiness -----------------------------------------------------------------------------

    def _look_for_ready(self) -> None:
        run = self._run
        if run is None:
            return
        running = run.running
        run.ready = ReadyWatch(
            lambda: running.ready(self.service, run.record.log_offset),
            lives=lambda: not running.exited.done() and running.alive,
            reached=self._is_ready,
            missed=lambda error: self._not_ready(run, error),
        )

    def _is_ready(self, late_s: float) -> None:
        if self.restarts or self.state is ServiceState.UNHEALTHY:
            self._tell("service.ready", f"{self.service.name} is ready again", "info")
        self._was_ready = True
        self._show(ServiceState.READY)
        self._save()
        self._waiters.succeed(late_s)

    def _not_ready(self, run: _Run, error: HiveError) -> None:
        self.failure_tail = self._tail(run)
        if self.state is not ServiceState.UNHEALTHY:
            message = f"{self.service.name}: {error.message}"
            self._tell("service.unhealthy", message, "warning")
        self._show(ServiceState.UNHEALTHY, error.message)
        self._fail_waiters(error.message, hint=error.hint)

    def _cancel_ready(self, run: _Run) -> None:
        if run.ready is not None:
            run.ready.cancel()
            run.ready = None

    def _fail_waiters(self, message: str, *, hint: str | None = None) -> None:
        self._waiters.fail(self._failed(message, hint=hint))

    def _failed(self, message: str, *, hint: str | None = None) -> StepFailedError:
        return StepFailedError(
            message,
            tail=self.failure_tail,
            hint=hint or f"see `hive logs {self.env.name} {self.service.name}`",
            env=self.env.name,
        )

    # --- stopping ------------------------------------------------------------------------------

    async def _halt(self) -> None:
        self._save()
        async with self._launching:
            run = self._run
        if run is None:
            self._show(ServiceState.STOPPED)
            return
        self._cancel_ready(run)
        await run.running.stop(self.service.stop)

    def _halted(self, halting: asyncio.Task[None]) -> None:
        self._halting = None

    # --- what others see -----------------------------------------------------------------------

    def _show(
        self, state: ServiceState, reason: str | None = None, *, since: float | None = None
    ) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        if state is not self.state:
            self.since = since or self._clock.now()
        self.state, self.reason = state, reason
        self._changed(self)

    def _tell(self, kind: str, message: str, level: str) -> None:
        self._books.tell(
            kind, message, level=level, exit_code=self.exit_code, restarts=self.restarts
        )

    def _tail(self, run: _Run) -> tuple[str, ...]:
        return self._logs.tail(
            self.env.uid, self.service.name, TAIL_LINES, since=run.record.log_offset
        )

    def _save(self) -> None:
        self._books.keep_unit(
            UnitRecord(
                env_uid=self.env.uid,
                service=self.service.name,
                wanted=self.wanted,
                restarts=self.restarts,
                failures=self._failures,
                exit_code=self.exit_code,
                since=self.since,
                gave_up=self._gave_up,
                was_ready=self._was_ready,
            )
        )
