"""The tmux of this machine: where it is, whether it is new enough, how its server is set up."""

from __future__ import annotations

import asyncio
import curses
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from hive_tui.drivers.terminals.control import quote
from hive_tui.model.errors import HiveError

OLDEST = (3, 2)
"""The first whose connections can be told of titles without asking, and left alone by output."""

HISTORY_LINES = 10_000
"""Of each window, at about 1 kB a line at the most."""

HINT = "install tmux 3.2 or newer, then `hive daemon stop`"

_VERSION = re.compile(r"(\d+)\.(\d+)")

_OPTIONS = {
    "exit-empty": "off",
    "escape-time": "10",
    "focus-events": "on",
    "set-clipboard": "off",
    "extended-keys": "on",
    "buffer-limit": "50",
}
"""Of the server."""

_GLOBAL = {
    "mouse": "on",
    "history-limit": str(HISTORY_LINES),
    "update-environment": "",
    "destroy-unattached": "off",
    "detach-on-destroy": "on",
    "set-titles": "off",
    "bell-action": "any",
    "status-interval": "0",
    "status-style": "bg=default,fg=default",
    "status-left": (
        "#[bold] #{@hive_label} #[default]#{?pane_dead,#[reverse] ended "
        "#{?pane_dead_signal,by signal #{pane_dead_signal},with #{pane_dead_status}} #[default] ,}"
    ),
    "status-left-length": "60",
    "status-right": "F12 or C-b d: back ",
    "status-right-length": "40",
    # windows and panes
    "allow-passthrough": "off",
    "allow-rename": "off",
    "automatic-rename": "off",
    "aggressive-resize": "on",
    "window-size": "latest",
    "remain-on-exit": "on",
    "remain-on-exit-format": "",  # it would push the first line off the screen
    "monitor-activity": "off",
    "monitor-bell": "on",
}
"""Of all sessions, windows and panes."""

_PASTE = "if-shell -F '#{pane_dead}' { } { paste-buffer -p }"
"""tmux 3.3 dies, with all its windows, of a paste into a program that has ended."""

_MIDDLE = "if-shell -F '#{||:#{pane_in_mode},#{mouse_any_flag}}' { send-keys -M }"

_BINDINGS = (
    "bind-key -n F12 detach-client",
    f"bind-key ] {_PASTE}",
    f"bind-key -n MouseDown2Pane {_MIDDLE} {{ {_PASTE} }}",
)


class Tmux(NamedTuple):
    """A tmux that can be used."""

    path: str
    version: str


async def find(path: str | None) -> Tmux:
    """Look for tmux in the folders of a `PATH`.

    Raises:
        HiveError: There is none, or it is too old.
    """
    found = shutil.which("tmux", path=path)
    if found is None:
        raise HiveError("there is no tmux on the daemon's PATH", hint=HINT, code="no_tmux")
    process = await asyncio.create_subprocess_exec(found, "-V", stdout=PIPE, stderr=DEVNULL)
    said = (await process.communicate())[0].decode("utf-8", "replace").strip()
    version = said.removeprefix("tmux ") or "of an unknown version"
    if not new_enough(version):
        raise HiveError(f"tmux {version} is too old", hint=HINT, code="old_tmux")
    return Tmux(found, version)


def new_enough(version: str) -> bool:
    """Whether a version as tmux tells it (`3.3a`, `next-3.6`) can be used; unnumbered ones can."""
    numbers = _VERSION.search(version)
    if version.startswith("openbsd") or numbers is None:
        return version in ("master",) or version.startswith("openbsd")
    return (int(numbers[1]), int(numbers[2])) >= OLDEST


def settings(shell: str) -> tuple[str, ...]:
    """Commands that set a server up; those that an older tmux does not know are passed over.

    Args:
        shell: What a window that the person opens runs.
    """
    options = {**_OPTIONS, "default-terminal": _terminal()}
    return (
        *(f"set-option -sq {name} {quote(value)}" for name, value in options.items()),
        *(f"set-option -gq {name} {quote(value)}" for name, value in _GLOBAL.items()),
        f"set-option -gq default-shell {quote(shell)}",
        *_BINDINGS,
    )


def client_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What tmux itself sees: enough to start; programs in it get what they are given."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
    return {"TERM": "xterm-256color", **{n: environ[n] for n in kept if n in environ}}


def _terminal() -> str:
    """What programs in it are told to be in: tmux where the machine knows that."""
    with suppress(curses.error):
        curses.setupterm("tmux-256color", fd=1)
        return "tmux-256color"
    return "screen-256color"
