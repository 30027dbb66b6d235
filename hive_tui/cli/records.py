"""Commands that print what was written down: logs and the event log."""

from __future__ import annotations

import re
import time
from argparse import Namespace
from binascii import a2b_base64
from collections.abc import Iterable
from typing import Any

from hive_tui.cli.context import Context, encode
from hive_tui.cli.text import log_text, pad, plain
from hive_tui.model.errors import UsageError

_AGO = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SOURCE_COLUMNS = 16
"""Longer names of sources push their lines to the right."""


def logs(args: Namespace, context: Context) -> int:
    """`hive logs`: lines of all or some sources, merged by time.

    With `--json` one document `{"lines": […]}`; one object a line where it follows.
    """
    env, sources = context.resolve(args.words)
    params = {
        "env": env,
        "sources": sources,
        "lines": args.lines,
        "since": None if args.since is None else since(args.since, now=time.time()),
        "grep": _pattern(args.grep),
        "follow": args.follow,
    }
    if not context.json:
        printer = _Printer(context)
        context.call("logs", params, lambda event: printer.show(event["lines"]))
        return 0
    if args.follow:

        def show(event: Any) -> None:
            context.print(*(encode(_line(line)) for line in event["lines"]))

        context.call("logs", params, show)
        return 0
    kept: list[dict[str, Any]] = []
    context.call("logs", params, lambda event: kept.extend(map(_line, event["lines"])))
    context.document({"lines": kept})
    return 0


def events(args: Namespace, context: Context) -> int:
    """`hive events`: one JSON object a line, with or without `--json`."""
    params = {
        "limit": args.lines,
        "follow": args.follow,
        "env": context.one(args.words) if args.words else None,
    }

    def show(event: Any) -> None:
        context.print(*(encode(one) for one in event["events"]))

    context.call("events", params, show)
    return 0


def since(text: str, *, now: float) -> float:
    """Read a point in time.

    Args:
        text: A length of time before now (`90s`, `10m`, `2h`, `1d`) or an RFC 3339 time; one
            without a zone is local.
        now: Seconds since the epoch.

    Returns:
        Seconds since the epoch.

    Raises:
        UsageError: It is neither.
    """
    if found := _AGO.fullmatch(text.strip()):
        return now - float(found[1]) * _UNIT_S[found[2]]
    from datetime import datetime

    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since does not understand {text!r}",
            hint="a length of time (90s, 10m, 2h, 1d) or a time like 2026-01-31T10:00:00Z",
        ) from None


def stamp(at: float) -> str:
    """Seconds since the epoch as RFC 3339 with milliseconds, UTC."""
    whole, milli = divmod(round(at * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{milli:03d}Z"


class _Printer:
    """Writes log lines for people: local time, source, text."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._columns = 0

    def show(self, lines: Iterable[tuple[float, str, str]]) -> None:
        shown = [(at, plain(source), encoded) for at, source, encoded in lines]
        longest = max((len(source) for _, source, _ in shown), default=0)
        self._columns = max(self._columns, min(longest, _SOURCE_COLUMNS))
        made = [self._text(*line) for line in shown]
        if made:
            self._context.print(*made)

    def _text(self, at: float, source: str, encoded: str) -> str:
        ink = self._context.ink
        clock = time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at * 1000) % 1000:03d}"
        name = ink.source(source) + pad("", self._columns - len(source))
        return f"{ink('dim', clock)} {name} │ {log_text(_decode(encoded), colour=ink.on)}"


def _line(line: tuple[float, str, str]) -> dict[str, Any]:
    at, source, encoded = line
    return {"at": stamp(at), "source": source, "text": _decode(encoded)}


def _decode(encoded: str) -> str:
    return a2b_base64(encoded).decode("utf-8", "replace")


def _pattern(text: str | None) -> str | None:
    """The pattern as it is, once it is known to be one.

    Raises:
        UsageError: It is no regular expression.
    """
    if text is not None:
        try:
            re.compile(text)
        except re.error as error:
            raise UsageError(
                f"--grep: {error.msg} in {text!r}", hint="quote it: --grep 'error|warn'"
            ) from None
    return text
