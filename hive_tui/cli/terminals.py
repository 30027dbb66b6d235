"""`hive open`: into a window of an env's terminal session, and back."""

from __future__ import annotations

import signal
import subprocess
import sys
from argparse import Namespace

from hive_tui.cli.context import Context, bare
from hive_tui.model.errors import HiveError, NotFoundError, UsageError


def open_window(args: Namespace, context: Context) -> int:
    """`hive open`: shows a window until the person comes back, or its program ends.

    With `--json` it makes sure that the window is there and prints the command that shows it.

    Raises:
        UsageError: There is no terminal to show it in.
    """
    env, rest = context.resolve(args.words)
    if len(rest) > 1:
        raise NotFoundError(f"{bare(env)} has no window {' '.join(rest)!r}", code="no_window")
    if not context.json and not (sys.stdin.isatty() and context.out.isatty()):
        raise UsageError(
            "there is no terminal to show a window in",
            hint="`hive open NAME --json` prints the command that shows it",
            code="no_terminal",
        )
    window = rest[0] if rest else None
    found = context.call("terminal.open", {"env": env, "window": window})
    if context.json:
        context.document(found)
        return 0
    context.close()
    return _show(found["command"], context)


def _show(command: list[str], context: Context) -> int:
    from hive_tui.client.attaching import ways

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the window
    try:
        for way in ways(command, context.environ):
            status = subprocess.call(way, env=dict(context.environ))
            if status == 0:
                return 0
    except OSError as error:
        raise HiveError(f"{command[0]} cannot be run: {error.strerror}") from None
    finally:
        signal.signal(signal.SIGINT, before)
    return status
