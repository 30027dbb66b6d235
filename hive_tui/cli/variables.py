"""Commands that lend an env's variables to something else: a shell or one command."""

from __future__ import annotations

import os
import shlex
import signal
from argparse import Namespace
from collections.abc import Mapping
from typing import ClassVar

from hive_tui.cli.context import Context, bare, nothing_left
from hive_tui.cli.text import plain
from hive_tui.model.errors import HiveError, UsageError

_BASE = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TERM", "TMPDIR", "SSH_AUTH_SOCK"}
    | {"HIVE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"}  # to find the hive
)
HIDDEN = "•••"
"""What a secret looks like wherever a person could see it."""


class NoSuchProgramError(HiveError):
    """The command to run is not there; the exit status is the one of a shell."""

    exit_status: ClassVar[int] = 127
    default_code: ClassVar[str] = "no_such_program"


class NotExecutableError(HiveError):
    """The command to run may not be executed; the exit status is the one of a shell."""

    exit_status: ClassVar[int] = 126
    default_code: ClassVar[str] = "not_executable"


def env(args: Namespace, context: Context) -> int:
    """`hive env`: `export` lines for `eval`.

    A secret's value is printed only where no person sees it: not on a terminal.
    """
    answer = context.call("environ", {"env": context.one(args.words)})
    answer.pop("lease", None)
    hidden = set(answer["secrets"]) if context.out.isatty() else set()
    variables = {
        name: HIDDEN if name in hidden else value for name, value in answer["variables"].items()
    }
    if context.json:
        context.document({**answer, "variables": variables})
        return 0
    for name, value in variables.items():
        if name in hidden:
            context.print(f"# {plain(name)}={HIDDEN} (a secret: shown only to a pipe)")
        elif context.out.isatty():
            context.print(plain(f"export {name}={shlex.quote(value)}"))
        else:
            context.print(f"export {name}={shlex.quote(value)}")
    return 0


def run(args: Namespace, context: Context) -> int:
    """`hive run`: becomes the command, in the worktree; so its exit status is the command's.

    As long as it runs, under this process's number, the env is not idle.

    Raises:
        NoSuchProgramError: There is no such program.
        NotExecutableError: It may not be executed.
    """
    name, rest = context.resolve(args.words)
    if args.command:
        nothing_left(rest)
    words = args.command or rest
    if not words:
        raise UsageError("run needs a command", hint="for example `hive run auth -- npm run lint`")
    what = f"hive run {os.path.basename(words[0])}"
    answer = context.call("environ", {"env": name, "pid": os.getpid(), "what": what})
    context.close()
    environ = base(context.environ) | answer["variables"]
    try:
        os.chdir(answer["worktree"])
    except OSError as error:
        raise HiveError(
            f"cannot enter the worktree {answer['worktree']}: {error.strerror}",
            hint=f"`hive why {bare(name)}` says what is known of it",
            env=bare(name),
        ) from None
    # The interpreter ignores these two, and a program would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvpe(words[0], words, environ)
    except (FileNotFoundError, NotADirectoryError):
        raise NoSuchProgramError(
            f"there is no program {words[0]!r}", hint="check its spelling and PATH", env=bare(name)
        ) from None
    except OSError as error:
        raise NotExecutableError(
            f"cannot run {words[0]!r}: {error.strerror}", hint="a script wants `sh` before it"
        ) from None


def base(environ: Mapping[str, str]) -> dict[str, str]:
    """What a command in an env keeps of its caller's environment; nothing else leaks in."""
    return {
        name: value for name, value in environ.items() if name in _BASE or name.startswith("LC_")
    }
