"""Listening TCP sockets through psutil, where there is neither netlink nor `/proc`. No inodes."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import psutil

from hive_tui.drivers.sockets import bindable
from hive_tui.engine.protocols import Listener


class PsutilListening:
    """Lists sockets with their pids: about 30 ms a scan.

    Where the system tells only root about everybody's sockets (macOS), it lists those of the
    processes that may be looked into: the user's own.
    """

    def __init__(self) -> None:
        self._pids: dict[tuple[int, str], tuple[int, ...]] = {}

    def scan(self) -> dict[int, tuple[Listener, ...]]:
        """All listening TCP sockets by port; `inode` is 0."""
        pids: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        for port, address, pid in _listening():
            pids[port, address].extend(() if pid is None else (pid,))
        self._pids = {place: tuple(there) for place, there in pids.items()}
        found: defaultdict[int, list[Listener]] = defaultdict(list)
        for port, address in self._pids:
            found[port].append(Listener(port=port, address=address, inode=0))
        return {port: tuple(listeners) for port, listeners in found.items()}

    def owner(self, listener: Listener, among: Sequence[int] | None = None) -> int | None:
        """Pid that held the socket at the last scan, looked for in `among` or everywhere."""
        held_by = self._pids.get((listener.port, listener.address), ())
        return next((pid for pid in held_by if among is None or pid in among), None)

    def owners(
        self, listeners: Iterable[Listener], among: Sequence[int] | None = None
    ) -> dict[Listener, int]:
        """The same for many; without those not found."""
        held = ((listener, self.owner(listener, among)) for listener in listeners)
        return {listener: pid for listener, pid in held if pid is not None}

    def bindable(self, port: int) -> bool:
        """As the function of the same name."""
        return bindable(port)


def _listening() -> Iterator[tuple[int, str, int | None]]:
    """Port, address and pid of each socket."""
    try:
        everything = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        yield from _own()
        return
    for entry in everything:
        if entry.laddr and entry.status == psutil.CONN_LISTEN:
            yield entry.laddr.port, entry.laddr.ip, entry.pid


def _own() -> Iterator[tuple[int, str, int | None]]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            for entry in process.net_connections(kind="tcp"):
                if entry.laddr and entry.status == psutil.CONN_LISTEN:
                    yield entry.laddr.port, entry.laddr.ip, process.pid
