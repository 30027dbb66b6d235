"""`hive test`: runs suites in an env and says which tests failed."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from hive_tui.cli.context import Context, bare, error_object, exit_status_of
from hive_tui.cli.overview import test_text
from hive_tui.cli.progress import Progress
from hive_tui.cli.text import plain, seconds
from hive_tui.cli.transitions import DetachedError


def test(args: Namespace, context: Context) -> int:
    """`hive test`: exit status 1 where a suite is red or could not run.

    With `--no-wait` the exit status only says whether the run could begin.
    With `--json` the document gets an `error` beside `tests` only where the run itself failed.
    """
    env, suites = context.resolve(args.words)
    params = {"env": env, "suites": suites, "wait": not args.no_wait}
    with Progress(context, several=False) as progress:
        try:
            answer = context.call("test", params, progress.reporter(bare(env)))
        except KeyboardInterrupt:
            raise DetachedError(
                f"stopped watching; the tests of {bare(env)} go on",
                hint=f"`hive status {bare(env)}` shows their verdict",
                env=bare(env),
            ) from None
    error = answer.get("error")
    status = exit_status_of(error, None if args.no_wait else answer["outcome"])
    if context.json:
        document: dict[str, Any] = {"tests": answer["tests"]}
        context.document({**document, "error": error_object(error)} if error else document)
        return status
    for suite in answer["tests"]:
        context.print(*_lines(suite, context))
    if error:
        context.note(f"hive: {plain(bare(env))}: {plain(error['message'])}")
        if error.get("hint"):
            context.note(f"      {plain(error['hint'])}")
    return status


def _lines(suite: Mapping[str, Any], context: Context) -> list[str]:
    """A suite's verdict, and below it each test that failed with its message."""
    took = suite["duration_s"]
    skipped = f", {suite['skipped']} skipped" if suite["skipped"] else ""
    lines = [test_text(suite, context.ink) + skipped + (f"  {seconds(took)}" if took else "")]
    for failure in suite.get("failures", ()):
        line = failure.get("line")
        where = f"{failure['file']}:{line}" if line else failure.get("file")
        place = f"  ({plain(where)})" if where else ""
        lines.append(f"  {context.ink('red', '✗')} {plain(failure['name'])}{place}")
        lines += [f"    {plain(text)}" for text in str(failure.get("message", "")).splitlines()]
    return lines
