"""What belongs to a program in a terminal, and its end: it and all that it started."""

from __future__ import annotations

import asyncio
import secrets
import signal

from hive_tui.engine.protocols import Identity, Processes

GRACE_S = 3.0
"""How long programs may take to end of a hang-up before they are killed."""

_LOOK_S = 0.02


def new_run_id() -> str:
    """Marks a program in a terminal and all that it starts.

    It is no id of a run of services, which a new daemon looks for.
    """
    return f"window-{secrets.token_hex(8)}"


async def end(processes: Processes, pid: int, run_id: str) -> None:
    """Hang up on a program and all that it started, and kill who stays.

    Args:
        processes: Of this machine.
        pid: The program, which leads a session; it may have ended.
        run_id: `HIVE_RUN_ID` of all of them.

    Raises:
        HiveError: Somebody cannot even be killed.
    """
    boot, _, ticks = (processes.birth(pid) or "").rpartition(".")
    boot = boot or (processes.birth(1) or "").rpartition(".")[0]
    identity = Identity(pid=pid, start_ticks=int(ticks or 0), boot_id=boot, run_id=run_id)
    processes.signal(identity, signal.SIGHUP)
    processes.signal(identity, signal.SIGCONT)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GRACE_S
    while processes.members(identity) and loop.time() < deadline:  # noqa: ASYNC110 - no events
        await asyncio.sleep(_LOOK_S)
    await processes.stop(identity, signal.SIGKILL, 0.0)
