"""`hive disk`: what environments take on the disk, with what they share counted once."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from hive_tui.cli.context import Context
from hive_tui.cli.text import plain, size, table


def disk(args: Namespace, context: Context) -> int:
    """A row per env: what it takes, what is its own, what it shares; and all of it together."""
    params = {"env": context.one(args.words) if args.words else None}
    live = context.err.isatty() and not context.json

    def told(event: Any) -> None:
        if live:
            context.err.write(f"\r\x1b[K{event['files']} files counted")
            context.err.flush()

    answer = context.call("disk", params, told)
    if live:
        context.err.write("\r\x1b[K")
    if context.json:
        context.document(answer)
        return 0
    rows = [
        (
            plain(env["env"]),
            str(env["files"]),
            size(env["bytes"]),
            size(env["own_bytes"]),
            size(env["shared_bytes"]),
        )
        for env in answer["environments"]
    ]
    if not rows:
        context.print("no environments yet")
        return 0
    first, *lines = table(rows, header=("ENV", "FILES", "SIZE", "OWN", "SHARED"))
    context.print(context.ink("dim", first), *lines)
    apart = sum(env["bytes"] for env in answer["environments"])
    context.print(
        f"together {size(answer['total_bytes'])} on the disk"
        + (f"; {size(apart)} if nothing were shared" if apart > answer["total_bytes"] else "")
    )
    return 0
