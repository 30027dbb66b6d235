"""Keeps a ring filled from the daemon: what follows, pages beside it, and what is looked for.

Every question is a short one, so whoever waits can give up between two of them. Draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hive_tui.app.log_find import nearest
from hive_tui.app.ring import Page, Place, Ring, Window, parse_page
from hive_tui.client.protocol import HiveClient
from hive_tui.model.log_filter import LogFilter

FIRST_LINES = 500
"""Lines that a log is opened with."""
PAGE = 500
"""Lines that are asked for at once."""
_MEGA = 1_000_000


class Looking(msgspec.Struct, frozen=True):
    """How far a look through the logs is."""

    back: bool
    done: int
    of: int
    """Bytes of the visible sources in all."""

    @property
    def words(self) -> str:
        """`312 of 1024 MB`."""
        return f"{self.done // _MEGA} of {-(-self.of // _MEGA)} MB"


class LogFeed:
    """The logs of one env, as one ring is to show them."""

    def __init__(
        self, client: HiveClient, env: str, ring: Ring, changed: Callable[[], None]
    ) -> None:
        """Create it; asks nothing.

        Args:
            client: The way to the daemon.
            env: `project/name`.
            ring: What is kept filled.
            changed: Called when `looking` changed.
        """
        self._client = client
        self._env = env
        self._ring = ring
        self._changed = changed
        self.looking: Looking | None = None
        """The look that is under way."""

    async def follow(
        self,
        sources: tuple[str, ...],
        place: Place | None,
        window: Callable[[], Window | None],
        taken: Callable[[Page], None],
    ) -> None:
        """Append what is written, until it is cancelled or the connection ends.

        Args:
            sources: Whose logs; empty: all.
            place: Where to go on; `None`: begin with the last lines, in place of all there is.
            window: What has to stay, as `Ring.follow` takes it.
            taken: Called with each page once it is in the ring.

        Raises:
            HiveError: The connection ended, or the daemon refused.
        """
        fresh = place is None
        if place is not None:
            self._ring.live = True

        def take(event: Any) -> None:
            nonlocal fresh
            page = parse_page(event)
            if fresh:
                self._ring.clear()
                self._ring.replace(page, live=True)
                fresh = False
            elif self._ring.live:
                self._ring.follow(page, window())
            taken(page)

        lines = 0 if self._ring.wanted or self._ring.hidden else FIRST_LINES
        await self._client.call(
            "logs",
            {
                "env": self._env,
                "sources": list(sources),
                "lines": lines,
                "since": None,
                "grep": None,
                "follow": True,
                "positions": True,
                "from": place,
            },
            take,
        )

    async def older(self, window: Callable[[], Window]) -> None:
        """Bring lines from before the ring's first one; may bring none although there are some."""
        place, wanted, hidden = dict(self._ring.start), self._ring.wanted, self._ring.hidden
        page = await self._ask(place, back=True)
        if (place, wanted, hidden) == (self._ring.start, self._ring.wanted, self._ring.hidden):
            self._ring.prepend(page, window())
            self._progress(back=True, place=page.start)

    async def newer(self, window: Callable[[], Window]) -> bool:
        """Bring lines from after the ring's last one; true where those were all."""
        place, wanted, hidden = dict(self._ring.end), self._ring.wanted, self._ring.hidden
        page = await self._ask(place, back=False)
        if (place, wanted, hidden) != (self._ring.end, self._ring.wanted, self._ring.hidden):
            return False
        self._ring.append(page, window())
        self._progress(back=False, place=page.end)
        return page.complete

    async def around(self, place: Place) -> int:
        """Hold the lines around a place and no others; the number past the last one before it."""
        before = await self._ask(place, back=True)
        behind = await self._ask(place, back=False)
        self._ring.replace(before, behind, live=False)
        return self._ring.first + sum(1 for line in before.lines if self._ring.keeps(line))

    async def refill(self) -> None:
        """Hold again all lines before the live end that are wanted; what comes meanwhile stays."""
        ring, wanted, hidden = self._ring, self._ring.wanted, self._ring.hidden
        before = ring.last
        page = await self._ask(dict(ring.end), back=True)
        if ring.live and (wanted, hidden) == (ring.wanted, ring.hidden):
            since = tuple(ring.shown[max(0, before - ring.first) :])
            ring.replace(page, Page(since, end=dict(ring.end)), live=True)

    async def seek(self, wanted: LogFilter, start: int, direction: int) -> int | None:
        """Number of the nearest line that a filter keeps, wherever in the logs it is.

        The ring holds it then, although for that it may have to let go of all else.

        Args:
            wanted: What the line is to have, beside what all lines of the ring have.
            start: Number; looks at lines before it (-1) or after it (1).
            direction: -1 or 1.
        """
        ring, back = self._ring, direction < 0
        at = nearest(ring.shown, wanted, start - ring.first, direction)
        if at is not None:
            return ring.first + at
        if not ring.pageable or (ring.begins if back else ring.live):
            return None
        both = ring.wanted.joined(wanted)
        place = dict(ring.start if back else ring.end)
        while True:
            self._progress(back=back, place=place)
            page = await self._ask(place, back=back, lines=1, wanted=both)
            if page.lines:
                break
            if page.complete:
                return None
            place.update(page.start if back else page.end)
        await self.around({**place, **page.end})
        return ring.find(page.lines[0].source, page.lines[0].end)

    async def measure(self) -> None:
        """See how long the logs are by now."""
        page = await self._ask(dict(self._ring.end), back=True, lines=0)
        self._ring.high.update(page.high)
        self._ring.low.update(page.low)

    def rest(self) -> None:
        """The look is over."""
        if self.looking is not None:
            self.looking = None
            self._changed()

    async def _ask(
        self,
        place: Place,
        *,
        back: bool,
        lines: int | None = None,
        wanted: LogFilter | None = None,
    ) -> Page:
        sought = self._ring.wanted if wanted is None else wanted
        answer = await self._client.call(
            "logs.page",
            {
                "env": self._env,
                "sources": list(self._ring.visible),
                "at": place,
                "back": back,
                "lines": PAGE if lines is None else lines,
                "wanted": msgspec.to_builtins(sought),
            },
        )
        return parse_page(answer)

    def _progress(self, *, back: bool, place: Place) -> None:
        ring = self._ring
        names = ring.visible
        of = sum(max(0, ring.high.get(name, 0) - ring.low[name]) for name in names)
        ahead = sum(
            max(0, place.get(name, 0) - ring.low[name])
            if back
            else max(0, ring.high.get(name, 0) - place.get(name, 0))
            for name in names
        )
        self.looking = Looking(back, of - ahead, of)
        self._changed()
