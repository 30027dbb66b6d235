"""What the dashboard wants of the process that it has to itself: to paint at once, without pauses.

Two facts, measured. Textual paints a second change only when its frame has passed, by default
17 ms later: the foot that answers a key waited that long for the log that it stood below. And a
full sweep of memory walks over a hundred thousand objects of the libraries that never go away: 30
to 60 ms, every second or two under load.
"""

from __future__ import annotations

import gc
import os

FPS = 240
"""Most paintings a second. How many there are is decided by what changes: see `bridge`."""

_FPS_NAME = "TEXTUAL_FPS"


def begin() -> None:
    """Before Textual is first imported: nothing is swept while the dashboard starts.

    A person's own `TEXTUAL_FPS` counts more than ours; ours is not left to the programs that are
    started from the dashboard.
    """
    gc.disable()
    own = _FPS_NAME in os.environ
    os.environ.setdefault(_FPS_NAME, str(FPS))
    import textual.constants  # noqa: F401  # reads the variable, once

    if not own:
        del os.environ[_FPS_NAME]


def settle() -> None:
    """Once the dashboard is shown: what is there now stays, and is never swept again."""
    gc.freeze()
    gc.enable()
