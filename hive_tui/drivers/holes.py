"""Takes the head of a growing file off the disk, so that offsets into the rest stay valid.

The file keeps its length; what is cut reads as NULs.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import sys

PAGE = 4096
_KEEP_SIZE_AND_PUNCH = 0x1 | 0x2
"""FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE of linux/falloc.h."""
_F_PUNCHHOLE = 99
"""sys/fcntl.h of macOS; its argument is `fpunchhole_t`."""


def punch(fd: int, end: int) -> None:
    """Free the blocks before `end`, a multiple of the page size. Loses nothing after it.

    Raises:
        OSError: With EOPNOTSUPP where the filesystem or the system cannot.
    """
    if sys.platform == "darwin":
        fcntl.fcntl(fd, _F_PUNCHHOLE, struct.pack("=IIqq", 0, 0, 0, end))
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "fallocate"):
        raise OSError(errno.EOPNOTSUPP, "this system cannot punch holes")
    offset = ctypes.c_longlong
    if libc.fallocate(fd, _KEEP_SIZE_AND_PUNCH, offset(0), offset(end)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def cut_by_copy(fd: int, end: int) -> None:
    """The same where holes cannot be punched: empty the file and write its tail back in place.

    What somebody writes in the microseconds between the last read and the second truncation is
    lost. On a filesystem without sparse files the disk space is not given back.

    Raises:
        OSError: The disk is full or broken.
    """
    at, parts = end, []
    while part := os.pread(fd, 1024 * 1024, at):
        parts.append(part)
        at += len(part)
    os.ftruncate(fd, 0)
    os.ftruncate(fd, at)
    for part in parts:
        os.pwrite(fd, part, end)
        end += len(part)


def allocated_bytes(stat: os.stat_result) -> int:
    """What a file takes on disk."""
    return stat.st_blocks * 512
