"""Walls around a program on Linux: bubblewrap, which needs no rights of its own.

The program sees the machine read-only. It writes in its worktree, in temporary folders of its own,
and in the caches and folders that are named. Of the repository it writes objects, references and
what belongs to its worktree, so that it can commit; hooks and configuration of git, through which
it could have something run outside, it cannot change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from hive_tui.model.errors import NotAvailableError

PROGRAM = "bwrap"
_TRY_S = 10.0

_OF_REPOSITORY = ("objects", "refs", "logs")
"""Folders of a repository that a commit in a worktree writes to."""
_FIXED_OF_WORKTREE = ("commondir", "gitdir", "config.worktree")
"""Files by which git finds and sets up a repository."""
_NAMES_OF_MACHINE = ("/run/systemd/resolve", "/run/resolvconf", "/run/nscd")
"""What names of hosts are looked up with; all else of /run is sockets of other programs."""


_OWN = (
    ".cache",
    ".npm",
    ".bun",
    ".cargo/registry",
    ".local/share/pnpm",
    ".local/share/uv",
    ".claude",
    ".claude.json",
    ".codex",
    ".gemini",
    ".config/opencode",
    ".local/share/opencode",
    ".local/state/opencode",
)
"""Below a home: caches of packages, and what coding agents keep for themselves."""


class Walls(msgspec.Struct, frozen=True):
    """What stays open. All paths absolute."""

    worktree: str
    writable: tuple[str, ...] = ()
    """Caches and the program's own folders; those that are missing are left out."""
    readable: tuple[str, ...] = ()
    """What lies in /run or /tmp and has to be seen all the same, such as a socket."""
    hidden: tuple[str, ...] = ()
    """Folders and files that it shall not even read."""


class Bubblewrap:
    """The engine's sandbox."""

    def __init__(self, hidden: Sequence[str], readable: Sequence[str]) -> None:
        """Create it.

        Args:
            hidden: What no program behind walls shall read.
            readable: What it needs of hive's own, wherever that lies.
        """
        self._hidden = tuple(hidden)
        self._readable = tuple(readable)

    def wrap(
        self, argv: Sequence[str], *, worktree: str, folder: str, env: Mapping[str, str]
    ) -> tuple[str, ...]:
        """The command line that runs a program behind walls, in its worktree.

        Args:
            argv: Program and arguments.
            worktree: Where it may write.
            folder: Of the env's agent.
            env: Its environment.

        Raises:
            NotAvailableError: Walls cannot be built here, with the remedy.
        """
        check()
        home = env.get("HOME", "")
        own = (os.path.join(home, name) for name in _OWN) if home else ()
        return wrap(argv, Walls(worktree, (*own, folder), self._readable, self._hidden))


def check() -> None:
    """See that walls can be built here.

    Raises:
        NotAvailableError: They cannot, with the remedy.
    """
    if (program := shutil.which(PROGRAM)) is None:
        raise NotAvailableError(
            "the sandbox needs bubblewrap, which is not installed",
            hint="install the package `bubblewrap`, or leave `sandbox` out of [agents.NAME]",
        )
    words = (program, "--ro-bind", "/", "/", "--unshare-user", "--proc", "/proc", "true")
    tried = subprocess.run(words, capture_output=True, text=True, timeout=_TRY_S, check=False)
    if tried.returncode != 0:
        raise NotAvailableError(
            f"bubblewrap does not work here: {tried.stderr.strip().splitlines()[-1:]}",
            hint="it needs user namespaces: see `sysctl kernel.unprivileged_userns_clone`",
        )


def wrap(argv: Sequence[str], walls: Walls) -> tuple[str, ...]:
    """The command line that runs a program behind the walls, in its worktree.

    It shares the network: which ports it takes is not walled in. Processes outside are out of its
    sight and reach; it ends with whoever started it.

    Args:
        argv: Program and arguments.
        walls: What stays open.
    """
    return (
        *(PROGRAM, "--die-with-parent", "--unshare-user", "--cap-drop", "ALL"),
        *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--ro-bind", "/", "/"),
        *("--dev", "/dev", "--proc", "/proc"),
        *("--tmpfs", "/tmp", "--tmpfs", "/var/tmp", "--tmpfs", "/run"),
        *_each("--ro-bind-try", (*_NAMES_OF_MACHINE, *walls.readable)),
        *_each("--bind-try", walls.writable),
        *_repository(walls.worktree),
        *_cover(walls.hidden),
        *("--chdir", walls.worktree, "--"),
        *argv,
    )


def _repository(worktree: str) -> Iterator[str]:
    """The worktree, and what of its repository a commit needs."""
    yield from ("--bind", worktree, worktree)
    link = Path(worktree, ".git")
    if not link.is_file():  # no linked worktree: all of git lies in it
        yield from _each("--ro-bind-try", (str(link / "hooks"), str(link / "config")))
        return
    own = Path(worktree, link.read_text().partition(":")[2].strip()).resolve()
    shared = (own / (own / "commondir").read_text().strip()).resolve()
    yield from _each("--ro-bind", (str(link),))
    yield from _each("--ro-bind-try", (str(shared),))  # also where it lies below something open
    yield from _each("--bind-try", (str(shared / name) for name in _OF_REPOSITORY))
    yield from _each("--bind", (str(own),))
    yield from _each("--ro-bind-try", (str(own / name) for name in _FIXED_OF_WORKTREE))


def _cover(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if os.path.isdir(path):
            yield from ("--tmpfs", path)
        elif os.path.exists(path):
            yield from ("--ro-bind", os.devnull, path)


def _each(option: str, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        yield from (option, path, path)
