"""Says which processes belong to a run, from one look at the machine's table. Signals nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection

from hive_tui.drivers.procfs import Entry, ProcessTable
from hive_tui.engine.protocols import Identity, Usage


class Census:
    """All processes at one moment, by session and by run.

    A run without a member in a census stays without: only a member could have made another one.
    """

    def __init__(self, table: ProcessTable) -> None:
        """Take the look."""
        self._table = table
        self._by_pid = {entry.pid: entry for entry in table.entries()}
        self._sessions: dict[int, list[Entry]] = defaultdict(list)
        for entry in self._by_pid.values():
            self._sessions[entry.sid].append(entry)
        self._run_ids: dict[int, str | None] = {}

    def members(self, identity: Identity) -> list[Entry]:
        """Live processes of a run: of its session, and those that left it and carry its run id.

        The session counts only where nobody else can have its number: while its leader is there,
        zombie or not. Without the leader its members have to carry the run id as well.
        """
        if identity.boot_id != self._table.boot_id:
            return []
        leader = self._by_pid.get(identity.pid)
        session = self._sessions.get(identity.pid, ())
        if leader is not None and is_leader(self._table, leader, identity):
            found = [entry for entry in session if entry.live]
        else:
            found = [entry for entry in session if entry.live and self._carries(entry, identity)]
        found.extend(
            entry
            for entry in self._by_pid.values()
            if entry.sid != identity.pid
            and entry.live
            and entry.start_ticks >= identity.start_ticks
            and self._carries(entry, identity)
        )
        return found

    def leaders(self, prefix: str) -> dict[str, Identity]:
        """Run id -> oldest live session leader that carries it, of ids that start with `prefix`.

        A process that left the session for one of its own carries the id too, and is younger.
        """
        found: dict[str, Identity] = {}
        for entry in self._by_pid.values():
            if entry.pid != entry.sid or not entry.live:
                continue
            run_id = self._run_id(entry)
            if run_id is None or not run_id.startswith(prefix):
                continue
            known = found.get(run_id)
            if known is None or entry.start_ticks < known.start_ticks:
                found[run_id] = Identity(
                    pid=entry.pid,
                    start_ticks=entry.start_ticks,
                    boot_id=self._table.boot_id,
                    run_id=run_id,
                )
        return found

    def usage(
        self,
        sessions: Collection[int],
        memory_bytes: Callable[[Entry], int],
        sure: Callable[[Entry], bool],
    ) -> dict[int, Usage]:
        """What the live processes of each of the sessions take; sessions without any are left out.

        What left its session is not counted.

        Args:
            sessions: By their ids.
            memory_bytes: What one process takes.
            sure: Whether that counts nothing twice.
        """
        found: dict[int, Usage] = {}
        for sid in sessions:
            live = [entry for entry in self._sessions.get(sid, ()) if entry.live]
            if live:
                found[sid] = Usage(
                    memory_bytes=sum(map(memory_bytes, live)),
                    cpu_s=sum(entry.cpu_s for entry in live),
                    pids=tuple(entry.pid for entry in live),
                    sure=all(map(sure, live)),
                )
        return found

    def zombies_of(self, parent: int) -> list[Entry]:
        """Children of `parent` that have ended and were not collected."""
        return [e for e in self._by_pid.values() if e.ppid == parent and e.state == "Z"]

    def _carries(self, entry: Entry, identity: Identity) -> bool:
        return self._run_id(entry) == identity.run_id

    def _run_id(self, entry: Entry) -> str | None:
        if entry.pid not in self._run_ids:
            self._run_ids[entry.pid] = self._table.run_id(entry.pid)
        return self._run_ids[entry.pid]


def is_leader(table: ProcessTable, entry: Entry, identity: Identity) -> bool:
    """Whether `entry` is exactly the process that `identity` names, zombie or not.

    Its run id is compared where it can be read: a zombie has no environment any more.
    """
    if entry.start_ticks != identity.start_ticks or table.boot_id != identity.boot_id:
        return False
    if not entry.live:
        return True
    run_id = table.run_id(entry.pid)
    return run_id == identity.run_id or (run_id is None and table.hides_environments)
