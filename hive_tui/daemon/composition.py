"""Puts the daemon together: drivers into the engine, the engine behind methods."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

import psutil

from hive_tui.config import secrets
from hive_tui.daemon import skills
from hive_tui.daemon.api import Api
from hive_tui.daemon.server import Handler
from hive_tui.daemon.store import SqliteStore
from hive_tui.daemon.subscription import Subscription
from hive_tui.drivers import junit
from hive_tui.drivers.agents import hook
from hive_tui.drivers.agents.book_files import BookFiles
from hive_tui.drivers.agents.gates import PipeGates
from hive_tui.drivers.agents.kinds import DRIVERS
from hive_tui.drivers.agents.sources import LocalSources
from hive_tui.drivers.agents.tails import Tails
from hive_tui.drivers.docker.containers import DockerContainers
from hive_tui.drivers.folders import LocalFolders
from hive_tui.drivers.forwards import LocalForwards
from hive_tui.drivers.http import get_status
from hive_tui.drivers.log_reading import LogReader
from hive_tui.drivers.logs import LogFiles
from hive_tui.drivers.pressure import MachineHeadroom
from hive_tui.drivers.processes import LocalProcesses
from hive_tui.drivers.proxy_room import LocalProxyRoom
from hive_tui.drivers.sandbox import Bubblewrap
from hive_tui.drivers.shelves import LocalShelves
from hive_tui.drivers.sockets import ephemeral_range, listening
from hive_tui.drivers.terminals.choosing import choose
from hive_tui.drivers.tree_inotify import trees
from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.engine.agents.knowledge import Knowledge
from hive_tui.engine.agents.supervision import Agents
from hive_tui.engine.bus import Bus
from hive_tui.engine.healing.healer import Healer
from hive_tui.engine.healing.telling import AsPrompt
from hive_tui.engine.hive import Hive
from hive_tui.engine.launching import Launcher, base_environment
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.proxying import Proxying
from hive_tui.engine.readiness import Readiness
from hive_tui.engine.scheduler import Scheduler
from hive_tui.engine.terminals import Terminals
from hive_tui.engine.testing import Testing
from hive_tui.engine.thrift import Thrift
from hive_tui.engine.upkeep import Upkeep
from hive_tui.engine.watching import Reruns
from hive_tui.engine.world import Checkpoint, World
from hive_tui.model.errors import HiveError
from hive_tui.model.home import Home
from hive_tui.model.routes import PROXY_PORT

LANES = {"worktree": 2, "container": 4}
"""Checkouts and starts of containers at once: two saturate a disk, four an engine."""

SLOTS = "HIVE_SLOTS"
"""Variable that overrides the number of CPU slots."""

PROXY_PORT_VARIABLE = "HIVE_PROXY_PORT"
"""Variable with the reverse proxy's port for a hive that has chosen none; 0: it is off there."""

KILL_AT = "HIVE_FAULT_KILL_AT"
"""Variable for fault tests: the name of the checkpoint, or its number from 1, to die at."""


