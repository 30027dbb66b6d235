"""The log files: seen to grow, timed, and kept within their bounds. Readers are in `log_reading`.

A process writes to its file itself. Nothing here stands between the two: where this stops or
fails, output goes on, untimed and unbounded, and is taken up again later.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from hive_tui.drivers import inotify
from hive_tui.drivers.log_lines import backwards
from hive_tui.drivers.log_source import LogSource
from hive_tui.engine.plain import plain
from hive_tui.model.errors import HiveError, UsageError

SAMPLE_S = 0.02
"""Least time between two entries of a time index."""
ATTENTIVE_S, RELAXED_S = 0.002, 0.02
"""Pause after growth was seen: while somebody waits for more, and otherwise."""
POLL_ATTENTIVE_S, POLL_RELAXED_S = 0.01, 0.25
"""The same where growth has to be looked for."""
TAIL_CHARACTERS = 500

_EVENTS = inotify.MODIFY | inotify.CLOSE_WRITE


class LogFiles:
    """The files `<folder>/<env uid>/<source>.log`, each with its time index beside it.

    Implements `Logs`. All methods belong to one event loop; without a running one nothing is
    watched, timed or bounded.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: Callable[[str], int] | int,
        masker: Callable[[str], Callable[[bytes], bytes]] | None = None,
        portable: bool = False,
    ) -> None:
        """Create it; touches no disk.

        Args:
            folder: Holds a folder per env.
            max_bytes: What one source of an env (by uid) may take on disk, at least 64 KiB. The
                oldest part goes first, down to three quarters of it.
            masker: For an env (by uid) what hides its secrets in a line; `None` hides nothing.
            portable: Look for growth by time and cut by copying, as on systems that have neither
                inotify nor holes; what is then lost is said in `holes.cut_by_copy`.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        self._masker = masker
        self._portable = portable
        self._sources: dict[tuple[str, str], LogSource] = {}
        self._watched: dict[int, LogSource] = {}
        self._news: defaultdict[str, list[Callable[[str], None]]] = defaultdict(list)
        self._inotify: inotify.Inotify | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._poll: asyncio.TimerHandle | None = None

    # --- Logs --------------------------------------------------------------------------------

    def path(self, env_uid: str, source: str) -> Path:
        """The file of one source. Its folder exists afterwards, and it is tracked.

        Raises:
            HiveError: The folder cannot be made.
            UsageError: The name is no file name.
        """
        path = self.file(env_uid, source)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise HiveError(
                f"the log folder {path.parent} cannot be made: {error.strerror}",
                hint="free disk space or correct the rights of the folder, and try again",
                code="log_folder",
            ) from error
        self.track(env_uid, source)
        return path

    def end(self, env_uid: str, source: str) -> int:
        """Offset of the end of the file; 0 where there is none."""
        try:
            return self.file(env_uid, source).stat().st_size
        except OSError:
            return 0

    def tail(self, env_uid: str, source: str, lines: int, *, since: int = 0) -> tuple[str, ...]:
        """Last lines from `since` on that are not blank, as `plain` text of 500 characters."""
        texts: list[str] = []
        masked = self._masker(env_uid) if self._masker is not None else bytes
        try:
            fd = os.open(self.file(env_uid, source), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return ()
        try:
            end = os.fstat(fd).st_size
            for _, line in backwards(fd, since if since <= end else 0, end):
                if len(texts) >= lines:
                    break
                if text := plain(masked(line), TAIL_CHARACTERS).rstrip():
                    texts.append(text)
        finally:
            os.close(fd)
        return tuple(reversed(texts))

    def write(self, env_uid: str, source: str, data: bytes) -> None:
        """Append to a log that no process writes to itself. What the disk refuses is left out."""
        with contextlib.suppress(OSError, HiveError), self.path(env_uid, source).open("ab") as file:
            file.write(data)

    def watch(self, env_uid: str, source: str, grown: Callable[[], None]) -> Callable[[], None]:
        """Call `grown` on the loop soon after each growth; returns the stop.

        Within 1-3 ms by inotify, 10 ms without. Also where the file appears only later.

        Raises:
            HiveError: As `path`.
        """
        self.path(env_uid, source)
        tracked = self._sources.get((env_uid, source))
        if tracked is None:  # the file could not be made: there is nothing to see
            return lambda: None
        tracked.grown.append(grown)
        self._attend()

        def stop() -> None:
            if grown in tracked.grown:
                tracked.grown.remove(grown)

        return stop

    def forget(self, env_uid: str) -> None:
        """Delete all logs of an env."""
        folder = self.file(env_uid, "any").parent
        for uid, source in tuple(self._sources):
            if uid == env_uid:
                self.untrack(uid, source)
        shutil.rmtree(folder, ignore_errors=True)

    # --- beyond Logs -------------------------------------------------------------------------

    def file(self, env_uid: str, source: str) -> Path:
        """Where the file of a source lies, or would.

        Raises:
            UsageError: One of the two is no file name.
        """
        for name in (env_uid, source):
            if not name or name in (".", "..") or "/" in name or "\0" in name:
                raise UsageError(f"{name!r} cannot name a log")
        return self._folder / env_uid / f"{source}.log"

    def sources(self, env_uid: str) -> list[str]:
        """Names of all sources of an env that have a file, in order."""
        return sorted(path.stem for path in self.file(env_uid, "any").parent.glob("*.log"))

    def resume(self) -> None:
        """Track every file that is there: what outlived the last daemon still writes.

        What was written in between gets the time of the file's last change.
        """
        for path in self._folder.glob("*/*.log"):
            self.track(path.parent.name, path.stem)

    def track(self, env_uid: str, source: str) -> None:
        """Time and bound a source from now on. Makes an empty file where there is none.

        Costs nothing while the file does not grow. Idempotent; does nothing where the disk
        refuses the file.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        path = self.file(env_uid, source)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        stat = os.fstat(fd)
        os.close(fd)
        known = self._sources.get((env_uid, source))
        if known is not None and self._is_watching(known, stat):
            return
        callbacks = known.grown if known is not None else []
        self.untrack(env_uid, source)
        tracked = LogSource(path, stat, lambda: self._bound(env_uid), copying=self._portable)
        tracked.grown = callbacks
        self._sources[env_uid, source] = tracked
        self._start_watching(tracked, loop)
        self._look(tracked)
        if known is None:
            for appeared in tuple(self._news.get(env_uid, ())):
                appeared(source)

    def untrack(self, env_uid: str, source: str) -> None:
        """Time what was written so far, and look no more."""
        tracked = self._sources.pop((env_uid, source), None)
        if tracked is None:
            return
        if (stat := tracked.stat()) is not None:
            tracked.sample(stat)
        if tracked.wd is not None and self._inotify is not None:
            del self._watched[tracked.wd]
            self._inotify.remove(tracked.wd)
        tracked.close()

    def watch_new(self, env_uid: str, appeared: Callable[[str], None]) -> Callable[[], None]:
        """Call `appeared` with each source of an env that is tracked anew; returns the stop."""
        told = self._news[env_uid]
        told.append(appeared)

        def stop() -> None:
            told.remove(appeared)
            if not told and self._news.get(env_uid) is told:
                del self._news[env_uid]

        return stop

    def close(self) -> None:
        """Stop looking. The files stay."""
        for uid, source in tuple(self._sources):
            self.untrack(uid, source)
        for timer in (self._pause, self._poll):
            if timer is not None:
                timer.cancel()
        self._pause = self._poll = None
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fd)
            self._inotify.close()
            self._inotify = None

    # --- seeing growth -----------------------------------------------------------------------

    def _start_watching(self, tracked: LogSource, loop: asyncio.AbstractEventLoop) -> None:
        if not self._portable:
            try:
                if self._inotify is None:
                    self._inotify = inotify.Inotify()
                    loop.add_reader(self._inotify.fd, self._readable)
                tracked.wd = self._inotify.add(str(tracked.path), _EVENTS)
                self._watched[tracked.wd] = tracked
            except OSError:
                tracked.wd = None  # no instances or watches left: look for growth instead
        if tracked.wd is None and self._poll is None:
            self._poll = loop.call_later(0, self._poll_all)

    def _is_watching(self, tracked: LogSource, stat: os.stat_result) -> bool:
        """Whether it is this very file that is looked at, and not one with its number."""
        if tracked.inode != (stat.st_dev, stat.st_ino):
            return False
        if tracked.wd is None or self._inotify is None:
            return True
        try:
            return self._inotify.add(str(tracked.path), _EVENTS) == tracked.wd
        except OSError:
            return False

    def _attend(self) -> None:
        """Somebody waits for growth: end the long pauses."""
        if self._pause is not None:
            self._pause.cancel()
            self._resume()
        if self._poll is not None:
            self._poll.cancel()
            self._poll_all()

    def _readable(self) -> None:
        assert self._inotify is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._inotify.fd)
        attentive = any(tracked.grown for tracked in self._watched.values())
        self._pause = loop.call_later(ATTENTIVE_S if attentive else RELAXED_S, self._resume)
        for wd, events in self._inotify.read().items():
            if wd == inotify.EVERYTHING:
                for tracked in tuple(self._watched.values()):
                    self._look(tracked)
            elif (changed := self._watched.get(wd)) is not None:
                self._look(changed)
                if events & inotify.CLOSE_WRITE:
                    changed.rest()

    def _resume(self) -> None:
        self._pause = None
        if self._inotify is not None:
            asyncio.get_running_loop().add_reader(self._inotify.fd, self._readable)

    def _poll_all(self) -> None:
        polled = [tracked for tracked in self._sources.values() if tracked.wd is None]
        for tracked in polled:
            self._look(tracked)
        attentive = any(tracked.grown for tracked in polled)
        pause = POLL_ATTENTIVE_S if attentive else POLL_RELAXED_S
        loop = asyncio.get_running_loop()
        self._poll = loop.call_later(pause, self._poll_all) if polled else None

    def _look(self, tracked: LogSource) -> None:
        """Take note of what changed since the last look."""
        stat = tracked.stat()
        if stat is None or stat.st_size == tracked.size:
            return
        tracked.open()
        tracked.size = stat.st_size
        loop = asyncio.get_running_loop()
        wait = tracked.sampled_at + SAMPLE_S - loop.time()
        if wait <= 0:
            tracked.sampled_at = loop.time()
            tracked.sample(stat)
        elif tracked.timer is None:
            tracked.timer = loop.call_later(wait, self._look_later, tracked)
        for grown in tuple(tracked.grown):
            grown()

    def _look_later(self, tracked: LogSource) -> None:
        tracked.timer = None
        if (stat := tracked.stat()) is not None:
            tracked.sampled_at = asyncio.get_running_loop().time()
            tracked.sample(stat)

    def _bound(self, uid: str) -> int:
        return self._max_bytes if isinstance(self._max_bytes, int) else self._max_bytes(uid)
