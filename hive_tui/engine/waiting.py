"""One wait for a service to get ready, and how its probes ask again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hive_tui.engine.protocols import Clock, Identity

EXEC_PAUSES_S = 0.05, 0.25
"""Pause between two runs of a command: the first one, and what it grows to."""
_GROWTH = 1.5


class Wait:
    """What one wait is about, and what it saw last."""

    def __init__(
        self,
        env_uid: str,
        source: str,
        value: str,
        identity: Identity | None,
        expected_s: float | None,
    ) -> None:
        """Begin to wait; `identity` is `None` for a container."""
        self.env_uid = env_uid
        self.source = source
        self.value = value
        self.identity = identity
        self.expected_s = expected_s
        self.port: int | None = None
        self.missing = "nothing was seen yet"
        """Said when the time is over."""


async def poll(
    look: Callable[[], Awaitable[bool]], clock: Clock, pauses_s: tuple[float, float]
) -> float:
    """Look until it is so.

    Args:
        look: One look.
        clock: For how late it is seen.
        pauses_s: Between two looks: the first one, and what it grows to.

    Returns:
        For how many seconds it was so before that was seen: best estimate. 0 at the first look.
    """
    (pause_s, longest_s), late_s = pauses_s, 0.0
    while True:
        asked = clock.monotonic()
        if await look():
            return late_s
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * _GROWTH, longest_s)
        late_s = (clock.monotonic() - asked) / 2