class SystemClock:
    """The machine's time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()


class Daemon:
    """All the parts, in the order in which they open and close."""

    def __init__(self, home: Home, environ: Mapping[str, str], stop: Callable[[], None]) -> None:
        """Put them together; nothing runs yet. Needs a running event loop.

        Args:
            home: Where this hive lives.
            environ: Environment of the daemon.
            stop: Ends the daemon.

        Raises:
            HiveError: The store cannot be opened.
        """
        for folder in (home.state, home.runs, home.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.store = SqliteStore.open(home.database)
        self._processes = LocalProcesses(home_tag(home))
        self._logs = LogFiles(home.logs, max_bytes=self._log_limit, masker=self._masker)
        self._containers = DockerContainers(
            home_tag(home),
            environ,
            log_file=self._logs.path,
            positions=home.runs,
            uid=os.getuid(),
        )
        self._trees = trees()
        clock = SystemClock()
        checkpoint = _checkpoint(environ)
        sockets = listening()

        def read_secrets() -> Mapping[str, str]:
            return secrets.read(home.secrets, environ)

        self.world = World(
            clock=clock,
            processes=self._processes,
            containers=self._containers,
            listening=sockets,
            logs=self._logs,
            worktrees=GitWorktrees(),
            folders=LocalFolders(home.overlays),
            store=self.store,
            bus=Bus(),
            launcher=Launcher(
                base=base_environment(environ),
                secrets=read_secrets,
                runs=home.runs,
                logs=self._logs,
                new_run_id=self._processes.new_run_id,
            ),
            readiness=Readiness(
                sockets, self._logs, self._processes, clock, http_status=get_status
            ),
            scheduler=Scheduler(clock, slots=_slots(environ), lanes=LANES, checkpoint=checkpoint),
            ephemeral=ephemeral_range(),
            program=_program,
            read_report=junit.read,
            secrets=read_secrets,
            memory_bytes=psutil.virtual_memory().total,
            checkpoint=checkpoint,
        )
        self.hive = Hive(self.world, LocalForwards(), LocalShelves(home.snapshots))
        self.terminals = Terminals(
            choose(home, self._processes, environ), base_environment(environ), self.hive.by_uid
        )
        self.hive.transitions.end_terminals = self.terminals.end
        self.testing = Testing(self.world, self.hive.transitions)
        self.thrift = Thrift(
            self.world,
            self.hive.transitions,
            self.hive.costs,
            self.hive.admission,
            MachineHeadroom(),
            self.hive.limits,
        )
        self.hive.short_of_memory = lambda: self.thrift.short
        self.proxying = Proxying(
            self.world,
            LocalProxyRoom(home.proxy_log),
            lambda: self.hive.envs,
            default=_proxy_port(environ),
        )
        self.proxying.wake = self.thrift.wake
        self._subscription = Subscription(self.hive)
        self._upkeep = Upkeep(
            self.world, self._trees, Reruns(), self._rerun, self._passed, self.thrift.edited
        )
        self.hive.entered, self.hive.left = self._enter, self._leave
        self.hive.admission.measure = self._upkeep.measure
        reader = LogReader(self._logs)
        self._tails = Tails()
        books = BookFiles(home.agents)
        knowledge = Knowledge(books, skills.template, skills.program)
        self.agents = Agents(
            DRIVERS,
            LocalSources(home.agents, environ, self._tails),
            books,
            (sys.executable, "-I", "-S", hook.__file__),
            Bubblewrap(
                hidden=(str(home.secrets),),
                readable=(sys.prefix, os.path.dirname(hook.__file__)),
            ),
            knowledge,
        )
        self.healer = Healer(
            self.agents, self.testing, PipeGates(home.agents), AsPrompt(self.agents), self._masker
        )
        api = Api(
            self.hive,
            self.testing,
            self.thrift,
            self.agents,
            self.healer,
            knowledge,
            self.terminals,
            self.proxying,
            reader,
            home,
            os.getpid(),
            stop,
        )
        self.handlers: dict[str, Handler] = {**api.handlers(), **self._subscription.handlers()}

    async def open(self) -> None:
        """Find what runs, go on with what was half done, and keep everything up to date."""
        if self.store.recovered is not None:
            self.store.log(
                "daemon.state_lost",
                f"the state could not be read and was begun anew: {self.store.recovered}; "
                "`hive adopt` takes its worktrees in again",
                level="error",
            )
        self._logs.resume()
        self._trees.open()
        self.thrift.open()
        await self.terminals.open()
        self.agents.open(self.terminals.host if self.terminals.problem is None else None)
        await self.hive.open()
        self.agents.settle()
        self._upkeep.start()
        self.proxying.open()

    async def close(self) -> None:
        """Let go of everything. Services run on; what was half done is gone on with later."""
        await self.proxying.close()
        await self._upkeep.close()
        await self.thrift.close()
        await self.healer.close()
        await self.testing.close()
        self.agents.close()
        self._tails.close()
        await self.hive.close()
        await self.terminals.close()
        await self._trees.close()
        await self._processes.close()
        await self._containers.close()
        self._logs.close()
        self.store.close()

    @property
    def busy(self) -> bool:
        """True while a service runs, or a transition or a suite, or one may by itself.

        That keeps the daemon from ending.
        """
        envs = self.hive.all().values()
        return (
            self.hive.transitions.busy
            or self.hive.forwarding.busy
            or self.hive.admission.busy
            or self.agents.busy
            or bool(self.world.scheduler.operations)
            or self.terminals.busy
            or any(unit.running for live in envs for unit in live.own.values())
            or any(suite.watch for live in envs for suite in live.project.tests.values())
        )

    def _passed(self) -> None:
        """After each pass over the processes."""
        self.thrift.passed()
        self._subscription.tell_hive()

    def _enter(self, live: LiveEnv) -> None:
        self.thrift.follow(live)
        self._upkeep.follow(live)
        self.healer.enter(live)
        self.agents.enter(live)
        live.published = self.agents.keep_true

    def _leave(self, live: LiveEnv) -> None:
        self._upkeep.leave(live)
        self.healer.leave(live)
        self.agents.leave(live)
        self.thrift.leave(live)

    def _log_limit(self, env_uid: str) -> int:
        for live in self.hive.all().values():
            if live.record.uid == env_uid:
                return live.project.log_max_bytes
        return 20 * 1024 * 1024

    def _masker(self, env_uid: str) -> Callable[[bytes], bytes]:
        """Hides the secrets of an env; all of the text where it cannot be known what they are."""
        for live in self.hive.all().values():
            if live.record.uid == env_uid:
                try:
                    return secrets.Masker(secrets.used(live.project, self.world.secrets()))
                except HiveError:
                    break
        return lambda _: secrets.MASK.encode()

    async def _rerun(self, live: LiveEnv, suite: str) -> None:
        await self.testing.run(live, (suite,))


def home_tag(home: Home) -> str:
    """Marks the processes of this home: short, and different for every home."""
    return hashlib.sha256(str(home.state).encode()).hexdigest()[:10]


def _slots(environ: Mapping[str, str]) -> int:
    """CPU slots: one more than there are cores, which measured best for builds that wait a bit."""
    text = environ.get(SLOTS, "")
    return int(text) if text.isdigit() and int(text) > 0 else (os.cpu_count() or 1) + 1


def _proxy_port(environ: Mapping[str, str]) -> int:
    text = environ.get(PROXY_PORT_VARIABLE, "")
    return int(text) if text.isdigit() and int(text) < 65536 else PROXY_PORT


def _program(pid: int) -> str | None:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None


def _checkpoint(environ: Mapping[str, str]) -> Checkpoint:
    """Does nothing, or ends the daemon as a power cut would, at the point that a test names."""
    at = environ.get(KILL_AT)
    if not at:
        return lambda name: None
    passed = 0

    def check(name: str) -> None:
        nonlocal passed
        passed += 1
        if at in (name, str(passed)):
            os.kill(os.getpid(), signal.SIGKILL)

    return check
