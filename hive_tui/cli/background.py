"""`hive daemon`: start, stop or look at the background process."""

from __future__ import annotations

from argparse import Namespace
from collections import deque
from typing import Any

from hive_tui import __version__
from hive_tui.cli.context import Context
from hive_tui.cli.text import log_text, plain
from hive_tui.model.errors import HiveError

_NONE_RUNS = "no_daemon"
"""Code of the error that says so."""


def daemon(args: Namespace, context: Context) -> int:
    """`hive daemon ACTION`."""
    actions = {"start": _start, "stop": _stop, "status": _status, "logs": _logs}
    return actions[args.action](args, context)


def _start(args: Namespace, context: Context) -> int:
    return _tell(context.call("daemon.status", {}), context)


def _status(args: Namespace, context: Context) -> int:
    return _tell(_ask("daemon.status", context), context)


def _stop(args: Namespace, context: Context) -> int:
    ran = _ask("daemon.stop", context) is not None
    if context.json:
        context.document({"running": False, "stopped": ran})
    elif ran:
        context.print("the daemon is stopped; services go on, the next command finds them again")
    else:
        context.print("no daemon runs")
    return 0


def _logs(args: Namespace, context: Context) -> int:
    """The end of the daemon's own log; works without a daemon."""
    path = context.home.daemon_log
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = list(deque(file, maxlen=args.lines))
    except FileNotFoundError:
        lines = []
    except OSError as error:
        raise HiveError(
            f"cannot read {path}: {error.strerror}", hint="`hive doctor` checks the folders"
        ) from None
    if context.json:
        context.document({"path": str(path), "lines": [line.rstrip("\n") for line in lines]})
        return 0
    if not lines:
        context.note(f"hive: {plain(path)} has nothing yet")
    context.print(*(log_text(line, colour=False) for line in lines))
    return 0


def _ask(method: str, context: Context) -> Any:
    """Call a daemon that runs already; `None` where none does."""
    try:
        link = context.connect(start=False)
    except HiveError as error:
        if error.code == _NONE_RUNS:
            return None
        raise
    try:
        return link.call(method, {})
    finally:
        link.close()


def _tell(answer: dict[str, Any] | None, context: Context) -> int:
    """Print the daemon's status; that none runs is an answer, not a failure."""
    home = context.home
    known = answer or {
        "running": False,
        "pid": None,
        "version": __version__,
        "socket": str(home.socket),
        "home": str(home.state),
    }
    if context.json:
        context.document(known)
        return 0
    if known["running"]:
        context.print(f"running  pid {known['pid']}, version {plain(known['version'])}")
    else:
        context.print("not running; the next command starts it")
    context.print(f"socket   {plain(known['socket'])}", f"home     {plain(known['home'])}")
    return 0
