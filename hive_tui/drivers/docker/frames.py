"""Takes apart what the engine sends of a container's output: frames, each with its time. Pure.

Format: the attach stream of the engine's API. Eight bytes (stream, three zeros, length as a big
endian number), then that many bytes; with `timestamps` they begin with RFC 3339 and a space.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEADER = struct.Struct(">BxxxL")


class Frames:
    """What has come so far of one stream."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are complete now, without their headers."""
        return (frame for _, frame in self.told(data))

    def told(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The same, each with its stream: 1 is standard output, 2 is standard error."""
        rest = self._rest
        rest += data
        at, size = 0, _HEADER.size
        while len(rest) - at >= size:
            source, length = _HEADER.unpack_from(rest, at)
            end = at + size + length
            if end > len(rest):
                break
            yield source, bytes(rest[at + size : end])
            at = end
        del rest[:at]


def timed(frame: bytes) -> tuple[bytes, bytes]:
    """When a frame was written, as the engine says it, and what was written."""
    at, _, text = frame.partition(b" ")
    return at, text
