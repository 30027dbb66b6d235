"""The `hive` command: reads the command line, runs the command, turns errors into an exit status.

It knows no command itself; the table names the function of each.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TextIO

from hive_tui.cli.arguments import HelpAsked, Request, asks_for_json, parse
from hive_tui.cli.context import Context, OutputClosedError
from hive_tui.cli.text import plain
from hive_tui.model.errors import HiveError

_INTERRUPTED = 130
_PIPE_CLOSED = 141
"""What a shell reports for a program that Ctrl-C (SIGINT) or a closed pipe (SIGPIPE) ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command of the command line.

    Args:
        argv: Words after `hive`; `None` for the process's own.

    Returns:
        The exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found, 4 refused,
        130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    _never_fail_to_encode(sys.stdout, sys.stderr)
    context = Context(cwd=_folder(), environ=os.environ, json=asks_for_json(words))
    if words[:1] == ["__complete"]:
        from hive_tui.cli.completions import complete

        return complete(words[1:], context)
    return guarded(words, context)


def guarded(words: Sequence[str], context: Context) -> int:
    """Run one command line in a context; expected failures are printed, bugs propagate."""
    try:
        request = parse(words)
        context.json = request.json
        return run(request, context)
    except HelpAsked as asked:
        context.print(str(asked))
        return 0
    except HiveError as error:
        report(error, context)
        return error.exit_status
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OutputClosedError:
        _discard_output()
        return _PIPE_CLOSED
    finally:
        context.close()


def run(request: Request, context: Context) -> int:
    """Run the command that a request names; the dashboard where it names none."""
    target = request.command.target if request.command else "dashboard:show"
    module, _, function = target.partition(":")
    command = getattr(import_module(f"hive_tui.cli.{module}"), function)
    status: int = command(request.arguments, context)
    return status


def report(error: HiveError, context: Context) -> None:
    """Print an error: as the one JSON document, or as text for people."""
    if context.json:
        context.document({"error": error.as_json()})
        return
    lines = [plain(line) for line in error.message.splitlines()] or [error.code]
    context.note("hive: " + "\n      ".join(lines))
    if error.hint:
        context.note("\n".join(f"      {plain(line)}" for line in error.hint.splitlines()))


def _folder() -> str:
    """The caller's folder; the home folder where it was deleted under the caller's feet."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return os.path.expanduser("~")


def _never_fail_to_encode(*streams: TextIO) -> None:
    """A terminal that lacks a character shows `?`; it never ends the command."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _discard_output() -> None:
    """Keep the interpreter from complaining about the closed pipe when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
