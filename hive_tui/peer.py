"""Who is at the other end of a Unix socket. Both sides ask, each of the other."""

from __future__ import annotations

import socket
import struct
from typing import Protocol

_LOCAL_PEERCRED = 0x001
"""macOS and the BSDs, at level 0: `struct xucred`, of which the second word is the user id."""


class HasOptions(Protocol):
    """A socket, or asyncio's view of one."""

    def getsockopt(self, level: int, option: int, buflen: int, /) -> bytes: ...


def peer_uid(connection: HasOptions) -> int | None:
    """User id of the process that made the other end; `None` where the system cannot tell."""
    try:
        if hasattr(socket, "SO_PEERCRED"):
            size = struct.calcsize("3i")
            data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
            return int(struct.unpack("iII", data)[1])
        data = connection.getsockopt(0, _LOCAL_PEERCRED, 76)
        return int(struct.unpack_from("II", data)[1])
    except OSError:
        return None
