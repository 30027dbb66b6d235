"""Where what is known of agents comes from on this machine: files, pipes, processes, servers."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hive_tui.drivers.agents import claude_files
from hive_tui.drivers.agents.book_files import ASIDE, EVENTS
from hive_tui.drivers.agents.opencode_server import OpenCodeServer
from hive_tui.drivers.agents.tails import Tails
from hive_tui.engine.agents.books import Book, Told
from hive_tui.engine.agents.evidence import Loop, Native, Registry
from hive_tui.engine.agents.protocols import Stop
from hive_tui.engine.agents.signals import Question

RECENT = 512 * 1024
"""Bytes of a conversation's file that are read of what was there before."""
DEPTH = 24
"""Generations between an agent and the program of its window."""


class LocalSources:
    """Implements `Sources`."""

    def __init__(self, folder: Path, environ: Mapping[str, str], tails: Tails) -> None:
        """Create it; opens nothing.

        Args:
            folder: Holds a folder per env uid.
            environ: The daemon's, from which agents get their home.
            tails: Follows files.
        """
        self._folder = folder
        self._tails = tails
        home = Path(environ.get("HOME") or "/")
        self._sessions = Path(environ.get("CLAUDE_CONFIG_DIR") or home / ".claude") / "sessions"
        self._servers: dict[str, OpenCodeServer] = {}

    def hooks(self, env_uid: str, heard: Callable[[Sequence[bytes]], None]) -> Stop:
        """Tell all lines of an env's event file, those of before first."""
        folder = self._folder / env_uid
        return self._tails.follow(folder / EVENTS, heard, aside=folder / ASIDE)

    def records(self, path: str, heard: Callable[[Sequence[bytes]], None]) -> Stop:
        """Tell the newest records of a conversation's file, and all that come."""
        return self._tails.follow(Path(path), heard, last=RECENT)

    def registry(self, kind: str, pid: int, changed: Callable[[Registry | None], None]) -> Stop:
        """Tell what Claude keeps of its live sessions, whenever that changes."""
        if kind != "claude":
            return lambda: None

        def look() -> None:
            changed(read_registry(self._sessions, pid))

        stop = self._tails.watch(self._sessions, look)
        look()
        return stop

    def native(self, book: Book, changed: Callable[[Native | None, Told], None]) -> Stop:
        """Tell what OpenCode's server says."""
        if book.kind != "opencode" or not book.port or book.ended_at is not None:
            return lambda: None
        server = OpenCodeServer(book.port, book.password, book.session, changed)
        self._servers[book.env_uid] = server
        return server.close

    async def reply(self, book: Book, question: Question, body: str) -> bool:
        """Write into the pipe of a hook that waits, or ask the server."""
        if question.pipe:
            return write_pipe(self._folder / book.env_uid, question.pipe, body)
        server = self._servers.get(book.env_uid)
        return server is not None and await server.reply(question, body)

    async def prompt(self, book: Book, text: str) -> bool:
        """Ask the server to take it."""
        server = self._servers.get(book.env_uid)
        return server is not None and await server.prompt(text)

    def loop(self, worktree: str) -> Loop | None:
        """The loop that a worktree's loop file tells of."""
        try:
            with open(Path(worktree, claude_files.LOOP_FILE), "rb") as file:
                return claude_files.loop(file.read(4096).decode("utf-8", "replace"))
        except OSError:
            return None

    def free_port(self) -> int:
        """A port of 127.0.0.1 that nobody listens on."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port


def write_pipe(folder: Path, name: str, body: str) -> bool:
    """Answer the hook that waits at a pipe; False where none does.

    Args:
        folder: Of the env's agent.
        name: As a hook told it: data from outside.
        body: One line.
    """
    if not name.startswith("ask-") or "/" in name:
        return False
    try:
        fd = os.open(folder / name, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        with contextlib.suppress(OSError):
            (folder / name).unlink()
        return False
    try:
        return os.write(fd, body.encode()) == len(body.encode())
    except OSError:
        return False
    finally:
        os.close(fd)


def read_registry(folder: Path, pid: int) -> Registry | None:
    """What the agent in a window keeps of itself.

    Args:
        folder: With a file per live session.
        pid: Of the window's program.
    """
    entries = []
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".json")]
    except OSError:
        return None
    for name in names:
        try:
            fd = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        with open(fd, "rb") as file:
            found = claude_files.entry(file.read(claude_files.LARGEST + 1))
        if found is not None:
            entries.append(found)
    alive: dict[int, str] = {}
    family: set[int] = set()
    for found in entries:
        mine = found.registry.pid
        if (stat := _stat(mine)) is None:
            continue
        alive[mine] = stat[1]
        if _descends(mine, pid):
            family.add(mine)
    return claude_files.chosen(entries, alive, family, _namespace())


def _stat(pid: int) -> tuple[int, str] | None:
    """Parent and start ticks of a process; `None` where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[1]), fields[19]
    except (OSError, ValueError, IndexError):
        return None


def _descends(pid: int, ancestor: int) -> bool:
    for _ in range(DEPTH):
        if pid == ancestor:
            return True
        found = _stat(pid)
        if found is None or found[0] <= 1:
            return False
        pid = found[0]
    return False


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
