"""What the kernel says that a hive's services take: control groups, and PSS of processes."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

from tests import engines
from tests.stacks import Stack

_GROUPS = Path("/sys/fs/cgroup")


def of(stack: Stack) -> int:
    """Bytes of all containers and processes of a hive."""
    ids = stack.left()["containers"]
    pids = engines.docker("inspect", "-f", "{{.State.Pid}}", *ids, host=stack.host).split()
    sessions = {identity.pid for identity in stack.yard.runs().values()}
    return sum(_container(int(pid)) for pid in pids if pid != "0") + _processes(sessions)


def _container(pid: int) -> int:
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            folder = _GROUPS / "memory" / path.lstrip("/")
            return _number(folder / "memory.usage_in_bytes") - _cache(folder, "total_inactive_file")
        folder = _GROUPS / path.lstrip("/")
        if not controllers and (folder / "memory.current").exists():
            return _number(folder / "memory.current") - _cache(folder, "inactive_file")
    raise AssertionError(f"no control group of memory for pid {pid}")


def _number(path: Path) -> int:
    return int(path.read_text())


def _cache(folder: Path, name: str) -> int:
    fields = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return int(fields[name])


def _processes(sessions: Collection[int]) -> int:
    found = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            session = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
            if session in sessions:
                rollup = (entry / "smaps_rollup").read_text().splitlines()
                found += sum(int(row.split()[1]) for row in rollup if row.startswith("Pss:")) * 1024
    return found
