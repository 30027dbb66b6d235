"""Tells whether anybody listens behind a published port, where nobody can look inside."""

from __future__ import annotations

import asyncio

CONNECT_S = 1.0
HANG_UP_S = 0.1
"""A proxy without anybody behind it hangs up within this time."""


async def keeps_open(port: int) -> bool:
    """Whether a connection to the port stays open for a moment, or brings something."""
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        async with asyncio.timeout(HANG_UP_S):
            return bool(await reader.read(1))
    except TimeoutError:
        return True
    except OSError:
        return False
    finally:
        writer.close()
