"""Commands for those who work inside an environment: which one it is, and what to know of it."""

from __future__ import annotations

from argparse import Namespace

from hive_tui.cli.context import Context
from hive_tui.cli.text import plain


def skill(args: Namespace, context: Context) -> int:
    """`hive skill`: the env's skill as an agent reads it."""
    answer = context.call("skill", {"env": context.one(args.words)})
    if context.json:
        context.document(answer)
    else:
        context.print(answer["skill"].rstrip("\n"))
    return 0


def whoami(args: Namespace, context: Context) -> int:
    """`hive whoami`: the env that the folder, else the variables of the process, belong to."""
    answer = context.call("whoami", {"env": context.one([])})
    if context.json:
        context.document(answer)
        return 0
    env = answer["environment"]
    ports = env["ports"]
    rows = {
        "environment": f"{env['project']}/{env['name']}, {env['state']}",
        "worktree": env["worktree"],
        "branch": f"{env['branch']}, from {answer['base']}",
        "main checkout": answer["repo"],
        "ports": f"{ports['base']}-{ports['base'] + ports['size'] - 1}",
        **{f"  {name}": str(number) for name, number in ports["names"].items()},
    }
    if answer["urls"]:
        rows["URLs"] = ""
        rows |= {f"  {name} ": url for name, url in answer["urls"].items()}
    width = max(map(len, rows))
    context.print(*(f"{name:<{width}}  {plain(value)}".rstrip() for name, value in rows.items()))
    return 0
