"""Control groups of a test's own, where the system lets one make any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def memory_cgroup(limit_bytes: int) -> Iterator[Path]:
    """A group with little memory, for processes that move into it; gone once they are.

    Skips where none may be made: no package that could be installed gives that right.
    """
    group = _made(limit_bytes)
    if group is None:
        pytest.skip("no control group with a limit of memory can be made here")
    try:
        yield group
    finally:
        group.rmdir()


def _made(limit_bytes: int) -> Path | None:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        name = f"{path.strip('/')}/hive-test-{os.getpid()}".lstrip("/")
        if "memory" in controllers.split(","):
            group, limit = Path("/sys/fs/cgroup/memory", name), "memory.limit_in_bytes"
        elif not controllers:
            group, limit = Path("/sys/fs/cgroup", name), "memory.max"
        else:
            continue
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(str(limit_bytes))
        except OSError:
            group.rmdir()
            continue
        return group
    return None
