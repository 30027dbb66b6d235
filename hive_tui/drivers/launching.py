"""Starts a process in a session of its own behind the shim that keeps its exit status.

Watches nothing and ends nothing.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys

from hive_tui.engine.protocols import Launch
from hive_tui.model.errors import HiveError

_SHIM = """\
trap : HUP INT QUIT ABRT USR1 USR2 PIPE ALRM TERM
ulimit -S -n "$1"
shift
("$@")
set -- $?
echo $1 >"$0"
exit $1
"""
"""Runs its arguments but the first and writes their exit status into the file that `$0` names.

The first is how many files the command may have open.

The parentheses cost no process, but make the shell fork: one that used vfork(2) could not be frozen
before the command has begun. The session gets signals as a whole, so the shim has to pass none on;
it only must not die of them. It uses no variable, because one of that name could be in the
environment and would be changed.
"""

_SIGNALS = 64
_PR_SET_CHILD_SUBREAPER = 36


def allow_open_files() -> str:
    """Let this process have as many files open as it may, since each watched process takes one.

    Returns:
        How many it could have before, in the shell's word: what it starts is held to that, because
        programs that use `select` or close all that could be open break on a large number.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS allows less than it says
            return str(soft)
    return "unlimited" if soft == resource.RLIM_INFINITY else str(soft)


def start(launch: Launch, open_files: str) -> int:
    """Start it and return its pid, which is its session and group as well.

    It blocks for 1-3 ms. A thread would not help: the fork holds the interpreter's lock.

    Args:
        launch: What to start.
        open_files: How many files it may have open, or `unlimited`; not more than this process.

    Raises:
        HiveError: There is no such folder, or the system gave no process, memory or descriptor.
    """
    try:
        log = os.open(launch.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HiveError(
            f"the log {launch.log} cannot be opened: {error.strerror}",
            hint="make room on the disk, or give the folder back its rights",
            code="launch_failed",
        ) from error
    try:
        child = subprocess.Popen(
            ["/bin/sh", "-c", _SHIM, str(launch.exit_file), open_files, *launch.argv],
            cwd=launch.cwd,
            env={**launch.env, "HIVE_RUN_ID": launch.run_id},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            close_fds=True,
        )
    except (OSError, ValueError) as error:
        raise _not_started(launch, error) from error
    finally:
        os.close(log)
    # Popen would collect the child by itself some day; whoever watches it does.
    child.returncode = 0
    return child.pid


def _not_started(launch: Launch, error: OSError | ValueError) -> HiveError:
    if not os.path.isdir(launch.cwd):
        return HiveError(
            f"the folder {launch.cwd} does not exist",
            hint="check `cwd` in hive.toml, or whether the worktree was removed by hand",
            code="folder_missing",
        )
    why = error.strerror if isinstance(error, OSError) else str(error)
    return HiveError(
        f"no process could be started: {why}",
        hint="see `ulimit -a` and the free memory; stop or freeze an env that is not needed",
        code="launch_failed",
    )


def exit_code(status: int) -> int:
    """Exit status as users of `Exit` expect it: the shell's 128 + n for signal n becomes -n."""
    return 128 - status if 128 < status <= 128 + _SIGNALS else status


def adopt_orphans() -> bool:
    """Become the parent of all descendants whose own parent ends (Linux); True where it worked."""
    if sys.platform != "linux":
        return False
    try:
        one, none = ctypes.c_ulong(1), ctypes.c_ulong(0)
        done: int = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, one, none, none, none)
    except (OSError, AttributeError):
        return False
    return done == 0
