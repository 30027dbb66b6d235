"""Calling git: a clean environment, bounded concurrency, and errors a user can act on.

Knows no worktrees and no branches; every write to a repository goes through here.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import unicodedata
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from hive_tui.drivers.programs import Completed, run
from hive_tui.model.errors import HiveError

_READS_AT_ONCE = 3
"""Status calls side by side: two are as fast as eight on two cores, three hide a slow disk."""

_KEPT = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
    }
)
"""What belongs to the user; the other `GIT_*` belong to some repository or some caller's hook."""

_HINTS = (
    ("not a git repository", "run it in a git repository, or `git init` first"),
    ("dubious ownership", "`git config --global --add safe.directory <path>` if you trust it"),
    ("index.lock", "another git works there; if none does, remove that lock file"),
    (".lock'", "another git works there; if none does, remove that lock file"),
    ("No space left", "make room on the disk, then try again"),
    ("unable to write file", "is the disk full? make room on it, then try again"),
    ("Disk quota exceeded", "make room on the disk, then try again"),
    ("missing but already registered", "`git worktree prune` forgets worktrees that are gone"),
)

_reads: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class GitError(HiveError):
    """Git refused; the message ends with git's own last lines."""

    default_code = "git"


async def git(
    repo: str,
    *args: str,
    env: Mapping[str, str] | None = None,
    input: bytes | None = None,
    check: bool = True,
    writes: bool = False,
    niced: bool = False,
    on_stderr: Callable[[str], None] | None = None,
) -> Completed:
    """Run git in `repo`, never in a repository around it.

    Args:
        repo: Top folder of a worktree, or a bare repository.
        args: Options, subcommand and its arguments.
        env: Added to the clean environment.
        input: Standard input.
        check: False returns whatever the status is.
        writes: Without it no optional lock is taken and at most three calls run at once.
        niced: At the lowest priority.
        on_stderr: Gets what git writes to standard error while it runs.

    Raises:
        GitError: `check` and the status is not 0.
        HiveError: There is no git.
    """
    common = [*_lowest_priority()] if niced else []
    common += ["git", "-C", repo, "-c", "core.fsmonitor=false", "-c", "advice.detachedHead=false"]
    environment = {**clean_environment(), "GIT_CEILING_DIRECTORIES": os.path.dirname(repo)}
    environment.update(env or {})
    try:
        if writes:
            argv = [*common, *args]
            completed = await run(argv, env=environment, input=input, on_stderr=on_stderr)
        else:
            async with _reading():
                argv = [*common, "--no-optional-locks", *args]
                completed = await run(argv, env=environment, input=input, on_stderr=on_stderr)
    except FileNotFoundError as error:
        raise HiveError(
            "git is not installed", hint="install git 2.36 or newer", code="no_git"
        ) from error
    if check and completed.status != 0:
        raise failure(completed, args)
    return completed


def failure(completed: Completed, args: tuple[str, ...]) -> GitError:
    """The error for a git that ended with another status than 0."""
    lines = [line for line in last_lines(completed.stderr) if not line.startswith("hint:")]
    said = "; ".join(lines) or f"exit status {completed.status}"
    verb = next((word for word in args if not word.startswith("-") and "=" not in word), "")
    hint = next((hint for part, hint in _HINTS if part in completed.stderr), None)
    return GitError(f"git {verb}: {said}", hint=hint)


def last_lines(stderr: str, count: int = 3) -> tuple[str, ...]:
    """The last lines a program wrote, as a terminal would show them, without control codes."""
    shown = (shown_text(line.rsplit("\r", 1)[-1].strip()) for line in stderr.split("\n"))
    return tuple(line for line in shown if line)[-count:]


def shown_text(text: str) -> str:
    """Text from outside without anything a terminal would obey."""
    return "".join(
        character if unicodedata.category(character)[0] != "C" else f"\\x{ord(character):02x}"
        for character in text
    )


def shown_path(raw: bytes) -> str:
    """A path for people: valid UTF-8, control codes and foreign bytes escaped."""
    return shown_text(raw.decode(errors="backslashreplace"))


def clean_environment() -> dict[str, str]:
    """The process's environment without what would steer git or its hooks by accident."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not name.startswith(("GIT_", "HIVE_"))
    }
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def _lowest_priority() -> tuple[str, ...]:
    idle_disk = ("ionice", "-c", "3") if shutil.which("ionice") else ()
    return (*idle_disk, "nice", "-n", "19")


def _reading() -> asyncio.Semaphore:
    return _reads.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_READS_AT_ONCE))
