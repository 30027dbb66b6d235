"""What a container takes, from the kernel's own files: the engine takes a second or two to say."""

from __future__ import annotations

from pathlib import Path

from hive_tui.engine.protocols import Usage

ROOT = Path("/sys/fs/cgroup")


class Cgroup:
    """The files of one container, of either version of cgroups."""

    def __init__(self, memory: Path, file_cache: str, cpu: Path, container_pid: int) -> None:
        self._memory = memory
        self._stat = memory.with_name("memory.stat")
        self._file_cache = file_cache
        self._cpu = cpu
        self._pid = container_pid

    def usage(self) -> Usage:
        """What it takes now: memory without the file cache that would go first.

        Raises:
            OSError: It is gone.
        """
        memory = int(self._memory.read_bytes())
        cache = _field(self._stat, self._file_cache)
        if self._cpu.name == "cpu.stat":
            cpu_s = _field(self._cpu, "usage_usec") / 1e6
        else:
            cpu_s = int(self._cpu.read_bytes()) / 1e9
        return Usage(max(0, memory - cache), cpu_s, (self._pid,))


def find(
    pid: int, container: str, *, root: Path = ROOT, proc: Path = Path("/proc")
) -> Cgroup | None:
    """The files of the container that a process is the first one of; `None` where none are seen.

    Args:
        pid: On this machine.
        container: Its id, which is part of its groups' names.
        root: Where the groups are mounted.
        proc: Where processes are.
    """
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    except OSError:
        return None
    paths: dict[str, str] = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = _whole(path, container)
    found = _version_1(paths, root, pid) or _version_2(paths, root, pid)
    try:
        if found is not None:
            found.usage()
    except (OSError, ValueError):
        return None
    return found


def _whole(path: str, container: str) -> str:
    """The container's own group, also where the process has gone into one below it."""
    parts = path.split("/")
    for depth, part in enumerate(parts):
        if container in part:
            return "/".join(parts[: depth + 1])
    return path


def _version_1(paths: dict[str, str], root: Path, pid: int) -> Cgroup | None:
    if "memory" not in paths or "cpuacct" not in paths:
        return None
    memory = root / "memory" / paths["memory"].lstrip("/") / "memory.usage_in_bytes"
    for mount in ("cpuacct", "cpu,cpuacct"):
        cpu = root / mount / paths["cpuacct"].lstrip("/") / "cpuacct.usage"
        if memory.exists() and cpu.exists():
            return Cgroup(memory, "total_inactive_file", cpu, pid)
    return None


def _version_2(paths: dict[str, str], root: Path, pid: int) -> Cgroup | None:
    if "" not in paths:
        return None
    for mount in (root, root / "unified"):
        folder = mount / paths[""].lstrip("/")
        if (folder / "memory.current").exists():
            return Cgroup(folder / "memory.current", "inactive_file", folder / "cpu.stat", pid)
    return None


def _field(path: Path, name: str) -> int:
    start = f"{name} ".encode()
    for line in path.read_bytes().splitlines():
        if line.startswith(start):
            return int(line.split()[1])
    return 0
