"""Commands about rest: pin, unpin, idle."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from hive_tui.cli.context import Context
from hive_tui.cli.text import NOTHING, plain, seconds, table


def pin(args: Namespace, context: Context) -> int:
    """`hive pin`: nothing is done to it for being idle."""
    return _pin(args, context, pinned=True)


def unpin(args: Namespace, context: Context) -> int:
    """`hive unpin`: it may rest again."""
    return _pin(args, context, pinned=False)


def idle(args: Namespace, context: Context) -> int:
    """`hive idle`: what happens to envs that nobody touches, and when."""
    params: dict[str, Any] = {
        "env": context.one(args.words) if args.words else None,
        "dry_run": args.dry_run,
    }
    answer = context.call("idle", params)
    if context.json:
        context.document(answer)
        return 0
    rows = [_row(one) for one in answer["idle"]]
    if not rows:
        context.print("no environments yet: `hive spawn NAME` in a repository makes one")
        return 0
    first, *lines = table(rows, header=("ENV", "STATE", "IDLE", "LAST TOUCHED BY", "WHAT HAPPENS"))
    context.print(context.ink("dim", first), *lines)
    return 0


def _pin(args: Namespace, context: Context, *, pinned: bool) -> int:
    names = context.call("envs", {"words": list(args.words), **context.place})["envs"]
    done = [context.call("pin", {"env": name, "pinned": pinned}) for name in names]
    if context.json:
        context.document({"pinned": done})
        return 0
    words = "is pinned: it is left as it is, however idle" if pinned else "may rest when idle"
    context.print(*(f"{plain(one['env'])} {words}" for one in done))
    return 0


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        plain(one["env"]),
        plain(one["wanted"]) + (" (pinned)" if one["pinned"] else ""),
        seconds(one["idle_s"]) if one["idle_s"] >= 1 else NOTHING,
        plain(one["last"]),
        plain(one["words"]),
    )
