"""`hive tour`: the dashboard with the tour on, on the demo or on the envs that there are."""

from __future__ import annotations

import sys
from argparse import Namespace

from hive_tui.cli.context import Context
from hive_tui.cli.dashboard import register
from hive_tui.cli.demo import make_ready
from hive_tui.model.errors import NotFoundError, UsageError


def run(args: Namespace, context: Context) -> int:
    """Make the demo where it is not there, then open the dashboard and begin the tour.

    Raises:
        UsageError: There is no terminal to open it on.
        NotFoundError: `--here`, and there is no env.
        HiveError: The demo could not be made.
        DetachedError: Ctrl-C while it was made.
    """
    if not (sys.stdin.isatty() and context.out.isatty()):
        raise UsageError(
            "the tour needs a terminal",
            hint="docs/screens.md says what the dashboard shows; `hive demo --no-dashboard` makes "
            "what the tour walks through",
        )
    if args.here:
        register(context)
        if not context.call("list")["environments"]:
            raise NotFoundError(
                "there is no environment to walk through",
                hint="`hive tour` makes a sample project and shows that",
            )
    else:
        make_ready(context)
    context.close()
    from hive_tui.app.main import run as open_dashboard

    return open_dashboard(context.home, tour=True)
