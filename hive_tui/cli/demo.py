"""`hive demo`: shows a sample project, and removes it.

How its envs come to be is said in `staging`, what they show in `hive_tui.demo`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from argparse import Namespace
from collections.abc import Iterator

from hive_tui.cli.context import Context
from hive_tui.cli.staging import Staging
from hive_tui.cli.transitions import DetachedError
from hive_tui.demo.samples import SHOP, STACK
from hive_tui.model.errors import HiveError


def run(args: Namespace, context: Context) -> int:
    """`hive demo`: make what is missing, then open the dashboard or print the list.

    Raises:
        HiveError: Something of it could not be made; a second try goes on from there.
        DetachedError: Ctrl-C.
    """
    with _interruptible(), _alone(context):
        if args.reset:
            return _reset(context, contained=args.containers)
        shown = not (args.no_dashboard or context.json)
        if shown and not (sys.stdin.isatty() and context.out.isatty()):
            context.note("the dashboard needs a terminal; this prints the list instead")
            shown = False
        Staging(context, STACK if args.containers else SHOP).prepare(patient=not shown)
    if shown:
        context.close()
        from hive_tui.app.main import run as open_dashboard

        return open_dashboard(context.home)
    from hive_tui.cli.overview import show_list

    return show_list(args, context)


def make_ready(context: Context) -> None:
    """Make what is missing of the demo, up to the env that warms while it is shown.

    Raises:
        HiveError: Something of it could not be made; a second try goes on from there.
        DetachedError: Ctrl-C.
    """
    with _interruptible(), _alone(context):
        Staging(context, SHOP).prepare(patient=False)


def _reset(context: Context, *, contained: bool) -> int:
    """Remove both samples, or the one with containers alone."""
    known: list[str] = []
    there = False
    for sample in (STACK,) if contained else (SHOP, STACK):
        names, found = Staging(context, sample).reset()
        known += names
        there = there or found
    if context.json:
        context.document({"removed": known})
    else:
        context.print("the demo is removed" if there else "there is no demo")
    return 0


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Say how to go on after Ctrl-C.

    Raises:
        DetachedError: Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise DetachedError(
            "stopped half way",
            hint="`hive demo` goes on from here, `hive demo --reset` removes all of it",
        ) from None


@contextlib.contextmanager
def _alone(context: Context) -> Iterator[None]:
    """Hold the demo of this home; a second command waits for the first."""
    state = context.home.state
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(state, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise HiveError(
            f"{state} cannot be used: {error.strerror}",
            hint="set HIVE_HOME to a folder of your own",
            code="state_readonly",
        ) from None
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            context.note("another `hive demo` is at work here; waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
