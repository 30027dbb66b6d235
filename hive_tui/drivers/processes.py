"""Starts, watches and ends the processes of the envs. Decides nothing about restarts.

A number is never trusted: before anything is signalled it is checked that it still belongs to the
process that is meant, on Linux while a descriptor of that process is held.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from hive_tui.drivers.census import Census, is_leader
from hive_tui.drivers.endings import best_endings
from hive_tui.drivers.launching import adopt_orphans, allow_open_files, exit_code, start
from hive_tui.drivers.oom import OomWatch
from hive_tui.drivers.portable_table import PsutilTable
from hive_tui.drivers.procfs import Entry, ProcessTable, ProcTable
from hive_tui.drivers.shares import Shares
from hive_tui.engine.protocols import Exit, Identity, Launch, Processes, Usage
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

_KILL_S = 10.0
"""How long killed processes may take to go: only one that waits for a device takes any time."""

_LOOK_AGAIN_S = 1.0

_BEGIN_S = 2.0
_BEGIN_STEP_S = 0.002

_STOP = signal.SIGSTOP


@dataclass(eq=False)
class _Run:
    """A run whose leader is watched."""

    identity: Identity
    exit_file: Path | None = None
    child: bool = False
    begun: bool = False
    """True once its shim is known to have started the command."""
    unwatch: Callable[[], None] = lambda: None
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever ends the session: nothing is killed or collected under its hands."""
    waiters: list[asyncio.Future[Exit]] = field(default_factory=list)
    exit: Exit | None = None


