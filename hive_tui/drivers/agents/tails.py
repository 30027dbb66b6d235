"""Follows files that agents and their hooks append lines to. Knows nothing of what a line means.

One inotify descriptor serves all of them, through the folders that they lie in; where there is
none, they are looked at ten times a second. A file may be put aside, cut, deleted and begun anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from hive_tui.drivers import inotify

log = logging.getLogger(__name__)

LONGEST = 1024 * 1024
"""Bytes of a line; a longer one is left out."""
AT_ONCE = 16
"""Reads of what is there already, before anything else happens."""
POLL_S = 0.1
_READ = 1024 * 1024
"""Read of one file in one turn of the loop."""
_EVENTS = inotify.MODIFY | inotify.CREATE | inotify.MOVED_TO | inotify.MOVED_FROM | inotify.DELETE

Lines = Callable[[Sequence[bytes]], None]


class Splitter:
    """Makes whole lines of the bytes of one file."""

    def __init__(self, *, skips: bool = False) -> None:
        """Begin it.

        Args:
            skips: Leave the first line out, because it began before.
        """
        self._half = b""
        self._skips = skips

    def lines(self, data: bytes) -> list[bytes]:
        """The lines that are finished by now, without their newlines; too long ones are left out.

        Args:
            data: What comes next in the file.
        """
        *whole, rest = data.split(b"\n")
        found: list[bytes] = []
        for part in whole:
            line, self._half = self._half + part, b""
            if not self._skips and line and len(line) <= LONGEST:
                found.append(line)
            self._skips = False
        self._half += rest
        if len(self._half) > LONGEST:
            self._half, self._skips = b"", True
        return found


class _Opened:
    """One file on the disk, read to its end."""

    def __init__(self, fd: int, offset: int = 0) -> None:
        stat = os.fstat(fd)
        self.fd = fd
        self.key = (stat.st_dev, stat.st_ino)
        self.offset = offset
        self.splitter = Splitter(skips=offset > 0)

    def read(self) -> tuple[list[bytes], bool]:
        """New lines, and whether there is more at once."""
        if os.fstat(self.fd).st_size < self.offset:
            self.offset, self.splitter = 0, Splitter()
        data = os.pread(self.fd, _READ, self.offset)
        self.offset += len(data)
        return self.splitter.lines(data), len(data) == _READ


class Tail:
    """One path that is followed, with the file that was put aside before the present one."""

    def __init__(self, path: Path, heard: Lines, aside: Path | None, last: int | None) -> None:
        """Begin it; reads nothing yet.

        Args:
            path: The file, which may not be there yet.
            heard: Takes new lines, oldest first.
            aside: Where it is renamed to when it is full: read first, if it is there.
            last: Begin at most that many bytes before its end; `None`: at its beginning.
        """
        self.path = path
        self._heard = heard
        self._last = last
        self._former = _open(aside, None) if aside is not None else None
        self._now: _Opened | None = None

    def read(self) -> bool:
        """Tell what is new; True where there is more at once."""
        more = self._drain(self._former)
        if not more:
            more = self._drain(self._now)
        if not more and self._renew():
            more = True
        return more

    def close(self) -> None:
        """Close the files."""
        for opened in (self._former, self._now):
            if opened is not None:
                os.close(opened.fd)
        self._former = self._now = None

    def _renew(self) -> bool:
        """Go on with the file that lies at the path now, if that is another one."""
        try:
            stat = os.stat(self.path)
        except OSError:
            return False
        if self._now is not None and self._now.key == (stat.st_dev, stat.st_ino):
            return False
        opened = _open(self.path, self._last)
        if opened is None:
            return False
        self._last = None
        if self._former is not None:
            os.close(self._former.fd)
        self._former, self._now = self._now, opened
        return True

    def _drain(self, opened: _Opened | None) -> bool:
        if opened is None:
            return False
        lines, more = opened.read()
        if lines:
            self._heard(lines)
        return more


class Tails:
    """All files and folders that are followed for agents. Lives on one event loop."""

    def __init__(self, *, portable: bool = False) -> None:
        """Create it; opens nothing.

        Args:
            portable: Look by time, as on systems without inotify.
        """
        self._portable = portable
        self._inotify: inotify.Inotify | None = None
        self._folders: dict[int, str] = {}
        self._callbacks: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._poll: asyncio.TimerHandle | None = None

    def follow(
        self, path: Path, heard: Lines, *, aside: Path | None = None, last: int | None = None
    ) -> Callable[[], None]:
        """Tell the lines of a file, those that are there at once and then all that come.

        Returns:
            The stop.
        """
        tail = Tail(path, heard, aside, last)
        pending: list[asyncio.Handle] = []

        def look() -> None:
            pending.clear()
            try:
                if tail.read():
                    pending.append(asyncio.get_running_loop().call_soon(look))
            except OSError as error:
                log.warning("%s cannot be read: %s", path, error)

        stop_watching = self.watch(path.parent, look)
        for _ in range(AT_ONCE):
            if not tail.read():
                break

        def stop() -> None:
            stop_watching()
            for handle in pending:
                handle.cancel()
            tail.close()

        look()
        return stop

    def watch(self, folder: Path, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` on the loop after something in a folder changed; returns the stop.

        The folder is made where it is not there yet.
        """
        name = str(folder)
        self._callbacks[name].append(changed)
        self._begin(name)

        def stop() -> None:
            with contextlib.suppress(ValueError, KeyError):
                self._callbacks[name].remove(changed)
                if not self._callbacks[name]:
                    self._end(name)

        return stop

    def close(self) -> None:
        """Follow nothing any more."""
        for name in list(self._callbacks):
            self._end(name)
        if self._poll is not None:
            self._poll.cancel()
            self._poll = None
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fd)
            self._inotify.close()
            self._inotify = None

    def _begin(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.makedirs(name, 0o700, exist_ok=True)
        if name in self._folders.values():
            return
        loop = asyncio.get_running_loop()
        if not self._portable:
            try:
                if self._inotify is None:
                    self._inotify = inotify.Inotify()
                    loop.add_reader(self._inotify.fd, self._readable)
                self._folders[self._inotify.add(name, _EVENTS)] = name
                return
            except OSError as error:
                log.warning("%s cannot be watched (%s) and is looked at by time", name, error)
        if self._poll is None:
            self._poll = loop.call_later(POLL_S, self._poll_all)

    def _end(self, name: str) -> None:
        self._callbacks.pop(name, None)
        for number in [n for n, folder in self._folders.items() if folder == name]:
            del self._folders[number]
            if self._inotify is not None:
                self._inotify.remove(number)

    def _readable(self) -> None:
        assert self._inotify is not None
        for number, events in self._inotify.read().items():
            if number == inotify.EVERYTHING:
                for name in tuple(self._callbacks):
                    self._tell(name)
                continue
            folder = self._folders.get(number)
            if folder is None:
                continue
            if events & inotify.IGNORED:  # the folder itself was taken away
                del self._folders[number]
                self._begin(folder)
            self._tell(folder)

    def _poll_all(self) -> None:
        watched = set(self._folders.values())
        for name in tuple(self._callbacks):
            if name not in watched:
                self._tell(name)
        self._poll = asyncio.get_running_loop().call_later(POLL_S, self._poll_all)

    def _tell(self, name: str) -> None:
        for changed in tuple(self._callbacks.get(name, ())):
            changed()


def _open(path: Path, last: int | None) -> _Opened | None:
    """Open a plain file that an untrusted program may have put there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    size = os.fstat(fd).st_size
    return _Opened(fd, max(0, size - last) if last is not None else 0)
