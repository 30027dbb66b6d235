"""The kernel's word that somebody waits for memory, on real pressure in a small control group."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hive_tui.drivers.pressure import MachineHeadroom
from tests.cgroups import memory_cgroup
from tests.hives import DEADLINE_S

MB = 1 << 20

THRASH = """
import mmap, sys
with open(sys.argv[1], "rb") as file:
    pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
while True:
    for at in range(0, len(pages), 4096):
        pages[at]
"""


def thrash(group: Path, file: Path) -> subprocess.Popen[bytes]:
    """Read a file over and over that is larger than the group's memory."""
    inside = ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(group))
    return subprocess.Popen([*inside, sys.executable, "-c", THRASH, str(file)])


async def test_the_kernel_wakes_who_watches_once_processes_wait_for_memory(tmp_path: Path) -> None:
    headroom = MachineHeadroom()
    felt = asyncio.Event()
    if not headroom.watch(felt.set):
        pytest.skip("this kernel has no triggers on /proc/pressure/memory")
    file = tmp_path / "large"
    file.write_bytes(os.urandom(96 * MB))
    with file.open("rb") as handle:  # its pages must be read anew, on the group's account
        os.fsync(handle.fileno())
        os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if os.statvfs(tmp_path).f_fsid == os.statvfs("/dev/shm").f_fsid:
        pytest.skip("the temporary folder is in memory: there is nothing to read anew")
    with memory_cgroup(24 * MB) as group:
        thrashing = thrash(group, file)
        try:
            async with asyncio.timeout(DEADLINE_S):
                await felt.wait()
        finally:
            thrashing.kill()
            thrashing.wait()
            headroom.close()


async def test_what_is_available_is_less_than_what_there_is() -> None:
    strain = MachineHeadroom().strain()
    assert 0 < strain.available_bytes < strain.total_bytes


async def test_without_the_kernels_file_nothing_is_watched_and_the_rest_is_told() -> None:
    headroom = MachineHeadroom("/proc/none")
    assert headroom.watch(lambda: None) is False
    assert headroom.strain().some_percent is None
    headroom.close()
