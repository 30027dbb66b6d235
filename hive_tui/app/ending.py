"""The end of the dashboard by something else than the person: a signal, a terminal that is gone."""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Callable
from types import FrameType

PATIENCE_S = 5
"""How long it may take to leave in order; a terminal that stops reading could hold it for ever."""

_SIGNALS = (signal.SIGHUP, signal.SIGTERM)


def on_signals(leave: Callable[[int], None]) -> None:
    """Leave in order when a signal says so, and at once when there is no terminal any more.

    Args:
        leave: Gets the exit status. Called in the main thread between any two of its steps.
    """

    def ended(number: int, frame: FrameType | None) -> None:
        if not _terminal_is_there():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        signal.alarm(PATIENCE_S)
        leave(128 + number)

    for number in _SIGNALS:
        signal.signal(number, ended)


def _terminal_is_there() -> bool:
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (OSError, ValueError, termios.error):
        return False
    return True
