"""`hive proxy`: one port that serves every environment by name."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from hive_tui.cli.context import Context
from hive_tui.cli.text import Ink, plain, table
from hive_tui.model.errors import UsageError

_READY = ("ready", "unhealthy")


def proxy(args: Namespace, context: Context) -> int:
    """Turn it on or off, or show where it is and what it serves."""
    if args.action not in (None, "on", "off"):
        raise UsageError(f"proxy takes on or off, not {args.action!r}", hint="hive proxy on")
    if args.port is not None and args.action != "on":
        raise UsageError("--port is for `hive proxy on`", hint=f"hive proxy on --port {args.port}")
    answer = context.call("proxy", {"action": args.action, "port": args.port})
    if context.json:
        context.document(answer)
        return 0
    state = answer["proxy"]
    context.print(_state(state, context.ink))
    if state["problem"]:
        context.print(f"  {plain(state['problem'])}", f"  {plain(state['hint'] or '')}".rstrip())
    if not state["listening"]:
        return 0
    if not answer["names"]:
        context.print("no service with a port yet: [ports] in hive.toml names them")
        return 0
    rows = [_row(row, context.ink) for row in answer["names"]]
    first, *lines = table(rows, header=("ADDRESS", "LEADS TO", "STATE"))
    context.print("", context.ink("dim", first), *lines)
    return 0


def _state(state: Mapping[str, Any], ink: Ink) -> str:
    if not state["on"]:
        return "off: `hive proxy on` gives every service a name"
    if not state["listening"]:
        return ink("red", f"on, and cannot serve at port {state['port']}")
    pid = state["pid"]
    program = f"served by pid {pid}" if pid else "its program starts with the first request"
    return f"on at {plain(state['url'])}, {program}"


def _row(row: Mapping[str, Any], ink: Ink) -> Sequence[str]:
    state = str(row["state"])
    return (
        plain(row["url"]),
        f"127.0.0.1:{row['port']}",
        ink("green" if state in _READY else "dim", plain(state)),
    )
