"""`hive forward`: which environment a project's fixed ports lead to."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from hive_tui.cli.context import Context
from hive_tui.cli.text import NOTHING, plain, table
from hive_tui.model.errors import HiveError


def forward(args: Namespace, context: Context) -> int:
    """Switch the ports to an env, let them go, or show where they lead."""
    env: str | None = None
    try:
        env = context.one(args.words)
    except HiveError:
        if args.words:
            raise  # outside of all worktrees a bare `hive forward` only shows
    params = {"env": env, "off": args.off, "cwd": context.cwd}
    answer = context.call("forward", params)
    if context.json:
        context.document(answer)
        return 0
    if not answer["forwards"]:
        context.print("no fixed ports: [forward] in hive.toml names them")
        return 0
    first, *lines = table(
        [_row(row) for row in answer["forwards"]], header=("PORT", "LEADS TO", "AT", "PROJECT")
    )
    context.print(context.ink("dim", first), *lines)
    return 0


def _row(row: Mapping[str, Any]) -> Sequence[str]:
    leads = f"{plain(row['env'])} {plain(row['name'])}" if row["env"] else NOTHING
    at = f"127.0.0.1:{row['target']}" if row["target"] else NOTHING
    return str(row["port"]), leads, at, plain(row["project"])
