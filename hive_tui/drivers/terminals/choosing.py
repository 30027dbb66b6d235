"""Which host of terminals a home has: tmux where it can be used."""

from __future__ import annotations

from collections.abc import Mapping

from hive_tui.drivers.terminals.tmux import TmuxTerminals
from hive_tui.engine.agents.protocols import TerminalHost
from hive_tui.engine.protocols import Processes
from hive_tui.model.home import Home


def choose(home: Home, processes: Processes, environ: Mapping[str, str]) -> TerminalHost:
    """The host of a home.

    Args:
        home: Whose terminals they are.
        processes: Of this machine.
        environ: Environment of the daemon.
    """
    return TmuxTerminals(home.tmux, processes, environ)
