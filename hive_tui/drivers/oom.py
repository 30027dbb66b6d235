"""Tells whether the kernel ended a process because memory ran out. Reads counters and its log.

The kernel's log names the process and is believed; it is closed to most users, and in a container
its numbers are those of the host. The counters name nobody: a kill that falls together with one of
their steps is most likely the kernel's.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

SURE = "killed by the kernel, because memory ran out"
LIKELY = "killed, most likely by the kernel, because memory ran out"

WINDOW_S = 6.0
"""How long a step of a counter may explain a kill: three passes."""

_KILLED = re.compile(rb"Killed process (\d+) ")
_RECORD_BYTES = 8192
_NAMED_KEPT = 1000


class OomWatch:
    """Out-of-memory kills since it was made."""

    def __init__(
        self,
        *,
        log: str = "/dev/kmsg",
        counters: Sequence[Path] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to watch. Nothing can be told on a system that has none of it.

        Args:
            log: The kernel's log, one record a read.
            counters: Files with a line `oom_kill N`; `None` for those of this process's cgroup and
                of the machine.
            clock: Seconds that never go backwards.
        """
        self._counters = own_counters() if counters is None else tuple(counters)
        self._clock = clock
        self._log: int | None = None
        with contextlib.suppress(OSError):
            self._log = os.open(log, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self._log, 0, os.SEEK_END)
        self._seen = self._count()
        self._steps: list[float] = []
        """When counters went up, of kills that no process was found for yet."""
        self._named: dict[int, None] = {}

    def close(self) -> None:
        """Let go of the log."""
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def look(self) -> None:
        """Note steps of the counters; call it every few seconds."""
        now, count = self._clock(), self._count()
        self._steps = [at for at in self._steps if now - at <= WINDOW_S]
        self._steps += [now] * max(0, count - self._seen)
        self._seen = count

    def why(self, pids: Collection[int], *, by_kill: bool) -> str | None:
        """How these processes ended, where it was the kernel for want of memory; else `None`.

        Args:
            pids: Those that have just ended.
            by_kill: Whether one of them is known to have ended by SIGKILL.
        """
        self.look()
        self._read_log()
        if found := [pid for pid in pids if pid in self._named]:
            for pid in found:
                del self._named[pid]
            del self._steps[: len(found)]
            return SURE
        if by_kill and self._steps:
            self._steps.pop(0)
            return LIKELY
        return None

    def _count(self) -> int:
        return max(map(_oom_kills, self._counters), default=0)

    def _read_log(self) -> None:
        if self._log is None:
            return
        while True:
            try:
                record = os.read(self._log, _RECORD_BYTES)
            except BlockingIOError:
                return
            except BrokenPipeError:  # older records were overwritten: go on with what is there
                continue
            except OSError:
                self.close()
                return
            if not record:
                return
            if match := _KILLED.search(record):
                self._named[int(match.group(1))] = None
                while len(self._named) > _NAMED_KEPT:
                    del self._named[next(iter(self._named))]


def own_counters() -> tuple[Path, ...]:
    """Files that count kills in the cgroup of this process, v2 and v1, and on the machine."""
    found = [Path("/proc/vmstat")]
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        inside = path.lstrip("/")
        if not controllers:
            found.append(Path("/sys/fs/cgroup", inside, "memory.events"))
        elif "memory" in controllers.split(","):
            found.append(Path("/sys/fs/cgroup/memory", inside, "memory.oom_control"))
    return tuple(path for path in found if os.access(path, os.R_OK))


def _oom_kills(path: Path) -> int:
    try:
        for line in path.read_bytes().splitlines():
            if line.startswith(b"oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        return 0
    return 0
