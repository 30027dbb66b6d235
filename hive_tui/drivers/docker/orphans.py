"""Ends what an engine began and does not know of since it was killed in the middle of a start.

It would share the volume with the container's next run. Only seen where the engine is this
machine's, and ended where this user may.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_PATIENCE_S = 2.0
_LOOK_S = 0.01


def end(container: str, *, proc: Path = Path("/proc")) -> bool:
    """Kill the first process of such a run of a container; whether there was one and it is gone."""
    mark = f"\0-id\0{container}\0".encode()
    found = False
    for entry in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            command = (entry / "cmdline").read_bytes()
            if b"containerd-shim" in command and mark in command:
                for child in _children(entry):
                    os.kill(child, signal.SIGKILL)
                    found = _gone(child, proc) or found
    return found


def _children(entry: Path) -> list[int]:
    return [int(pid) for pid in (entry / "task" / entry.name / "children").read_text().split()]


def _gone(pid: int, proc: Path) -> bool:
    """Whether a process that was killed is reaped, which its shim does."""
    latest = time.monotonic() + _PATIENCE_S
    while (there := (proc / str(pid)).exists()) and time.monotonic() < latest:
        time.sleep(_LOOK_S)
    return not there
