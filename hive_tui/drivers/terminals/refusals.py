"""What no host can do, said before it is tried or as it fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence

from hive_tui.model.errors import HiveError, NotFoundError


def check_program(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
    """Refuse what a terminal could only show the failure of.

    Raises:
        HiveError: There is no such folder or no such program.
    """
    if not os.path.isdir(cwd):
        raise HiveError(
            f"the folder {cwd} does not exist",
            hint="see whether the worktree was removed by hand",
            code="folder_missing",
        )
    program = argv[0]
    path = os.path.join(cwd, program) if "/" in program else program
    if shutil.which(path, path=env.get("PATH")) is None:
        raise HiveError(
            f"there is no program {program!r}",
            hint="install it, or put its folder into the PATH of the shell that starts the daemon",
            code="no_program",
        )


def no_window(window: str) -> NotFoundError:
    """What asking for a window that is not there ends with."""
    return NotFoundError(
        f"there is no window {window!r}", hint="`hive open NAME` opens one", code="no_window"
    )


def ended(window: str) -> HiveError:
    return HiveError(
        f"the program in the window {window!r} has ended", hint="start it anew", code="window_ended"
    )