class LocalProcesses(Processes):
    """Processes of this machine. Every method is to be called on the thread of the running loop."""

    def __init__(self, home_tag: str, *, portable: bool = False) -> None:
        """Create it. This process may have more files open from now on.

        On Linux it becomes the parent of orphaned descendants as well.

        Args:
            home_tag: Tells the processes of this home from those of another; without a dot.
            portable: Use only what every system has, to test that.
        """
        self._prefix = f"{home_tag}."
        plain = portable or sys.platform != "linux"
        self._plain = plain
        self._table: ProcessTable = PsutilTable() if plain else ProcTable()
        self._endings = best_endings(self._table, portable=portable)
        self._open_files = allow_open_files()
        self._reaper = not plain and adopt_orphans()
        self._shares = Shares(self._table)
        self._oom = OomWatch()
        self._pids: dict[int, tuple[int, ...]] = {}
        """Session -> who was in it at the last pass."""
        self._runs: dict[str, _Run] = {}
        self._census: Census | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._zombies: frozenset[tuple[int, int]] = frozenset()

    def new_run_id(self) -> str:
        """A value for `HIVE_RUN_ID` that was never used before."""
        return self._prefix + secrets.token_hex(8)

    async def launch(self, launch: Launch) -> Identity:
        pid = start(launch, self._open_files)
        entry = self._table.entry(pid)
        if entry is None:
            raise HiveError(
                f"pid {pid} was gone before it could be looked at",
                hint="see whether something on this machine ends foreign processes",
                code="launch_failed",
            )
        identity = Identity(
            pid=pid,
            start_ticks=entry.start_ticks,
            boot_id=self._table.boot_id,
            run_id=launch.run_id,
        )
        self._census = None
        self._watch(_Run(identity, launch.exit_file, child=True))
        recognised = asyncio.ensure_future(self._recognisable(identity))
        try:
            await asyncio.shield(recognised)
        except asyncio.CancelledError:  # nobody would know of it, and nothing stops a stranger
            await recognised
            await self.stop(identity, signal.SIGKILL, 0.0)
            raise
        return identity

    def exited(self, identity: Identity, exit_file: Path) -> asyncio.Future[Exit]:
        """A future of the caller's own: to cancel it harms nobody else.

        For a process that ended before it was adopted the code is what its shim wrote, and what
        is left of its session is killed first.
        """
        waiter: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        run = self._runs.get(identity.run_id)
        if run is None or run.identity != identity:
            run = _Run(identity, exit_file)
            self._watch(run)
        run.exit_file = exit_file
        if run.exit is None:
            run.waiters.append(waiter)
        else:
            del self._runs[identity.run_id]
            waiter.set_result(run.exit)
        return waiter

    def alive(self, identity: Identity) -> bool:
        entry = self._table.entry(identity.pid)
        return entry is not None and entry.live and is_leader(self._table, entry, identity)

    def frozen(self, identity: Identity) -> bool:
        entry = self._table.entry(identity.pid)
        return entry is not None and entry.state == "T" and is_leader(self._table, entry, identity)

    def members(self, identity: Identity) -> tuple[int, ...]:
        return tuple(entry.pid for entry in self._look().members(identity))

    def descendants(self, identity: Identity) -> tuple[int, ...]:
        leader = self._table.entry(identity.pid)
        if self._plain or leader is None or not is_leader(self._table, leader, identity):
            return ()
        found: list[int] = []
        pending = [identity.pid]
        while pending:
            pid = pending.pop()
            entry = self._table.entry(pid)
            if entry is not None and entry.sid == identity.pid and entry.live:
                found.append(pid)
                pending.extend(self._table.children(pid) or ())
        return tuple(found)

    def signal(self, identity: Identity, signal: int) -> int:
        """See `Processes.signal`; STOP also reaches what is forked while it is being sent."""
        sent: set[tuple[int, int]] = set()
        count = 0
        while fresh := [m for m in self._look().members(identity) if _key(m) not in sent]:
            count += self._send(identity, fresh, signal)
            if signal != _STOP:
                break
            sent.update(_key(m) for m in fresh)
            self._census = None
        return count

    async def stop(self, identity: Identity, signal: int, grace_s: float) -> None:
        """See `Processes.stop`.

        Cancelled: who was asked to end stays asked, and nobody is killed.

        Raises:
            HiveError: Something did not even die of KILL within 10 s.
        """
        run = self._runs.get(identity.run_id)
        async with run.busy if run is not None else asyncio.Lock():
            await self._ask(identity, signal, grace_s)
            left = await self._empty(identity)
        if left:
            raise HiveError(
                f"{_names(left)} cannot be ended: the kernel holds on to it",
                hint="see what device or network folder it waits for (`ps -o pid,stat,wchan`)",
                code="not_ended",
            )

    def find(self) -> dict[str, Identity]:
        return self._look().leaders(self._prefix)

    def usage(self, sessions: Collection[int] | None = None) -> dict[int, Usage]:
        """See `Processes.usage`; also collects orphans that ended, so call it every few seconds."""
        census = self._look()
        self._collect_orphans(census)
        if sessions is None:
            sessions = [run.identity.pid for run in self._runs.values() if run.exit is None]
        self._shares.begin()
        usage = census.usage(sessions, self._shares.memory_bytes, self._shares.sure)
        self._shares.end()
        self._oom.look()
        self._pids = {sid: used.pids for sid, used in usage.items()}
        return usage

    def birth(self, pid: int) -> str | None:
        entry = self._table.entry(pid)
        if entry is None or not entry.live:
            return None
        return f"{self._table.boot_id}.{entry.start_ticks}"

    async def close(self) -> None:
        """Stop watching. Processes go on; futures that wait for an end are cancelled."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._shares.close()
        self._oom.close()
        for run in self._runs.values():
            run.unwatch()
            for waiter in run.waiters:
                waiter.cancel()
        self._runs.clear()

    # --- the end of a leader -------------------------------------------------------------------

    def _watch(self, run: _Run) -> None:
        """Watch the leader; one that is not there any more has ended."""
        identity = run.identity
        self._runs[identity.run_id] = run
        if identity.boot_id == self._table.boot_id and (run.child or self.alive(identity)):
            run.unwatch = self._endings.watch(
                identity.pid, identity.start_ticks, lambda: self._leader_ended(run)
            )
        else:
            self._leader_ended(run)

    def _leader_ended(self, run: _Run) -> None:
        if self._is_alone(run) and not run.busy.locked():
            self._settle(run)
            return
        task = asyncio.get_running_loop().create_task(self._clear_up(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _clear_up(self, run: _Run) -> None:
        async with run.busy:
            left = await self._empty(run.identity)
        if left:
            log.warning("run %s: %s does not die", run.identity.run_id, _names(left))
        self._settle(run)

    def _is_alone(self, run: _Run) -> bool:
        """True where nobody of the run can be left, found without a look at all processes.

        Everyone in a run descends from its leader. Once that has ended, whoever is left is below
        a process that became our child.
        """
        children = self._table.children(os.getpid()) if self._reaper and run.child else None
        if children is None:
            return False
        leaders = {other.identity.pid for other in self._runs.values()}
        for pid in children:
            if pid in leaders:
                continue
            entry = self._table.entry(pid)
            if entry is None:
                continue
            if not entry.live:
                if entry.sid == run.identity.pid:
                    _collect(pid)
            elif entry.sid == run.identity.pid or self._table.run_id(pid) == run.identity.run_id:
                return False
        return True

    def _settle(self, run: _Run) -> None:
        """Collect the leader, so that its number is free from now on, and tell who waits."""
        leader = self._table.entry(run.identity.pid)
        ours = leader is not None and is_leader(self._table, leader, run.identity)
        status = _collect(run.identity.pid) if ours else None
        if status is None and run.exit_file is not None:
            status = _read_status(run.exit_file)
        code = None if status is None else exit_code(status)
        why = None
        if code != 0:
            pids = (run.identity.pid, *self._pids.get(run.identity.pid, ()))
            why = self._oom.why(pids, by_kill=code == -signal.SIGKILL)
        run.exit = Exit(code, why)
        if run.waiters and self._runs.get(run.identity.run_id) is run:
            del self._runs[run.identity.run_id]
        for waiter in run.waiters:
            if not waiter.done():
                waiter.set_result(run.exit)

    # --- ending a session ----------------------------------------------------------------------

    async def _ask(self, identity: Identity, number: int, grace_s: float) -> None:
        """Signal every member once, wake what is frozen, and wait until they are gone or time is.

        Whoever appears while the others end is asked as well.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        await self._begun(identity, min(grace_s, _BEGIN_S))
        asked: set[tuple[int, int]] = set()
        while members := self._left(identity):
            fresh = [m for m in members if _key(m) not in asked]
            self._send(identity, fresh, number)
            self._send(identity, fresh, signal.SIGCONT)
            asked.update(_key(m) for m in fresh)
            left_s = deadline - loop.time()
            if left_s <= 0:
                return
            await self._gone(members, left_s)
            self._collect_members(identity, members)

    async def _recognisable(self, identity: Identity) -> None:
        """Wait for the end of the exec: for some microseconds a new program has no environment.

        Who asked in between would be told that the process is not the run's own.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _BEGIN_S
        while self._table.run_id(identity.pid) is None and loop.time() < deadline:
            entry = self._table.entry(identity.pid)
            if entry is None or not entry.live or self._table.hides_environments:
                return
            await asyncio.sleep(0)

    async def _begun(self, identity: Identity, timeout_s: float) -> None:
        """Wait until the shim of a fresh run has started its command.

        Between its fork and the command's start a shell loses signals that it traps, and the
        command would never hear of this one. It is over in a few ms, so this looks often.
        """
        run = self._runs.get(identity.run_id)
        if run is not None and run.begun:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        shim = self._table.command(identity.pid)
        while self.alive(identity) and loop.time() < deadline:
            children = self._table.children(identity.pid)
            if children is None or any(self._table.command(pid) != shim for pid in children):
                if run is not None:
                    run.begun = True
                break
            await asyncio.sleep(_BEGIN_STEP_S)
        self._census = None

    async def _empty(self, identity: Identity) -> list[Entry]:
        """Kill until nobody is left, also those who were made meanwhile; returns who stayed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _KILL_S
        while members := self._left(identity):
            self._send(identity, members, signal.SIGKILL)
            await self._gone(members, _LOOK_AGAIN_S)
            self._collect_members(identity, members)
            if loop.time() > deadline:
                return members
        return []

    def _left(self, identity: Identity) -> list[Entry]:
        """Live members, found the quick way once the leader has ended."""
        run = self._runs.get(identity.run_id)
        if run is not None and not self.alive(identity) and self._is_alone(run):
            return []
        return self._look().members(identity)

    async def _gone(self, members: Iterable[Entry], timeout_s: float) -> None:
        """Wait until all of them have ended, at most that long."""
        loop = asyncio.get_running_loop()
        ends: list[asyncio.Future[None]] = []
        watches: list[Callable[[], None]] = []
        for member in members:
            end: asyncio.Future[None] = loop.create_future()
            ends.append(end)
            watches.append(
                self._endings.watch(member.pid, member.start_ticks, partial(_resolve, end))
            )
        try:
            await asyncio.wait(ends, timeout=timeout_s)
        finally:
            for unwatch in watches:
                unwatch()

    def _send(self, identity: Identity, members: Iterable[Entry], number: int) -> int:
        """Signal them: the leader's group as one, so that no fork slips through, then the rest.

        The group's number is its leader's, and stays taken while the leader is not collected.
        """
        leader = self._table.entry(identity.pid)
        whole = leader is not None and is_leader(self._table, leader, identity)
        grouped: list[Entry] = []
        single: list[Entry] = []
        for member in members:
            (grouped if whole and member.group == identity.pid else single).append(member)
        count = sum(self._endings.send(m.pid, m.start_ticks, number) for m in single)
        if grouped and self._endings.send(identity.pid, identity.start_ticks, number, group=True):
            count += len(grouped)
        return count

    def _collect_members(self, identity: Identity, members: Iterable[Entry]) -> None:
        """Collect those who became our children; the leader is left to its own watch."""
        for member in members:
            if member.pid != identity.pid:
                _collect(member.pid)

    def _collect_orphans(self, census: Census) -> None:
        """Collect ended processes that fell to us and that nobody asks for.

        Ours is whoever ended in a session that is not ours. To be sure that no other part of this
        program waits for it, it has to be there in two passes in a row.
        """
        if not self._reaper:
            return
        own = os.getsid(0)
        leaders = {run.identity.pid for run in self._runs.values()}
        zombies = frozenset(
            _key(entry)
            for entry in census.zombies_of(os.getpid())
            if entry.sid != own and entry.pid not in leaders
        )
        for pid, _ in zombies & self._zombies:
            _collect(pid)
        self._zombies = zombies

    def _look(self) -> Census:
        """The census of this turn of the loop: many sessions that end at once share one pass.

        A launch makes it void. What else is forked within the turn is found by the next look.
        """
        if self._census is None:
            self._census = Census(self._table)
            asyncio.get_running_loop().call_soon(self._forget)
        return self._census

    def _forget(self) -> None:
        self._census = None


def _collect(pid: int) -> int | None:
    """Collect an ended child; its exit status, negative for a signal; `None`: no ended child."""
    try:
        collected, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if collected == pid else None


def _read_status(exit_file: Path) -> int | None:
    """What the shim wrote: it is complete before the leader ends, or was never written."""
    try:
        return int(exit_file.read_text())
    except (OSError, ValueError):
        return None


def _key(entry: Entry) -> tuple[int, int]:
    return entry.pid, entry.start_ticks


def _resolve(end: asyncio.Future[None]) -> None:
    if not end.done():
        end.set_result(None)


def _names(entries: Iterable[Entry]) -> str:
    return ", ".join(f"pid {entry.pid} (state {entry.state})" for entry in entries)
