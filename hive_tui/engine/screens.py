"""What windows show, for those who look: fetched only meanwhile, and told only as it changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from hive_tui.engine.agents.protocols import Screen, TerminalHost
from hive_tui.model.errors import HiveError

TICK_S = 0.25
"""Shortest time between two pictures of a window."""

STILL_TICKS = 8
"""After how many equal pictures a window is looked at less often."""

STILL_EVERY = 4
"""How often that is, in ticks."""


@dataclass(eq=False)
class _Watched:
    """A window that somebody looks at."""

    followers: set[asyncio.Event] = field(default_factory=set)
    screen: Screen | None = None
    equal: int = 0
    """Pictures in a row that were the same."""
    gone: HiveError | None = None

    def tell(self) -> None:
        for follower in self.followers:
            follower.set()


class Screens:
    """Looks at each window that is followed once a tick, for all who follow it."""

    def __init__(self, host: TerminalHost) -> None:
        self._host = host
        self._watched: dict[tuple[str, str], _Watched] = {}
        self._ticking: asyncio.Task[None] | None = None

    async def follow(self, env_uid: str, window: str) -> AsyncIterator[Screen]:
        """What the window shows, now and whenever that has changed; a slow reader skips pictures.

        Raises:
            HiveError: The window is gone.
        """
        key = env_uid, window
        watched = self._watched.setdefault(key, _Watched())
        mine = asyncio.Event()
        if watched.screen is not None:
            mine.set()
        watched.followers.add(mine)
        if self._ticking is None:
            self._ticking = asyncio.ensure_future(self._tick())
        try:
            while True:
                await mine.wait()
                mine.clear()
                if watched.gone is not None:
                    raise watched.gone
                if watched.screen is not None:
                    yield watched.screen
        finally:
            watched.followers.discard(mine)
            if not watched.followers:
                self._watched.pop(key, None)

    async def close(self) -> None:
        """Look no more."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    async def _tick(self) -> None:
        number = 0
        with contextlib.suppress(asyncio.CancelledError):
            while self._watched:
                due = [
                    self._look(key, watched)
                    for key, watched in self._watched.items()
                    if watched.equal < STILL_TICKS or number % STILL_EVERY == 0
                ]
                await asyncio.gather(*due)
                await asyncio.sleep(TICK_S)
                number += 1
        self._ticking = None

    async def _look(self, key: tuple[str, str], watched: _Watched) -> None:
        try:
            screen = await self._host.screen(*key)
        except HiveError as error:
            watched.gone = error
            watched.tell()
            return
        if screen == watched.screen:
            watched.equal += 1
            return
        watched.screen, watched.equal = screen, 0
        watched.tell()
