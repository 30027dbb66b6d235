"""Hives of the bench's own: repository, home and daemon in a temporary folder, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.hives import Yard

HIVE = str(Path(sys.executable).with_name("hive"))
"""The command as it was installed beside this interpreter."""

PATIENCE_S = 180.0
"""After how long something that does not come is a failure of the bench."""


@contextlib.contextmanager
def yard(where: Path | None = None, **variables: str) -> Iterator[Yard]:
    """A hive whose daemon and processes end with the block, however that ends.

    Args:
        where: Folder to make it in; `None` for the system's temporary folder.
        variables: More variables for the commands, and so for the daemon.
    """
    made = Yard(Path(tempfile.mkdtemp(prefix="hive-bench-", dir=where)))
    made.extra.update(variables)
    try:
        yield made
    finally:
        made.close()


def timed_s(yard: Yard, *words: str) -> float:
    """Wall-clock time of a whole command, from before its fork until it was collected.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    began = time.perf_counter()
    ran = subprocess.run(
        words, cwd=yard.repo, env=yard.environ, stdin=subprocess.DEVNULL, capture_output=True
    )
    took_s = time.perf_counter() - began
    if ran.returncode:
        raise subprocess.CalledProcessError(ran.returncode, words, ran.stdout, ran.stderr)
    return took_s


class Reports:
    """A named pipe into which steps write a word; the time of each is when it arrives here."""

    def __init__(self, folder: Path) -> None:
        """Make the pipe in a folder."""
        self.path = folder / "reports"
        os.mkfifo(self.path)
        self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self._rest = b""

    def close(self) -> None:
        """Close and remove it."""
        os.close(self._fd)
        self.path.unlink()

    def clear(self) -> None:
        """Forget what nobody read."""
        self._rest = b""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._fd, 65536):
                pass

    def read(self, timeout_s: float) -> list[tuple[int, str]]:
        """What arrives next: (nanoseconds since the epoch, word) each; empty after the time."""
        if not select.select([self._fd], [], [], timeout_s)[0]:
            return []
        now_ns = time.time_ns()
        *words, self._rest = (self._rest + os.read(self._fd, 65536)).split(b"\n")
        return [(now_ns, word.decode()) for word in words]

    def until(self, word: str, process: subprocess.Popen[bytes]) -> dict[str, int]:
        """All words up to this one, with their times in nanoseconds since the epoch.

        Raises:
            TimeoutError: It did not come.
            ChildProcessError: The process failed before.
        """
        seen: dict[str, int] = {}
        deadline = time.monotonic() + PATIENCE_S
        while word not in seen:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {word!r} within {PATIENCE_S:g} s")
            got = self.read(0.2)
            seen.update((name, at_ns) for at_ns, name in got)
            if not got and process.poll():
                raise ChildProcessError(f"{process.args!r} ended with {process.returncode}")
        return seen
