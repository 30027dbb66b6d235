"""The connection to a home's own tmux server: begun when needed, begun anew when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket as sockets
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

from hive_tui.drivers.terminals import tmux_program, tmux_rows
from hive_tui.drivers.terminals.control import Connection, Notice, TmuxError, connect, quote
from hive_tui.drivers.terminals.tmux_program import Tmux
from hive_tui.drivers.terminals.tmux_rows import Told
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

BASE = "hive"
"""Session that the connection is attached to; nothing runs in it."""

_RECONNECT_S = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to reach a server that is there; the last one again and again."""

_WAIT_S = 5.0
"""How long a command waits for a connection that is being begun anew."""


class TmuxServer:
    """Runs commands in a server and hears what it tells."""

    def __init__(
        self,
        socket: Path,
        environ: Mapping[str, str],
        told: Callable[[Told], None],
        gone: Callable[[], None],
    ) -> None:
        """Create it; nothing is started.

        Args:
            socket: Of the server; its folder is the person's alone.
            environ: Environment of the daemon.
            told: Gets all windows, at first and whenever something about one has changed.
            gone: Told when the server has ended.
        """
        self.socket = socket
        self.tmux: Tmux | None = None
        """The program; `None` until it was looked for."""
        self._environ = environ
        self._told = told
        self._gone = gone
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._reconnecting: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the client that is connected; `None` without one."""
        return self._connection.pid if self._connection is not None else None

    async def open(self) -> None:
        """Connect to a server that is there; start none.

        Raises:
            HiveError: There is no tmux that could be used.
        """
        self._closed = False
        self.tmux = await tmux_program.find(self._environ.get("PATH"))
        if _answers(self.socket):
            await self.begin()

    async def begin(self) -> None:
        """Be connected; start the server where there is none."""
        async with self._connecting:
            if self._connection is None or not self._connection.open:
                await self._connect()

    async def close(self) -> None:
        """Let go of the server; it goes on."""
        self._closed = True
        if self._reconnecting is not None:
            self._reconnecting.cancel()
            await asyncio.gather(self._reconnecting, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def end(self) -> None:
        """End a server in which nothing runs."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(HiveError, ConnectionError):
            await connection.run("kill-server")
        await connection.close()
        self.socket.unlink(missing_ok=True)

    async def run(self, line: str, commands: int = 1, *, once: bool = False) -> list[list[bytes]]:
        """Run commands; waits for a connection that is being begun anew.

        Args:
            line: Commands, parted by ` ; `.
            commands: How many there are.
            once: Whether they may not be run again where the connection broke before the answer.

        Returns:
            The lines that each of them printed.

        Raises:
            TmuxError: tmux refused one.
            HiveError: The server is gone, or nobody knows whether they were run.
        """
        for _ in range(2):
            if self._connection is None and self._reconnecting is not None:
                await asyncio.wait([self._reconnecting], timeout=_WAIT_S)
            if self._connection is None:
                break
            try:
                return await self._connection.run(line, commands)
            except ConnectionError:
                if once:
                    raise HiveError(
                        "the connection to tmux broke: nobody knows whether it was done",
                        hint="look at the window before you try again",
                        code="tmux_broke",
                    ) from None
                await asyncio.sleep(0)  # `_ended` comes with the loop's next turn
        raise HiveError(
            "the terminals are gone: tmux has ended",
            hint="start what ran in them again",
            code="no_terminals",
        )

    async def quietly(self, line: str) -> None:
        """Run what may find its window gone already."""
        with contextlib.suppress(HiveError):
            await self.run(line)

    async def sessions(self) -> tuple[str, ...]:
        """Names of all sessions of envs."""
        if self._connection is None and self._reconnecting is None:
            return ()
        try:
            lines = (await self.run("list-sessions -F '#{session_name}'"))[0]
        except HiveError:
            return ()
        return tuple(line.decode("utf-8", "replace") for line in lines if line != BASE.encode())

    async def collect(self) -> None:
        """Have the server collect all programs that ended.

        tmux 3.3 may miss the signal that one has, and keeps it as a zombie, without a status, until
        another one ends: this starts one that does.
        """
        await self.quietly("run-shell -b true")

    async def look(self) -> None:
        """Ask for all windows now; `told` gets them."""
        with contextlib.suppress(HiveError):
            self._take(await self.run(f"display-message -p {quote(tmux_rows.ALL)}"))

    # -------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        if self.tmux is None:
            self.tmux = await tmux_program.find(self._environ.get("PATH"))
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = self._connection = await connect(
            (
                *(self.tmux.path, "-u", "-S", str(self.socket), "-f", "/dev/null", "-C"),
                *("start-server", ";", "set-option", "-g", "remain-on-exit", "on", ";"),
                *("set-option", "-s", "exit-empty", "off", ";"),
                *("new-session", "-A", "-f", "no-output,ignore-size", "-s", BASE, "true"),
            ),
            tmux_program.client_environment(self._environ),
            self._noticed,
            self._ended,
        )
        try:
            await connection.attached()
            for line in tmux_program.settings(self._environ.get("SHELL") or "/bin/sh"):
                with contextlib.suppress(TmuxError):  # one that this version does not know
                    await connection.run(line)
            self._take(await connection.run(f"display-message -p {quote(tmux_rows.ALL)}"))
            await connection.run(tmux_rows.SUBSCRIBE)
        except ConnectionError:
            raise HiveError(
                f"tmux {self.tmux.version} ended as it was begun",
                hint=f"try it by hand: {self.tmux.path} -S {self.socket} -f /dev/null",
                code="no_tmux",
            ) from None

    def _take(self, answer: list[list[bytes]]) -> None:
        head = tmux_rows.SUBSCRIPTION.encode() + b" : "
        told = tmux_rows.read_all(head + b"\n".join(answer[0]))
        if told is not None:
            self._told(told)

    def _noticed(self, notice: Notice) -> None:
        if notice.name == b"subscription-changed":
            told = tmux_rows.read_all(notice.rest)
            if told is not None:
                self._told(told)

    def _ended(self) -> None:
        """The connection ended by itself: killed, or with its server."""
        self._connection = None
        if not self._closed and self._reconnecting is None:
            self._reconnecting = asyncio.ensure_future(self._reconnect())

    async def _reconnect(self) -> None:
        """Find out whether the server is still there, and hear it again."""
        try:
            for attempt in count():
                await asyncio.sleep(_RECONNECT_S[min(attempt, len(_RECONNECT_S) - 1)])
                async with self._connecting:
                    if self._connection is not None:
                        return
                    if not _answers(self.socket):
                        self._gone()
                        return
                    try:
                        await self._connect()
                        return
                    except HiveError as error:
                        log.warning("tmux cannot be reached: %s", error)
        finally:
            self._reconnecting = None


def _answers(socket: Path) -> bool:
    """Whether a server listens at a socket."""
    with sockets.socket(sockets.AF_UNIX) as link:
        link.settimeout(1.0)
        try:
            link.connect(str(socket))
        except OSError:
            return False
    return True
