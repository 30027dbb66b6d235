"""Which host of terminals a home has: tmux where it can be used, else plain ones."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from hive_tui.drivers.terminals.plain import PlainTerminals
from hive_tui.drivers.terminals.tmux import TmuxTerminals
from hive_tui.engine.agents.protocols import TerminalHost
from hive_tui.engine.protocols import Processes
from hive_tui.model.errors import UsageError
from hive_tui.model.home import Home

VARIABLE = "HIVE_TERMINALS"
"""Chooses `tmux` or `pty` where it should not be found out."""


def choose(home: Home, processes: Processes, environ: Mapping[str, str]) -> TerminalHost:
    """The host of a home. Windows that run decide: nobody's are left behind.

    Args:
        home: Whose terminals they are.
        processes: Of this machine.
        environ: Environment of the daemon.

    Raises:
        UsageError: There is no host of the name that was chosen.
    """
    wanted = environ.get(VARIABLE, "")
    if wanted not in ("", "tmux", "pty"):
        raise UsageError(f"{VARIABLE} is {wanted!r}", hint="`tmux` or `pty`; or leave it away")
    if not wanted:
        held = home.terminals.is_dir() and any(os.scandir(home.terminals))
        found = shutil.which("tmux", path=environ.get("PATH")) is not None
        wanted = "pty" if held or not found else "tmux"
    if wanted == "pty":
        return PlainTerminals(home.terminals, home.socket.parent, processes)
    return TmuxTerminals(home.tmux, processes, environ)
