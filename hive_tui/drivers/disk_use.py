"""What folders take on the disk, counted by a program beside us. Decides nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hive_tui.drivers import disk_worker
from hive_tui.drivers.programs import run
from hive_tui.engine.protocols import DiskUse
from hive_tui.model.errors import HiveError

_WORKER = str(Path(disk_worker.__file__))


async def disk_use(
    owners: Sequence[Sequence[str]], progress: Callable[[int], None]
) -> tuple[tuple[DiskUse, ...], int]:
    """What the folders of each owner take, and what all of them take together.

    Args:
        owners: The folders of each; one that is missing takes nothing.
        progress: Told how many files were seen.

    Raises:
        HiveError: The program failed.
    """

    def told(text: str) -> None:
        seen = text.split()
        if seen and seen[-1].isdecimal():
            progress(int(seen[-1]))

    lines = (" ".join(os.fsencode(path).hex() for path in folders) for folders in owners)
    asked = "".join(line + "\n" for line in lines).encode()
    argv = (sys.executable, "-I", "-S", _WORKER)
    done = await run(argv, env={}, input=asked, on_stderr=told)
    if done.status != 0:
        raise HiveError("the disk could not be counted", hint="`hive daemon logs` has more")
    *rows, last = done.stdout.decode().splitlines()
    return tuple(DiskUse(*map(int, row.split())) for row in rows), int(last.split()[1])
