"""`hive` alone: opens the dashboard."""

from __future__ import annotations

import sys
from argparse import Namespace

from hive_tui.cli.context import Context
from hive_tui.model.errors import ConfigError, HiveError, UsageError


def show(args: Namespace, context: Context) -> int:
    """Open the dashboard, with the project of this folder in it.

    Raises:
        UsageError: There is no terminal to open it on.
        HiveError: The project's hive.toml cannot be used.
    """
    drawn_elsewhere = bool(context.environ.get("TEXTUAL_DRIVER"))  # by `hive web`, in a browser
    if not drawn_elsewhere and not (sys.stdin.isatty() and context.out.isatty()):
        raise UsageError(
            "the dashboard needs a terminal",
            hint="`hive list` prints the environments; `hive --help` lists the commands",
        )
    register(context)
    context.close()
    from hive_tui.app.main import run

    return run(context.home)


def register(context: Context) -> None:
    """Make the folder's project known; a folder without one opens the dashboard as well."""
    try:
        context.call("register", {"cwd": context.cwd})
    except HiveError as error:
        if error.code == ConfigError.default_code:
            raise
