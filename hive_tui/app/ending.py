"""The end of the dashboard by something else than the person: a signal, a terminal that is gone."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
import time
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


def end_with_terminal() -> None:
    """End the process soon after its terminal is gone, also where no signal tells it.

    Only the leader of a session gets a hang-up. Whatever else has the terminal open would wait for
    ever to write to it, and be told in every turn of a loop that there is something to read. A
    thread waits for the kernel's word; that costs nothing.
    """
    if sys.platform != "linux":  # elsewhere poll knows no terminals
        return

    def wait() -> None:
        gone = select.poll()
        gone.register(0, 0)
        gone.poll()
        time.sleep(PATIENCE_S)  # who got a signal as well leaves in order
        os._exit(128 + signal.SIGHUP)

    threading.Thread(target=wait, name="terminal", daemon=True).start()


def _terminal_is_there() -> bool:
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (OSError, ValueError, termios.error):
        return False
    return True
