"""Linux's inotify through libc: which watched files changed. Owns a descriptor, no event loop."""

from __future__ import annotations

import ctypes
import os
import struct

# linux/inotify.h
MODIFY = 0x2
CLOSE_WRITE = 0x8
EVERYTHING = -1
"""Stands for all watches where the kernel's queue ran over."""

_EVENT = struct.Struct("iIII")
_BUFFER_BYTES = 64 * 1024


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
        try:
            data = os.read(self.fd, _BUFFER_BYTES)
        except BlockingIOError:
            return {}
        changed: dict[int, int] = {}
        at = 0
        while at < len(data):
            wd, mask, _, name_length = _EVENT.unpack_from(data, at)
            changed[wd] = changed.get(wd, 0) | mask
            at += _EVENT.size + name_length
        return changed

    def close(self) -> None:
        """Close it, with all its watches."""
        os.close(self.fd)

    def _check(self, result: int, what: str) -> None:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), what)
