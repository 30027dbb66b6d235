"""From the words of the command line to a command and its arguments. Runs nothing.

Only the parser of the command that was asked for is built: building all of them costs more than
asking the daemon.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from hive_tui.cli.table import BY_NAME, COMMANDS, JSON, Argument, Command, usage_of
from hive_tui.model.errors import UsageError


class Request(NamedTuple):
    """What the command line asks for."""

    command: Command | None
    """`None` for `hive` alone: the dashboard."""
    arguments: argparse.Namespace
    """Also holds `command`, the words after `--`, where the command has a tail; else `[]`."""
    json: bool


class HelpAsked(Exception):  # noqa: N818 - nothing went wrong
    """`--help` or `--version`: the text is to be printed, and that is all."""


def parse(argv: Sequence[str]) -> Request:
    """Read a command line.

    Raises:
        UsageError: It asks for nothing that there is; the hint has the nearest spelling.
        HelpAsked: It asks for help or for the version.
    """
    words = list(argv)
    json = False
    while words and words[0] in JSON.flags:
        json = True
        words.pop(0)
    if not words:
        if json:
            raise UsageError("--json needs a command", hint="for example `hive list --json`")
        return Request(None, argparse.Namespace(), False)
    name, rest = words[0], words[1:]
    if name in {"-h", "--help"}:
        raise HelpAsked(overview())
    if name == "help":
        if rest and rest[0] in BY_NAME:
            raise HelpAsked(parser(BY_NAME[rest[0]]).format_help().rstrip())
        raise HelpAsked(overview())
    if name in {"-V", "--version"}:
        from hive_tui import __version__

        raise HelpAsked(f"hive {__version__}")
    command = BY_NAME.get(name)
    if command is None:
        hint = _nearest(name, tuple(BY_NAME)) or "`hive --help` lists the commands"
        what = "option" if name.startswith("-") else "command"
        raise UsageError(f"there is no {what} {name!r}", hint=hint)
    tail: list[str] = []
    if command.tail and "--" in rest:
        at = rest.index("--")
        rest, tail = rest[:at], rest[at + 1 :]
    arguments = parser(command).parse_intermixed_args(rest)
    arguments.command = tail
    return Request(command, arguments, json or arguments.json)


def asks_for_json(argv: Sequence[str]) -> bool:
    """Whether `--json` stands among the words that are the product's own.

    For a command line that cannot be parsed: its error has to be JSON too.
    """
    words = list(argv)
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def parser(command: Command) -> argparse.ArgumentParser:
    """The parser of one command."""
    made = _Parser(
        prog=f"hive {command.name}",
        usage=usage_of(command),
        description=f"{command.help[:1].upper()}{command.help[1:]}.",
        epilog=f"Example:\n  {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    for argument in command.arguments:
        _add(made, argument)
    made.add_argument("-h", "--help", action=_Help, nargs=0, help="show this and exit")
    _add(made, JSON)
    return made


def overview() -> str:
    """The text of `hive --help`: every command under its heading."""
    lines = [
        "usage: hive [COMMAND] [--json]",
        "",
        "Whole environments for many coding agents on one machine.",
        "`hive` alone opens the dashboard.",
    ]
    width = max(len(command.name) for command in COMMANDS)
    group = ""
    for command in COMMANDS:
        if command.group != group:
            group = command.group
            lines += ["", f"{group}:"]
        lines.append(f"  {command.name:<{width}}  {command.help}")
    return "\n".join(
        [
            *lines,
            "",
            "NAME may be left out inside an environment's worktree. `hive COMMAND --help` has the",
            "details. Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found,",
            "4 refused because something would be lost.",
            "",
            "Example:",
            "  hive spawn auth --warm && hive logs auth -f",
        ]
    )


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing and leaving."""

    def error(self, message: str) -> NoReturn:
        hint = None
        if message.startswith("unrecognized arguments: "):
            unknown = message.removeprefix("unrecognized arguments: ").split()[0]
            hint = _nearest(unknown, tuple(self._option_string_actions))
        raise UsageError(message, hint=hint or f"usage: {(self.usage or '').strip()}")


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> NoReturn:
        raise HelpAsked(parser.format_help().rstrip())


def _add(made: argparse.ArgumentParser, argument: Argument) -> None:
    options: dict[str, Any] = {"help": argument.help}
    if argument.metavar:
        options["metavar"] = argument.metavar
    if argument.choices:
        options["choices"] = argument.choices
        options.pop("metavar")
    match argument.kind:
        case "switch":
            options["action"] = "store_true"
        case "number":
            options |= {"type": _count, "default": argument.default}
        case "maybe":
            options["nargs"] = "?"
        case "many":
            options["nargs"] = "*"
        case "repeat":
            options |= {"action": "append", "default": []}
    made.add_argument(*argument.flags, **options)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number (0 or more)")
    return int(text)


def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    """`did you mean …`, or `None` where nothing comes near."""
    from difflib import get_close_matches

    found = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else None
