"""The machine's table of processes by psutil, for systems without `/proc`. Reads only."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import psutil

from hive_tui.drivers.procfs import Entry, ProcessTable

_LETTERS = {
    psutil.STATUS_ZOMBIE: "Z",
    psutil.STATUS_DEAD: "X",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_RUNNING: "R",
}
_HUNDREDTHS = 100


class PsutilTable(ProcessTable):
    """psutil's view. Ten times slower than `/proc` read directly, and complete enough.

    On macOS the environment of the system's own programs is hidden, `/bin/sh` among them: a run
    is then known by its number, start and boot alone.
    """

    def __init__(self) -> None:
        """Read the boot id."""
        self.boot_id = _boot_id()
        self.hides_environments = sys.platform == "darwin"

    def entry(self, pid: int) -> Entry | None:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                state = _LETTERS.get(process.status(), "S")
                cpu = process.cpu_times() if state != "Z" else None
                return Entry(
                    pid=pid,
                    ppid=process.ppid(),
                    group=os.getpgid(pid),
                    sid=os.getsid(pid),
                    start_ticks=round(process.create_time() * _HUNDREDTHS),
                    state=state,
                    cpu_s=0.0 if cpu is None else cpu.user + cpu.system,
                )
        except psutil.ZombieProcess:
            return Entry(pid, 0, pid, pid, 0, "Z", 0.0)
        except (psutil.Error, OSError):
            return None

    def entries(self) -> list[Entry]:
        found = (self.entry(pid) for pid in psutil.pids())
        return [entry for entry in found if entry is not None]

    def children(self, pid: int) -> tuple[int, ...] | None:
        try:
            return tuple(child.pid for child in psutil.Process(pid).children())
        except (psutil.Error, OSError):
            return ()

    def command(self, pid: int) -> tuple[str, ...]:
        try:
            return tuple(psutil.Process(pid).cmdline())
        except (psutil.Error, OSError):
            return ()

    def run_id(self, pid: int) -> str | None:
        try:
            return psutil.Process(pid).environ().get("HIVE_RUN_ID")
        except (psutil.Error, OSError):
            return None

    def memory_bytes(self, pid: int) -> int:
        try:
            memory = psutil.Process(pid).memory_info()
        except (psutil.Error, OSError):
            return 0
        return int(memory.rss - getattr(memory, "shared", 0))

    def share_bytes(self, pid: int) -> int | None:
        """Not told: macOS has no such figure, and elsewhere `/proc` is read directly."""
        return None


def _boot_id() -> str:
    if sys.platform == "darwin":
        value = ctypes.create_string_buffer(64)
        length = ctypes.c_size_t(len(value))
        libc = ctypes.CDLL(None, use_errno=True)
        name = b"kern.bootsessionuuid"
        if libc.sysctlbyname(name, value, ctypes.byref(length), None, 0) != 0:
            raise OSError(ctypes.get_errno(), "kern.bootsessionuuid cannot be read")
        return value.value.decode()
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
