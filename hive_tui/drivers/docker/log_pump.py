"""Brings what a container writes into its log file, once, also when the daemon dies in between."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from hive_tui.drivers.docker import log_position
from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.faults import EngineGoneError
from hive_tui.drivers.docker.frames import Frames, timed
from hive_tui.drivers.docker.log_position import Position
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

_NOTE_S = 0.2
"""Least time between two notes of the position."""


class LogPump:
    """Follows the output of one run of a container until it ends."""

    def __init__(
        self, client: Client, container: str, log_file: Callable[[], Path], position: Path
    ) -> None:
        """Create it; nothing flows before `start`.

        Args:
            client: The engine.
            container: Id.
            log_file: The log; asked for each time, so that it is there.
            position: File that keeps how far the output has come.
        """
        self._client = client
        self._container = container
        self._log_file = log_file
        self._file = position
        self._noted_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self, *, resumed: bool) -> None:
        """Begin to follow.

        Args:
            resumed: True where an earlier daemon may have written more than it noted.
        """
        self._task = asyncio.create_task(self._follow(resumed))

    async def drained(self, timeout_s: float) -> None:
        """Wait until all is written that the container wrote, which has ended; then stop."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout_s)
        await self.close()

    async def close(self) -> None:
        """Stop following."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _follow(self, resumed: bool) -> None:
        try:
            await self._copy(resumed)
        except EngineGoneError:
            log.info("the engine broke off the output of container=%s", self._container[:12])
        except (HiveError, OSError) as error:
            log.warning("output of container=%s is lost: %s", self._container[:12], error)
        except Exception:
            log.exception("following the output of container=%s broke", self._container[:12])

    async def _copy(self, resumed: bool) -> None:
        path = self._log_file()
        position = log_position.load(self._file)
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(fd).st_size
            skip = max(0, size - position.offset) if resumed and position.at else 0
            writer = _Writer(fd, position, size, skip)
            params = {
                "follow": "1",
                "stdout": "1",
                "stderr": "1",
                "timestamps": "1",
                "since": position.since,
            }
            frames = Frames()
            try:
                async with self._client.streaming(
                    "its output", "GET", f"containers/{self._container}/logs", params=params
                ) as stream:
                    async for chunk in stream.iter_any():
                        writer.write(frames.feed(chunk))
                        self._note(writer.position)
            finally:
                log_position.keep(self._file, writer.position)
        finally:
            os.close(fd)

    def _note(self, position: Position) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._noted_at >= _NOTE_S:
            self._noted_at = now
            log_position.keep(self._file, position)


class _Writer:
    """Appends frames to the log, without those that are in it already."""

    def __init__(self, fd: int, position: Position, size: int, skip: int) -> None:
        self._fd = fd
        self.position = position
        self._size = size
        self._skip = skip
        self._start = position
        self._seen = 0
        """Frames of the time that the position names which have come again."""

    def write(self, frames: Iterable[bytes]) -> None:
        """Append what is new of some frames."""
        out = bytearray()
        position = self.position
        for frame in frames:
            at, text = timed(frame)
            stamp = at.decode("ascii", "replace")
            if stamp == self._start.at and self._seen < self._start.same:
                self._seen += 1
                continue
            if self._skip:
                left = text[self._skip :]
                self._skip -= len(text) - len(left)
                text = left
            out += text
            self._size += len(text)
            position = position.after(stamp, self._size)
        if out:
            with contextlib.suppress(OSError):  # a full disk: what the engine keeps is still there
                os.write(self._fd, out)
        self.position = position
