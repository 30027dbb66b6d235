"""Looks until one run of a service is ready, also after the time for it is over.

Whether it is ready is for others to say; it only asks again, ever more rarely.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
"""Pause between two looks, doubled each time."""


class ReadyWatch:
    """The looks of one run. Needs the running loop."""

    def __init__(
        self,
        look: Callable[[], Awaitable[float]],
        *,
        lives: Callable[[], bool],
        reached: Callable[[float], None],
        missed: Callable[[HiveError], None],
    ) -> None:
        """Begin to look.

        Args:
            look: Waits until it is ready and returns how late that was seen in seconds; raises
                HiveError where the time is over or the run has ended.
            lives: False once the run has ended: then nobody is told and nothing looked for.
            reached: Told once, how late.
            missed: Told after every look that failed.
        """
        self._look = look
        self._lives = lives
        self._reached = reached
        self._missed = missed
        self._at_once = asyncio.Event()
        self._task = asyncio.create_task(self._until_ready())
        self._task.add_done_callback(self._over)

    def look_at_once(self) -> None:
        """Somebody waits: end the pause."""
        self._at_once.set()

    def cancel(self) -> asyncio.Task[None]:
        """Look no more; returns what ends soon."""
        self._task.cancel()
        return self._task

    async def _until_ready(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                late_s = await self._look()
            except HiveError as error:
                if not self._lives():
                    return
                self._missed(error)
            else:
                self._reached(late_s)
                return
            self._at_once.clear()
            try:
                await asyncio.wait_for(self._at_once.wait(), pause_s)
            except TimeoutError:
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _over(self, task: asyncio.Task[None]) -> None:
        """Nobody shall wait for ever because of a bug in what looks."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("looking for readiness broke", exc_info=error)
            self._missed(HiveError(f"looking for readiness broke: {error!r}", code="internal"))
