"""What is said between the holder of a plain terminal, the daemon and whoever looks at it.

A frame is a letter, four bytes of length and that much payload.
"""

from __future__ import annotations

import asyncio
import struct

import msgspec

HEAD = struct.Struct(">cI")
MAX_BYTES = 64 * 1024 * 1024

# to the holder
INPUT, PASTE, SIZE, PICTURE, LOOK, QUIT = b"I", b"P", b"W", b"S", b"L", b"Q"
"""Bytes for the program; a text to be pasted; `Size`; asks for a `Picture`; the sender is a
person's terminal of that `Size`, and gets `OUTPUT` from now on; the window is to go."""

# from the holder
VIEW, OUTPUT = b"V", b"O"
"""How the window is, as `View`, told as it changes; what the program prints."""


class Spec(msgspec.Struct, frozen=True):
    """A window that a holder is to hold. Also what lies in the home's folder while it does."""

    env_uid: str
    window: str
    run_id: str
    socket: str
    argv: tuple[str, ...] = ()
    cwd: str = "/"
    env: dict[str, str] = {}
    size: tuple[int, int] = (160, 48)
    pid: int = 0
    """Of the program."""


class Size(msgspec.Struct, frozen=True):
    """Of a terminal, in cells."""

    columns: int
    rows: int


class View(msgspec.Struct, frozen=True):
    """How a window is."""

    pid: int
    title: str = ""
    command: str = ""
    dead: bool = False
    exit_code: int | None = None
    active_at: float = 0.0
    attached: int = 0


class Picture(msgspec.Struct, frozen=True):
    """What a window shows."""

    lines: tuple[bytes, ...]
    cursor: tuple[int, int] | None


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    """One frame."""
    return HEAD.pack(kind, len(payload)) + payload


def encode(kind: bytes, value: msgspec.Struct) -> bytes:
    """A frame with a value."""
    return frame(kind, msgspec.json.encode(value))


async def read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next frame.

    Raises:
        EOFError: The other side is gone, or talks nonsense.
    """
    try:
        kind, length = HEAD.unpack(await reader.readexactly(HEAD.size))
        if length > MAX_BYTES:
            raise EOFError
        return kind, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        raise EOFError from None
