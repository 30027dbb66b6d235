"""By which means a desktop is told: a program of the platform, or a sequence of the terminal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence

from hive_tui.app.lines import safe
from hive_tui.app.notifying.policy import Call

_LONGEST = 300
_PATIENCE_S = 5.0
"""How long a program may take to tell."""

_SCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)

_OSC_9 = frozenset({"iTerm.app", "WezTerm", "ghostty", "vscode"})
"""Terminals, by `TERM_PROGRAM`, that take OSC 9."""

_OSC_777 = ("rxvt", "foot", "contour")
"""Beginnings of `TERM` of terminals that take OSC 777."""


def program(
    call: Call,
    environ: Mapping[str, str],
    which: Callable[[str], str | None],
    platform: str = sys.platform,
) -> Sequence[str] | None:
    """The command that tells the desktop here; `None` where the terminal has to.

    Over ssh the desktop is elsewhere.

    Args:
        call: What to tell.
        environ: Of the dashboard.
        which: Finds a program, as `shutil.which`.
        platform: As `sys.platform`.
    """
    title, body = safe(call.title)[:_LONGEST], safe(call.body)[:_LONGEST]
    if environ.get("SSH_CONNECTION"):
        return None
    if platform == "darwin" and (found := which("osascript")):
        return [found, *(part for line in _SCRIPT for part in ("-e", line)), title, body]
    desktop = any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if desktop and (found := which("notify-send")):
        return [found, "--app-name=hive", "--", title, body]
    return None


def sequence(call: Call, environ: Mapping[str, str]) -> str:
    """What makes the terminal tell it; "" for one that is not known to.

    Inside tmux it would not get through, and elsewhere an unknown sequence might be shown.
    """
    title, body = safe(call.title)[:_LONGEST], safe(call.body)[:_LONGEST]
    term = environ.get("TERM", "")
    if environ.get("TMUX") or environ.get("STY"):
        return ""
    if environ.get("TERM_PROGRAM") in _OSC_9 or term.startswith("xterm-kitty"):
        return f"\x1b]9;{title}: {body}\x1b\\"
    if term.startswith(_OSC_777):
        plain = title.replace(";", ","), body.replace(";", ",")
        return f"\x1b]777;notify;{plain[0]};{plain[1]}\x1b\\"
    return ""


async def run(command: Sequence[str]) -> bool:
    """Whether the program told it; one that hangs is ended."""
    quiet = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=quiet, stdout=quiet, stderr=quiet
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await process.wait() == 0
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
