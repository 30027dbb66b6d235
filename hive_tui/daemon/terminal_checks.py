"""What `hive doctor` says of terminals: what holds them, and what is lost without tmux."""

from __future__ import annotations

from typing import Any

from hive_tui.engine.terminals import Terminals

_LOST = (
    "terminals work without tmux, with less: a window takes the whole terminal instead of a popup, "
    "`hive open` shows one window and does not scroll back, and two persons cannot look at one"
)


def rows(terminals: Terminals) -> list[dict[str, Any]]:
    """The state of the terminals, and windows that belong to no env."""
    if terminals.problem is not None:
        message, hint = terminals.problem.message, terminals.problem.hint
        return [{"name": "terminals", "ok": False, "message": message, "hint": hint}]
    strays = sorted({view.env_uid for view in terminals.strays()})
    message = terminals.host.version
    if terminals.host.name != "tmux":
        message += f"; {_LOST}; to have all of it install tmux 3.2 or newer, then `hive stop` "
        message += "what runs and `hive daemon stop`"
    found: list[dict[str, Any]] = [
        {"name": "terminals", "ok": True, "message": message, "hint": None}
    ]
    if strays:
        found.append(
            {
                "name": "terminals of nobody",
                "ok": False,
                "message": f"windows run for envs that are gone: {', '.join(strays)}",
                "hint": "`hive gc` ends them",
            }
        )
    return found
