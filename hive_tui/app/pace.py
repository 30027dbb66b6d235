"""What the dashboard wants of the process that it has to itself: to paint at once, without pauses.

Two facts, measured. Textual paints a second change only when its frame has passed, by default
17 ms later: the foot that answers a key waited that long for the log that it stood below. And a
full sweep of memory walks over every object that is there, a hundred thousand of them parts of the
libraries that never go away: 30 to 60 ms, every second or two under load.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable

FPS = 240
"""Most paintings a second. How many there are is decided by what changes: see `bridge`."""

QUIET_S = 1.0
"""So long after the last key nobody waits for an answer, in seconds."""

SOME, MANY = 10, 100
"""So many sweeps of what is young make a full one worth its while: when nobody waits, and anyway.

Textual's strips hold themselves, so under load there is always something to be found.
"""

_NEVER = 1_000_000
"""So many sweeps of what is young before one of everything, unless it is asked for."""

_FPS_NAME = "TEXTUAL_FPS"


class Pace:
    """Keeps full sweeps of memory out of the way of the person."""

    def __init__(
        self,
        *,
        sweep: Callable[[], object] = gc.collect,
        grown: Callable[[], int] = lambda: gc.get_count()[2],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take over the process, before Textual is first imported.

        A person's own `TEXTUAL_FPS` counts more than ours; ours is not left to the programs that
        are started from the dashboard.

        Args:
            sweep: Looks for garbage among everything that is not there for good.
            grown: Sweeps of what is young since the last full one.
            clock: Seconds, from any moment on.
        """
        self._sweep = sweep
        self._grown = grown
        self._clock = clock
        self._touched_at = clock()
        gc.disable()
        own = _FPS_NAME in os.environ
        os.environ.setdefault(_FPS_NAME, str(FPS))
        import textual.constants  # noqa: F401  # reads the variable, once

        if not own:
            del os.environ[_FPS_NAME]

    def settle(self) -> None:
        """Once the dashboard is shown: what is there now stays, and is never swept again."""
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], _NEVER)
        gc.enable()

    def touch(self) -> None:
        """The person did something, and waits for the answer."""
        self._touched_at = self._clock()

    def rest(self) -> None:
        """Called now and then: sweeps if it is worth its while, and nobody waits."""
        quiet = self._clock() - self._touched_at >= QUIET_S
        if self._grown() >= (SOME if quiet else MANY):
            self._sweep()
