"""The daemon's first moments: leave the caller's session, take the home's lock, say it serves.

Imports little, so that a daemon that comes second ends before it has loaded anything.
"""

from __future__ import annotations

import json
import os
import socket
import time

from hive_tui.daemon.locking import Lock, acquire, holder
from hive_tui.model.errors import HiveError, to_wire
from hive_tui.model.framing import READY_FD
from hive_tui.model.home import Home

_POLL_S = 0.02


def begin(home: Home, *, timeout_s: float = 10.0) -> Lock | None:
    """Detach where a client waits on the pipe, and take the home's lock.

    While another process holds the lock (a daemon that starts, serves, or is about to end), wait
    until it serves or is gone. Call it before any thread exists and before any heavy import.

    Returns:
        The lock, or `None` where another daemon serves and the client has been told so: the
        process should then end with status 0.

    Raises:
        HiveError: The lock cannot be taken, or its holder does not serve within `timeout_s`.
    """
    _detach()
    deadline = time.monotonic() + timeout_s
    while (lock := acquire(home)) is None:
        if _answers(home):
            signal_ready(None)
            return None
        if time.monotonic() > deadline:
            pid = holder(home)
            raise HiveError(
                f"another daemon (pid {pid}) holds {home.lock} and does not serve",
                hint=f"`kill {pid}`, then try again; services go on",
                code="daemon_stuck",
            )
        time.sleep(_POLL_S)
    return lock


def signal_ready(error: HiveError | None) -> None:
    """Tell the client that waits for this daemon that it serves, or why it cannot; once.

    Does nothing where no client waits.
    """
    if (number := os.environ.pop(READY_FD, None)) is None:
        return
    line = "ok" if error is None else json.dumps(to_wire(error))
    try:
        os.write(int(number), line.encode() + b"\n")
        os.close(int(number))
    except OSError:
        return  # the client is gone, and with it the wish to know


def _detach() -> None:
    """Go on in a child, so that the client's wait ends and the daemon never leads a session."""
    if (number := os.environ.get(READY_FD)) is None:
        return
    os.set_inheritable(int(number), False)
    if os.fork():
        os._exit(0)


def _answers(home: Home) -> bool:
    """True where somebody listens on the home's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(1.0)
        try:
            link.connect(str(home.socket))
        except OSError:
            return False
        return True
