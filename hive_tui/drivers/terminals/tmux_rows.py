"""What one subscription tells of all windows of a tmux server, and how it is read."""

from __future__ import annotations

import socket
from typing import NamedTuple

import msgspec

from hive_tui.drivers.terminals.control import quote
from hive_tui.engine.agents.protocols import WindowView

SUBSCRIPTION = "hive"

_FIELD, _RECORD = "\x1f", "\x1e"

_FIELDS = (
    "#{session_name}",
    "#{@hive_window}",
    "#{@hive_run}",
    "#{window_id}",
    "#{pane_id}",
    "#{pane_pid}",
    "#{pane_dead}",
    "#{pane_dead_status}",
    "#{pane_dead_signal}",
    "#{window_activity}",
    "#{session_attached}",
    "#{s/[^ -~]/?/:pane_current_command}",  # a process may name itself with a newline
    "#{pane_title}",
)
ROW = _FIELD.join(_FIELDS)
"""Format of one pane."""

ALL = "#{S:#{W:#{P:" + ROW + _RECORD + "}}}"
"""Format of all panes of all sessions. tmux looks once a second, and tells what has changed."""

SUBSCRIBE = f"refresh-client -B {quote(f'{SUBSCRIPTION}::{ALL}')}"

_HOST_NAME = socket.gethostname()
"""What tmux takes for the title of a program that has set none."""


class Pane(msgspec.Struct, frozen=True):
    """A window of an env, as tmux has it."""

    view: WindowView
    pane: str
    """`%3`."""
    window_id: str
    """`@2`."""
    run_id: str
    """`HIVE_RUN_ID` of what runs in it."""
    leader: int
    """Pid of its program, also of one that has ended."""
    attached: int
    """How many persons look at its session."""

    @property
    def key(self) -> tuple[str, str]:
        return self.view.env_uid, self.view.window


class Told(NamedTuple):
    """What a subscription told."""

    panes: tuple[Pane, ...]
    sessions: frozenset[str]
    """All there are, also those that have no window of ours any more."""


def read_all(rest: bytes) -> Told | None:
    """Read the rest of a `%subscription-changed`; `None`: it is about something else.

    Panes that the person opened are left out: what runs there is theirs.
    """
    head, _, value = rest.partition(b" : ")
    if head.split(b" ", 1)[0] != SUBSCRIPTION.encode():
        return None
    rows = value.decode("utf-8", "replace").split(_RECORD)
    panes = tuple(pane for row in rows if (pane := read(row)) is not None)
    return Told(panes, frozenset(row.partition(_FIELD)[0] for row in rows if row))


def read(row: str) -> Pane | None:
    """Read one pane; `None` for one that is not ours."""
    fields = row.split(_FIELD)
    if len(fields) != len(_FIELDS):
        return None
    uid, window, run, window_id, pane, pid, dead, status, by, at, attached, command, title = fields
    if not window or not pid.isdigit():
        return None
    ended = dead == "1"
    code: int | None = None
    if ended and by.isdigit() and int(by):
        code = -int(by)
    elif ended and status.isdigit():
        code = int(status)
    return Pane(
        view=WindowView(
            env_uid=uid,
            window=window,
            pid=None if ended else int(pid),
            title="" if title == _HOST_NAME else title,
            command="" if ended else command,
            dead=ended,
            exit_code=code,
            active_at=float(at) if at.isdigit() else 0.0,
        ),
        pane=pane,
        window_id=window_id,
        run_id=run,
        leader=int(pid),
        attached=int(attached) if attached.isdigit() else 0,
    )
