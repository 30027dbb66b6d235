"""Lines of tmux commands that begin windows. Pure: nothing is run here.

Each comes with the number of its commands; the last one prints the new window's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hive_tui.drivers.terminals import tmux_rows
from hive_tui.drivers.terminals.control import quote
from hive_tui.engine.agents.protocols import SHELL_WINDOW

_HOSTS_OWN = frozenset({"TERM", "TMUX", "TMUX_PANE"})
"""Variables that tmux sets."""


class Order(NamedTuple):
    """A program that is to run in a window."""

    env_uid: str
    window: str
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    size: tuple[int, int]
    run_id: str


def session(order: Order) -> tuple[str, int]:
    """A session of its own, with the window as its first."""
    columns, rows = order.size
    project, name = order.env.get("HIVE_PROJECT", ""), order.env.get("HIVE_ENV", order.env_uid)
    target = f"={order.env_uid}:"
    return _line(
        f"new-session -d -s {order.env_uid} -n {_literal(order.window)} -x {columns} -y {rows} "
        + _program(order),
        f"set-option -t {target} default-size {columns}x{rows}",
        f"set-option -t {target} @hive_label {quote(f'{project}/{name}'.lstrip('/'))}",
        *_marks(order, target),
    )


def window(order: Order) -> tuple[str, int]:
    """A further window of a session that is there."""
    target = f"={order.env_uid}:{{end}}"
    return _line(
        f"new-window -d -a -t {quote(target)} -n {_literal(order.window)} {_program(order)}",
        *_marks(order, target),
    )


def again(order: Order, pane: str) -> tuple[str, int]:
    """The same window, whose program has ended; who looks at it goes on looking."""
    return _line(f"respawn-pane -k -t {pane} {_program(order)}", *_marks(order, pane))


def _line(*commands: str) -> tuple[str, int]:
    return " ; ".join(commands), len(commands)


def _program(order: Order) -> str:
    """Folder, environment and command line, run without a shell."""
    told = {"COLORTERM": "truecolor", **order.env}
    variables = " ".join(
        f"-e {quote(f'{name}={value}')}" for name, value in told.items() if name not in _HOSTS_OWN
    )
    return f"-c {_literal(order.cwd)} {variables} -- {_words(order.argv)}"


def _marks(order: Order, target: str) -> tuple[str, ...]:
    """Commands that say whose a window is; they run before its program can have said anything."""
    at = quote(target)
    remain = "off" if order.window == SHELL_WINDOW else "on"
    return (
        f"set-option -p -t {at} @hive_window {quote(order.window)}",
        f"set-option -p -t {at} @hive_run {order.run_id}",
        f"set-option -p -t {at} remain-on-exit {remain}",
        f"select-pane -t {at} -T ''",
        f"display-message -p -t {at} {quote(tmux_rows.ROW)}",
    )


def _words(argv: Sequence[str]) -> str:
    """A program and its arguments; a single word would be run by a shell."""
    words = argv if len(argv) > 1 else ("env", *argv)
    return " ".join(map(quote, words))


def _literal(text: str) -> str:
    """A word that tmux would expand as a format."""
    return quote(text.replace("#", "##"))
