"""The lock that makes a home's daemon the only one. The kernel releases it when the daemon dies."""

from __future__ import annotations

import fcntl
import os

from hive_tui.model.errors import HiveError
from hive_tui.model.home import Home


class Lock:
    """The home's lock, held until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let another daemon take the home; again is fine."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def acquire(home: Home) -> Lock | None:
    """Take the home's lock; `None` where another process holds it.

    The file is written (the holder's pid, for people) only once it is held.

    Raises:
        HiveError: The home's folder cannot be written.
    """
    try:
        home.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HiveError(
            f"cannot write to {home.state}: {error.strerror}",
            hint="set HIVE_HOME to a folder of your own",
            code="state_readonly",
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        os.close(descriptor)
        raise HiveError(
            f"cannot lock {home.lock}: {error.strerror}",
            hint="the home has to lie on a local filesystem with free space",
            code="state_readonly",
        ) from None
    return Lock(descriptor)


def holder(home: Home) -> str:
    """The pid that the lock's holder wrote, for messages; "" where there is none."""
    try:
        return home.lock.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
