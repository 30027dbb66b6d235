"""Holds agents at the end of a turn while the daemon looks at their work, and lets them go.

A hook that may wait opens the pipe `gate` of its env's folder first. Nobody reads what is in it: it
tells whether there is a daemon that wants to be waited for, and it tells at once when that daemon
ends, in whatever way (see `hook.py`).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hive_tui.drivers.agents.hook import GATE
from hive_tui.drivers.agents.sources import write_pipe


class PipeGates:
    """Implements `Gates`."""

    def __init__(self, folder: Path) -> None:
        """Create it; all are shut.

        Args:
            folder: Holds a folder per env uid.
        """
        self._folder = folder
        self._open: dict[str, int] = {}

    def open(self, env_uid: str) -> None:
        """Let hooks of an env wait from now on; they do not where the disk refuses."""
        if env_uid in self._open:
            return
        path = self._folder / env_uid / GATE
        with contextlib.suppress(OSError):
            for folder in (self._folder, path.parent):
                folder.mkdir(0o700, parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            os.mkfifo(path, 0o600)
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
            self._open[env_uid] = os.open(path, flags)

    def shut(self, env_uid: str) -> None:
        """Let none wait; those that do go on."""
        fd = self._open.pop(env_uid, None)
        if fd is not None:
            with contextlib.suppress(OSError):
                (self._folder / env_uid / GATE).unlink()
            os.close(fd)

    def waits(self, env_uid: str, pipe: str) -> bool:
        """Whether the hook of a pipe still waits."""
        if not pipe.startswith("ask-") or "/" in pipe:
            return False
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            os.close(os.open(self._folder / env_uid / pipe, flags))
        except OSError:
            return False
        return True

    def answer(self, env_uid: str, pipe: str, body: str) -> bool:
        """Let the hook of a pipe print something and go; False where it waits no more."""
        return write_pipe(self._folder / env_uid, pipe, body + "\n")

    def close(self) -> None:
        """Shut all."""
        for env_uid in tuple(self._open):
            self.shut(env_uid)
