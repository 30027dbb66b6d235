"""Linux's inotify through libc: which watched files changed. Owns a descriptor, no event loop."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

# linux/inotify.h
MODIFY = 0x2
ATTRIB = 0x4
CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
OVERFLOW = 0x4000
IGNORED = 0x8000
ONLY_FOLDERS = 0x01000000
NOT_THROUGH_LINKS = 0x02000000
ISDIR = 0x40000000
EVERYTHING = -1
"""Stands for all watches where the kernel's queue ran over."""

_EVENT = struct.Struct("iIII")
_BUFFER_BYTES = 64 * 1024


class Event(NamedTuple):
    """One thing that happened."""

    number: int
    """Of the watch."""
    mask: int
    name: str
    """Of what it happened to in a watched folder; empty for the folder itself."""


class Inotify:
    """One inotify instance. Identical events that were not read yet are one."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            OSError: The system has none, or no more for this user.
        """
        self._libc = ctypes.CDLL(None, use_errno=True)
        try:
            self.fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except AttributeError as error:
            raise OSError("this system has no inotify") from error
        self._check(self.fd, "inotify_init1")

    def add(self, path: str, mask: int) -> int:
        """Watch a file or folder; returns the watch's number.

        The same file watched twice has one number.

        Raises:
            OSError: It does not exist, or the user's limit of watches is reached.
        """
        wd: int = self._libc.inotify_add_watch(self.fd, os.fsencode(path), mask)
        self._check(wd, path)
        return wd

    def remove(self, wd: int) -> None:
        """End a watch; nothing happens where the kernel ended it with its file."""
        self._libc.inotify_rm_watch(self.fd, wd)

    def read(self) -> dict[int, int]:
        """What changed since the last read: watch -> events, or'ed together. Never blocks."""
        changed: dict[int, int] = {}
        for event in self.events():
            changed[event.number] = changed.get(event.number, 0) | event.mask
        return changed

    def events(self) -> Iterator[Event]:
        """What happened since the last read, up to one buffer of it. Never blocks."""
        try:
            data = os.read(self.fd, _BUFFER_BYTES)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            number, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            yield Event(number, mask, os.fsdecode(data[at : at + length].rstrip(b"\0")))
            at += length

    def close(self) -> None:
        """Close it, with all its watches."""
        os.close(self.fd)

    def _check(self, result: int, what: str) -> None:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), what)
