"""Commands of the contract that this version knows by name but cannot run yet."""

from __future__ import annotations

from argparse import Namespace

from hive_tui.cli.context import Context, bare
from hive_tui.model.errors import NotAvailableError


def send(args: Namespace, context: Context) -> int:
    """`hive send`: agents come later."""
    env, _ = context.resolve(args.words)
    raise NotAvailableError(
        "agents are not available yet",
        hint=f"run the agent yourself: `hive run {bare(env)} -- CMD`",
        env=bare(env),
    )
