"""Commands about coding agents."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from hive_tui.cli.context import Context, bare, nothing_left
from hive_tui.cli.text import plain
from hive_tui.model.errors import UsageError

ACTIONS = ("start", "stop", "interrupt", "seen")


def agent(args: Namespace, context: Context) -> int:
    """`hive agent`: start it or go on with its conversation, stop it, end its turn."""
    action, *words = args.words or [""]
    if action not in ACTIONS:
        raise UsageError(
            f"agent takes an action first, and {action!r} is none",
            hint=f"one of {', '.join(ACTIONS)}: `hive agent start NAME`",
        )
    env, rest = context.resolve(words)
    nothing_left(rest)
    params: dict[str, Any] = {"env": env}
    if action == "start":
        params |= {"agent": args.agent, "prompt": args.prompt}
    answer = context.call(f"agent.{action}", params)
    if context.json:
        context.document(answer)
        return 0
    shown = answer["agent"]
    stands = f"{plain(shown['kind'])} {plain(shown['state'])}" if shown else "no agent"
    context.print(f"{plain(bare(env))}: {stands}")
    return 0
