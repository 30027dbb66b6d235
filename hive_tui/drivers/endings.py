"""Tells when a process ends, whoever its parent is. Collects nothing and knows no exit status."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Protocol

from hive_tui.drivers.procfs import ProcessTable

_PROCESS_GROUP = 4
"""`PIDFD_SIGNAL_PROCESS_GROUP` of `<linux/pidfd.h>`."""


class Endings(Protocol):
    """Watches for ends. A process has ended once it is a zombie or gone."""

    def watch(self, pid: int, start_ticks: int, ended: Callable[[], None]) -> Callable[[], None]:
        """Call `ended` on the running loop once that process has ended, at the earliest with the
        loop's next turn; also where it is gone or another one has its number.

        Returns:
            What takes the watch back; harmless after the end.
        """
        ...

    def send(self, pid: int, start_ticks: int, number: int, *, group: bool = False) -> bool:
        """Signal exactly that process; False where it is gone, a stranger or not ours.

        With `group` its whole process group, which it has to lead, gets the signal in one go: what
        is forked at that instant gets it too.
        """
        ...


class PidfdEndings(Endings):
    """Descriptors of processes (Linux 5.3): told by the loop's own poll, and never mistaken."""

    def __init__(self, table: ProcessTable) -> None:
        """Create it over a table that tells start times."""
        self._table = table

    def watch(self, pid: int, start_ticks: int, ended: Callable[[], None]) -> Callable[[], None]:
        loop = asyncio.get_running_loop()
        descriptor = self._open(pid, start_ticks)
        if descriptor is None:
            return loop.call_soon(ended).cancel
        opened = [descriptor]

        def close() -> None:
            while opened:
                loop.remove_reader(opened[-1])
                os.close(opened.pop())

        def readable() -> None:
            close()
            ended()

        loop.add_reader(descriptor, readable)
        return close

    def send(self, pid: int, start_ticks: int, number: int, *, group: bool = False) -> bool:
        descriptor = self._open(pid, start_ticks)
        if descriptor is None:
            return False
        try:
            if sys.platform != "linux":
                return False
            if not group:
                signal.pidfd_send_signal(descriptor, number)
            elif not self._send_to_group(descriptor, number):
                os.killpg(pid, number)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _send_to_group(self, descriptor: int, number: int) -> bool:
        """True where the kernel can do it by descriptor (Linux 6.9)."""
        if sys.platform != "linux":
            return False
        try:
            signal.pidfd_send_signal(descriptor, number, None, _PROCESS_GROUP)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return False
        return True

    def _open(self, pid: int, start_ticks: int) -> int | None:
        """A descriptor of that process and no other: checked after it is held."""
        if sys.platform != "linux":
            raise OSError("pidfd exists on Linux only")
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return None
        entry = self._table.entry(pid)
        if entry is None or entry.start_ticks != start_ticks:
            os.close(descriptor)
            return None
        return descriptor


class PolledEndings(Endings):
    """Looks again and again, for systems without pidfd; takes at most 2 % of a core for it.

    Between the check and the signal a number could in theory change hands; systems that need this
    hand out numbers in turn, so that it would take a whole round of them.
    """

    SHORTEST_S = 0.01
    SHARE = 0.02

    def __init__(self, table: ProcessTable) -> None:
        """Create it over a table that tells start times."""
        self._table = table
        self._watched: dict[object, tuple[int, int, Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, pid: int, start_ticks: int, ended: Callable[[], None]) -> Callable[[], None]:
        key = object()
        self._watched[key] = (pid, start_ticks, ended)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.SHORTEST_S, self._look)

        def forget() -> None:
            self._watched.pop(key, None)
            if not self._watched and self._timer is not None:
                self._timer.cancel()
                self._timer = None

        return forget

    def send(self, pid: int, start_ticks: int, number: int, *, group: bool = False) -> bool:
        entry = self._table.entry(pid)
        if entry is None or entry.start_ticks != start_ticks:
            return False
        try:
            if group:
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
        except OSError:
            return False
        return True

    def _lives(self, pid: int, start_ticks: int) -> bool:
        entry = self._table.entry(pid)
        return entry is not None and entry.live and entry.start_ticks == start_ticks

    def _look(self) -> None:
        began = time.monotonic()
        over = [
            (key, ended)
            for key, (pid, start_ticks, ended) in self._watched.items()
            if not self._lives(pid, start_ticks)
        ]
        cost_s = time.monotonic() - began
        for key, _ in over:
            self._watched.pop(key, None)
        self._timer = None
        if self._watched:
            pause_s = max(self.SHORTEST_S, cost_s / self.SHARE)
            self._timer = asyncio.get_running_loop().call_later(pause_s, self._look)
        for _, ended in over:
            ended()


def best_endings(table: ProcessTable, *, portable: bool) -> Endings:
    """Descriptors where the system has them, looking where it has not or `portable` is asked."""
    if portable or sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return PolledEndings(table)
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return PolledEndings(table)
    return PidfdEndings(table)
