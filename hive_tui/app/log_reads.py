"""What is read for the screen of logs: what follows, and one look beside it, each at its time.

Draws nothing: the window's numbers are the view's, what a key means is the screen's affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textual.screen import Screen
from textual.worker import Worker

from hive_tui.app.lines import safe
from hive_tui.app.log_feed import LogFeed, Looking
from hive_tui.app.log_find import nearest
from hive_tui.app.ring import Page, Place, Ring, Window
from hive_tui.app.widgets.log_view import LogView
from hive_tui.model.errors import HiveError
from hive_tui.model.log_filter import LogFilter

Look = Callable[[], Coroutine[Any, Any, None]]
"""Reads something beside what follows."""


class LogReads:
    """Keeps a ring filled around the window of a view."""

    def __init__(
        self,
        screen: Screen[None],
        view: LogView,
        ring: Ring,
        feed: LogFeed,
        *,
        taken: Callable[[Page], None],
        settled: Callable[[], None],
        rested: Callable[[], None],
    ) -> None:
        """Create it; reads nothing.

        Args:
            screen: Runs the work, and ends it with itself.
            view: Where one looks.
            ring: What is kept filled.
            feed: How it is.
            taken: Called with what followed, once it is in the ring.
            settled: Called when the ring has other lines.
            rested: Called when a look is over.
        """
        self._screen = screen
        self._view = view
        self._ring = ring
        self._feed = feed
        self._taken = taken
        self._settled = settled
        self._rested = rested
        self._sources: tuple[str, ...] = ()
        self._looks = 0
        self._resting = False
        """Whether the person cancelled what was read to fill the window."""
        self.live = asyncio.Event()
        """Set while there is a daemon to ask."""
        self.looking = False
        """Whether something is being read beside what follows."""
        self.searching = False
        """Whether that is for a text or an error."""
        self.given_up: Looking | None = None
        """How far the look was that was given up last, until one moves on."""

    # --- what follows ------------------------------------------------------------------------

    def follow(self, sources: tuple[str, ...]) -> None:
        """Begin with the last lines of these sources, of all where there are none."""
        self._sources = sources
        self.restart()

    def restart(self) -> None:
        """Begin with the last lines, in place of all there is."""
        self._start(None)

    def measure(self) -> None:
        """See how long the logs are by now, where that is not told."""
        if not self._ring.live and self._ring.visible:
            self._begin("measure", self._measured)

    def _start(self, place: Place | None) -> None:
        self._begin("follow", partial(self._follow, place))

    def _begin(self, group: str, work: Look) -> None:
        """Run it in place of what runs in its group."""
        _: Worker[None] = self._screen.run_worker(
            work, group=group, exclusive=True, exit_on_error=False
        )

    async def _follow(self, place: Place | None) -> None:
        """Follow for as long as the screen lives; after a loss, go on where it ended."""
        while True:
            await self.live.wait()
            try:
                await self._feed.follow(self._sources, place, self._held, self._take)
            except HiveError as error:
                if error.code != "disconnected":
                    self._tell(error)
                    return
            self.live.clear()
            place = None if self._view.following else dict(self._ring.end) or None

    def _take(self, page: Page) -> None:
        if not self._ring.live:  # held for long: what follows is read again when one goes there
            self._screen.workers.cancel_group(self._screen, "follow")
        self._taken(page)

    def _window(self) -> Window:
        return self._view.first, self._view.end

    def _held(self) -> Window | None:
        return None if self._view.following else self._window()

    async def _measured(self) -> None:
        try:
            await self._feed.measure()
        except HiveError:
            return  # the next second asks again

    # --- a look beside it --------------------------------------------------------------------

    def seek(self, wanted: LogFilter, direction: int, what: str) -> None:
        """Go to the nearest line that a filter keeps, wherever it is; say where there is none.

        Where it is in memory, one is there when this returns: the next step goes on from it.
        """
        view = self._view
        start = view.end if direction < 0 else view.end - 1
        start = start if view.cursor is None else view.cursor
        number = nearest(self._ring.shown, wanted, start, direction)
        if number is None:
            self._look(partial(self._sought, wanted, direction, what), searching=True)
            return
        self.stop()
        view.show(number)

    def to_place(self, place: Place) -> None:
        """Show the lines before a place."""
        self._look(partial(self._surround, place))

    def to_start(self) -> None:
        """Show the first lines."""
        self._look(partial(self._surround, dict(self._ring.low), start=True))

    def refill(self) -> None:
        """Hold again all lines before the live end that are wanted."""
        self._look(self._refill)

    def fill(self) -> None:
        """See to it that there is more to scroll to."""
        if self._lacks() and not self.looking:
            self._look(self._fill)

    def wake(self) -> None:
        """Fill the window again although that was cancelled: one looks elsewhere now."""
        self._resting = False
        self.given_up = None

    def give_up(self) -> None:
        """Stop because the person wants it, and leave the window as full as it is."""
        self.given_up = self._feed.looking
        self._resting = True
        self.stop()

    def stop(self) -> None:
        """End the look."""
        self._looks += 1
        self._screen.workers.cancel_group(self._screen, "look")
        self._rest()

    def _look(self, look: Look, *, searching: bool = False) -> None:
        """Read something beside what follows, in place of what is being read."""
        self.searching = searching
        self.given_up = None
        self._looks += 1
        self.looking = True
        self._begin("look", partial(self._looked, look, self._looks))

    async def _looked(self, look: Look, number: int) -> None:
        try:
            await look()
        except HiveError as error:
            self._resting = True
            if error.code != "disconnected":
                self._tell(error)
        if number == self._looks:  # else another one has taken its place
            self._rest()
            self.fill()

    def _rest(self) -> None:
        self.looking = self.searching = False
        self._feed.rest()
        self._rested()

    def _settle(self) -> None:
        """The ring has other lines."""
        if not self._ring.live and not self._view.following:
            self._screen.workers.cancel_group(self._screen, "follow")
        self._settled()

    async def _sought(self, wanted: LogFilter, direction: int, what: str) -> None:
        number = await self._feed.seek(wanted, direction)
        if number is None:
            side = "above" if direction < 0 else "below"
            self._screen.notify(f"no {what} {side}", markup=False, timeout=3)
            return
        self._settle()
        self._view.show(number)

    async def _surround(self, place: Place, *, start: bool = False) -> None:
        end = await self._feed.around(place)
        self._settle()
        self._view.put(end)
        if start:
            self._view.to_start()

    async def _refill(self) -> None:
        await self._feed.refill()
        self._settle()

    async def _fill(self) -> None:
        """Read until there is enough above and below the window."""
        while lack := self._lacks():
            if lack < 0:
                await self._feed.older(self._window)
            elif await self._feed.newer(self._window):
                self._start(dict(self._ring.end))
                self._ring.live = True
            self._settle()

    def _lacks(self) -> int:
        """Where there is too little beside the window: -1 above, 1 below, 0 nowhere."""
        ring, view = self._ring, self._view
        if self._resting or not ring.visible:
            return 0
        near = 2 * view.size.height
        if not ring.begins and view.first - ring.first < near:
            return -1
        below = not (ring.live or view.following)
        return 1 if below and view.behind < near else 0

    def _tell(self, error: HiveError) -> None:
        self._screen.notify(safe(error.message), severity="error", markup=False, timeout=10)
