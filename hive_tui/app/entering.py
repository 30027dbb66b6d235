"""Into a window of an env's terminal session, and back to the dashboard."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence

from textual.app import App

from hive_tui.app.handover import hand_over
from hive_tui.client.attaching import takes_over, ways
from hive_tui.model.errors import HiveError


async def enter(
    app: App[None], command: Sequence[str], *, cwd: str, environ: Mapping[str, str], name: str
) -> None:
    """Show a window until the person comes back.

    Inside a tmux it is shown over the dashboard, which goes on beneath; else it gets the
    dashboard's terminal.

    Args:
        app: Whose terminal it is.
        command: What shows the window in a terminal.
        cwd: Folder that is there.
        environ: The person's environment.
        name: What is gone into, for a line before it shows.

    Raises:
        SuspendNotSupported: The dashboard has no terminal to give.
        OSError: The command cannot be run.
        HiveError: It failed at once.
    """
    found = ways(command, environ)
    if takes_over(environ):
        greeting = f"hive: {name}; F12 comes back"
        await hand_over(app, found[0], cwd=cwd, env=dict(environ), greeting=greeting)
        return
    said = ""
    for way in found:
        process = await asyncio.create_subprocess_exec(
            *way, env=environ, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
        )
        said = (await process.communicate())[1].decode("utf-8", "replace").strip()
        if process.returncode == 0:
            return
    raise HiveError(f"tmux shows no window: {said}", hint="`hive open` in a terminal beside it")


def folder() -> str:
    """A folder that is there for certain."""
    return os.path.expanduser("~") if os.path.isdir(os.path.expanduser("~")) else "/"
