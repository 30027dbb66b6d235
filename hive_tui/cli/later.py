"""Commands of the contract that this version knows by name but cannot run yet."""

from __future__ import annotations

from argparse import Namespace

from hive_tui.cli.context import Context, bare
from hive_tui.model.errors import NotAvailableError


def send(args: Namespace, context: Context) -> int:
    """`hive send`: prompts to an agent that runs come later."""
    env, _ = context.resolve(args.words)
    raise NotAvailableError(
        "prompts to an agent that runs are not available yet",
        hint=f"`hive open {bare(env)} agent` shows its terminal; type it there",
        env=bare(env),
    )
