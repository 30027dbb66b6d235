"""One shared scan of listening sockets for everything that waits for a port.

It decides when to look, not what a listening port means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from hive_tui.engine.protocols import Clock, Listener, Listening

DENSE_S = 0.004
"""Between two scans while something is likely to become ready."""
SPARSE_S = 0.02
"""Between two scans otherwise."""
YOUNG_S = 3.0
"""What waits for less than this is likely to become ready."""
FEW = 4
"""So few waits are always scanned densely."""
NEAR_FRACTION = 0.2
NEAR_S = 0.5
"""A wait is near its expected time within the larger of the two."""
LOAD = 0.2
"""Share of a processor that scanning may take."""

Table = Callable[[], Mapping[int, tuple[Listener, ...]]]
"""Reads the listening sockets of one place: of this machine, or of a container."""

Seen = Callable[[tuple[Listener, ...], float], None]
"""Gets the sockets that listen on the port, and how late they are seen: best estimate, seconds."""


def interval_s(waits: Iterable[tuple[float, float | None]], cost_s: float) -> float:
    """Time until the next scan.

    Args:
        waits: For each wait how long it lasts, and how long it was expected to last.
        cost_s: What a scan takes: the interval never makes it more than a fifth of a processor.
    """
    pending = tuple(waits)
    dense = len(pending) <= FEW or any(_likely(age, expected) for age, expected in pending)
    return max(DENSE_S if dense else SPARSE_S, cost_s / LOAD)


def _likely(age_s: float, expected_s: float | None) -> bool:
    if age_s < YOUNG_S:
        return True
    return expected_s is not None and abs(age_s - expected_s) < max(
        NEAR_S, NEAR_FRACTION * expected_s
    )


class _Wait:
    """One wait for a port."""

    __slots__ = ("absent_at", "began", "expected_s", "port", "seen", "table")

    def __init__(
        self, port: int, began: float, expected_s: float | None, seen: Seen, table: Table
    ) -> None:
        self.port = port
        self.began = began
        self.expected_s = expected_s
        self.seen = seen
        self.table = table
        self.absent_at: float | None = None


class PortScan:
    """Scans while something waits, and does nothing at all otherwise."""

    def __init__(self, listening: Listening, clock: Clock) -> None:
        self._listening = listening
        self._clock = clock
        self._waits: set[_Wait] = set()
        self._timer: asyncio.Handle | None = None
        self._machine: Table = listening.scan

    def watch(
        self, port: int, expected_s: float | None, seen: Seen, table: Table | None = None
    ) -> Callable[[], None]:
        """Call `seen` after each scan in which the port is listened on; returns the stop.

        The first scan comes in the next turn of the running loop.

        Args:
            port: The port.
            expected_s: How long it took lately; `None` where that is unknown.
            seen: Gets the sockets.
            table: Where to look; `None` for this machine, which is read once for all waits.
        """
        wait = _Wait(port, self._clock.monotonic(), expected_s, seen, table or self._machine)
        self._waits.add(wait)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_soon(self._tick)

        def stop() -> None:
            self._waits.discard(wait)
            if not self._waits and self._timer is not None:
                self._timer.cancel()
                self._timer = None

        return stop

    def now(self, port: int) -> tuple[Listener, ...]:
        """The sockets that listen on the port at this moment; empty where that is unknown."""
        try:
            return self._listening.scan().get(port, ())
        except OSError:
            return ()

    def _tick(self) -> None:
        began = self._clock.monotonic()
        found = {table: _read(table) for table in {wait.table for wait in self._waits}}
        now = self._clock.monotonic()
        for wait in tuple(self._waits):
            if listeners := found[wait.table].get(wait.port):
                wait.seen(listeners, 0.0 if wait.absent_at is None else (now - wait.absent_at) / 2)
            else:
                wait.absent_at = now
        if not self._waits:
            self._timer = None
            return
        pause = interval_s(((now - w.began, w.expected_s) for w in self._waits), now - began)
        self._timer = asyncio.get_running_loop().call_later(pause, self._tick)


def _read(table: Table) -> Mapping[int, tuple[Listener, ...]]:
    try:
        return table()
    except OSError:  # no descriptors or memory at the moment: the next scan may have them
        return {}
