"""Running a short-lived program to its end. Does not supervise: services are started elsewhere.

Output goes to an anonymous file and not to a pipe, so a child that the program leaves behind (a
hook's background process) holds nobody up. A program that writes without end is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import msgspec

from hive_tui.drivers.settling import settle
from hive_tui.model.errors import HiveError

_GRACE_S = 3.0
"""How long a cancelled program may take to remove its lock files after TERM."""

_PEEK_S = 0.05
"""How often standard error is looked at while somebody wants to see it grow."""

MAX_OUTPUT_BYTES = 512 * 1024 * 1024
"""More than this, in memory, is no answer to anything that is asked here."""

_LOOK_S = 0.5
"""How often the amount of output is looked at."""

_waiters = ThreadPoolExecutor(max_workers=32, thread_name_prefix="hive-wait")
"""Used only where there is no pidfd."""


class Completed(msgspec.Struct, frozen=True):
    """How a program ended and what it wrote."""

    status: int
    """Exit status; negative for a signal."""
    stdout: bytes
    stderr: str
    """Decoded; may hold control codes."""


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | None = None,
    input: bytes | None = None,
    on_stderr: Callable[[str], None] | None = None,
) -> Completed:
    """Run a program in a session of its own and wait for its end.

    A cancellation sends TERM, and KILL three seconds later, to the whole process group, and leaves
    only when the program is gone.

    Args:
        argv: Program and arguments; no shell.
        env: All of its environment.
        cwd: Where it runs; `None`: where this process is.
        input: Its standard input; `None` is empty.
        on_stderr: Gets what was added to standard error, about 20 times a second.

    Raises:
        OSError: It could not be started.
        HiveError: It wrote more than `MAX_OUTPUT_BYTES` and was killed.
    """
    with contextlib.ExitStack() as stack:
        stdin: IO[bytes] | int = subprocess.DEVNULL
        if input is not None:
            stdin = stack.enter_context(_anonymous())
            stdin.write(input)
            stdin.seek(0)
        stdout = stack.enter_context(_anonymous())
        stderr = stack.enter_context(_anonymous())
        process = subprocess.Popen(  # noqa: ASYNC220 (1 ms; waits for nothing)
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        follower = None
        limit = _Limit(process, (stdout.fileno(), stderr.fileno()))
        try:
            if on_stderr is not None:
                follower = _Follower(stderr.fileno(), on_stderr)
            await _exited(process)
        except BaseException:
            await settle(_end(process))
            raise
        finally:
            limit.stop()
            if follower is not None:
                follower.stop()
        if limit.exceeded:
            process.wait()
            raise HiveError(
                f"{argv[0]} wrote more than {MAX_OUTPUT_BYTES >> 20} MiB and was stopped",
                hint="does a git hook write without end?",
                code="output_flood",
            )
        return Completed(process.wait(), _all_of(stdout), _all_of(stderr).decode(errors="replace"))


def _anonymous() -> IO[bytes]:
    """A file without a name: in memory where the system can."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("hive", os.MFD_CLOEXEC), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _all_of(file: IO[bytes]) -> bytes:
    """Contents, whatever the position: it is shared with the program."""
    chunks: list[bytes] = []
    offset = 0
    while chunk := os.pread(file.fileno(), 1 << 20, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


class _Limit:
    """Kills a program that writes without end."""

    def __init__(self, process: subprocess.Popen[bytes], outputs: tuple[int, ...]) -> None:
        self.exceeded = False
        self._process = process
        self._outputs = outputs
        self._timer = asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        if sum(os.fstat(fd).st_size for fd in self._outputs) > MAX_OUTPUT_BYTES:
            self.exceeded = True
            _signal(self._process, signal.SIGKILL)
        else:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_S, self._look)


class _Follower:
    """Hands on what is added to a file, now and then, and the rest when it is stopped."""

    def __init__(self, fd: int, grown: Callable[[str], None]) -> None:
        self._fd = fd
        self._grown = grown
        self._offset = 0
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_PEEK_S, self._look)

    def stop(self) -> None:
        self._timer.cancel()
        self._read()

    def _look(self) -> None:
        self._timer = self._loop.call_later(_PEEK_S, self._look)
        self._read()

    def _read(self) -> None:
        while chunk := os.pread(self._fd, 1 << 16, self._offset):
            self._offset += len(chunk)
            self._grown(chunk.decode(errors="replace"))


async def _exited(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end; on Linux the process stays a zombie, so that its number stays taken."""
    loop = asyncio.get_running_loop()
    fd = _pidfd(process.pid)
    if fd is None:
        await loop.run_in_executor(_waiters, process.wait)
        return
    ended = asyncio.Event()
    try:
        loop.add_reader(fd, ended.set)
        await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def _pidfd(pid: int) -> int | None:
    """`None` where the system has none, or none left."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid)
    return None


async def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process group to end, then kill what is left of it."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await _exited(process)
    if process.returncode is None:
        _signal(process, signal.SIGKILL)
        await _exited(process)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
