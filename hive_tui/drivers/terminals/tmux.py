"""Terminals in a private tmux server, watched and driven through one connection.

The server belongs to the home alone: its socket lies in the home's folder, it reads no file of the
person's, and it goes when the last window has gone. tmux tells of titles, commands and ends by a
subscription; no output ever comes over the connection, however much a program prints. Screens are
fetched when somebody looks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket as sockets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

import msgspec

from hive_tui.drivers.terminals import (
    belonging,
    keys,
    refusals,
    tmux_lines,
    tmux_program,
    tmux_rows,
)
from hive_tui.drivers.terminals.control import Connection, Notice, TmuxError, connect, quote
from hive_tui.drivers.terminals.picture import clean
from hive_tui.drivers.terminals.tmux_lines import Order
from hive_tui.drivers.terminals.tmux_program import Tmux
from hive_tui.drivers.terminals.tmux_rows import Pane
from hive_tui.engine.agents.protocols import Screen, WindowView
from hive_tui.engine.protocols import Processes
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

_BASE = "hive"
"""Session that the connection is attached to; nothing runs in it."""

_RECONNECT_S = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to reach a server that is there; the last one again and again."""

_SETTLE_S = 0.05

_GONE = 5.0
"""How long a command waits for a connection that is being begun anew."""


class TmuxTerminals:
    """A `TerminalHost` of tmux windows."""

    def __init__(self, socket: Path, processes: Processes, environ: Mapping[str, str]) -> None:
        """Create it; nothing is started.

        Args:
            socket: Of the server; its folder is the person's alone.
            processes: Of this machine.
            environ: Environment of the daemon.
        """
        self._socket = socket
        self._processes = processes
        self._environ = environ
        self._tmux: Tmux | None = None
        self._connection: Connection | None = None
        self._panes: dict[tuple[str, str], Pane] = {}
        self._shown: dict[str, tuple[list[bytes], tuple[bytes, ...]]] = {}
        self._settling: dict[str, asyncio.Task[None]] = {}
        self._watchers: set[Callable[[WindowView], None]] = set()
        self._changing = asyncio.Lock()
        self._connecting = asyncio.Lock()
        self._missed = False
        self._reconnecting: asyncio.Task[None] | None = None
        self._buffers = count(1)
        self._closed = False

    @property
    def name(self) -> str:
        return "tmux"

    @property
    def version(self) -> str:
        return f"tmux {self._tmux.version}" if self._tmux is not None else "tmux"

    @property
    def connection_pid(self) -> int | None:
        """Of the client that watches; `None` while there is nothing to watch."""
        return self._connection.pid if self._connection is not None else None

    async def open(self) -> None:
        """See `TerminalHost.open`: a server that is there is watched, none is started."""
        self._closed = False
        self._tmux = await tmux_program.find(self._environ.get("PATH"))
        if _answers(self._socket):
            async with self._connecting:
                await self._connect()

    async def close(self) -> None:
        self._closed = True
        for settling in self._settling.values():
            settling.cancel()
        await asyncio.gather(*self._settling.values(), return_exceptions=True)
        if self._reconnecting is not None:
            self._reconnecting.cancel()
            await asyncio.gather(self._reconnecting, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def ensure(
        self,
        env_uid: str,
        window: str,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        size: tuple[int, int] = (160, 48),
    ) -> WindowView:
        refusals.check_program(argv, cwd, env)
        async with self._change():
            async with self._connecting:
                if self._connection is None or not self._connection.open:
                    await self._connect()
            known = self._panes.get((env_uid, window))
            if known is not None and not known.view.dead:
                return known.view
            run_id = belonging.new_run_id()
            told = {**env, "HIVE_RUN_ID": run_id}
            if known is not None:
                await belonging.end(self._processes, known.leader, known.run_id)
            order = Order(env_uid, window, tuple(argv), cwd, told, size, run_id)
            if known is not None:
                line, commands = tmux_lines.again(order, known.pane)
            elif env_uid in await self._sessions():
                line, commands = tmux_lines.window(order)
            else:
                line, commands = tmux_lines.session(order)
            lines = await self._run(line, commands)
            pane = tmux_rows.read(_one(lines[-1]))
            if pane is None:
                raise TmuxError(f"tmux lost the window {window} as it was made")
            self._settling.pop(pane.pane, None)
            self._take(pane)
            return pane.view

    async def kill(self, env_uid: str, window: str | None = None) -> None:
        async with self._change():
            for key, pane in tuple(self._panes.items()):
                if key[0] != env_uid or window not in (None, key[1]):
                    continue
                await belonging.end(self._processes, pane.leader, pane.run_id)
                await self._quietly(f"kill-pane -t {pane.pane}")
                self._lose(key)
            if self._connection is None:
                return
            if window is None:
                await self._quietly(f"kill-session -t ={env_uid}")
            if not any(name != _BASE for name in await self._sessions()):
                await self._end_server()

    def windows(self) -> tuple[WindowView, ...]:
        return tuple(pane.view for pane in self._panes.values())

    def attached(self, env_uid: str) -> bool:
        return any(p.attached for p in self._panes.values() if p.view.env_uid == env_uid)

    def watch(self, changed: Callable[[WindowView], None]) -> Callable[[], None]:
        self._watchers.add(changed)
        return lambda: self._watchers.discard(changed)

    async def screen(self, env_uid: str, window: str) -> Screen:
        pane = self._pane(env_uid, window).pane
        where, lines = await self._inside(
            window,
            f"display-message -p -t {pane} '#{{cursor_x}} #{{cursor_y}} #{{cursor_flag}}' ; "
            f"capture-pane -p -e -t {pane}",
            2,
        )
        x, y, shown = _one(where).split()
        raw, cleaned = self._shown.get(pane, ([], ()))
        if raw != lines:
            cleaned = tuple(map(clean, lines))
            self._shown[pane] = lines, cleaned
        return Screen(cleaned, (int(x), int(y)) if shown == "1" else None)

    async def paste(self, env_uid: str, window: str, text: str) -> None:
        pane, whole = self._pane(env_uid, window), keys.pasteable(text)
        if not whole:
            return
        buffer = f"hive-{next(self._buffers)}"
        # asked and done in one go: tmux 3.3 dies, with all its windows, of a paste into a program
        # that has ended
        lines = await self._inside(
            window,
            f"set-buffer -b {buffer} -- {quote(whole)} ; "
            f"if-shell -F -t {pane.pane} '#{{pane_dead}}' {{ delete-buffer -b {buffer} }} "
            f"{{ paste-buffer -p -d -b {buffer} -t {pane.pane} }} ; "
            f"display-message -p -t {pane.pane} '#{{pane_dead}}'",
            4,
        )
        if _one(lines[-1]) == "1":
            raise refusals.ended(window)

    async def press(self, env_uid: str, window: str, *pressed: str) -> None:
        keys.check(pressed)
        pane = self._pane(env_uid, window)
        if pane.view.dead:
            raise refusals.ended(window)
        if pressed:
            words = " ".join(map(quote, pressed))
            await self._inside(window, f"send-keys -t {pane.pane} -- {words}")

    def attach_command(self, env_uid: str, window: str | None = None) -> tuple[str, ...]:
        program = self._tmux.path if self._tmux is not None else "tmux"
        target = f"={env_uid}"
        if window is not None:
            target += f":{self._pane(env_uid, window).window_id}"
        return (
            *("env", "-u", "TMUX", "-u", "TMUX_PANE"),
            *(program, "-u", "-S", str(self._socket), "attach-session", "-E", "-t", target),
        )

    # --- the connection ----------------------------------------------------------------------

    async def _connect(self) -> None:
        """Attach to the server; start it where there is none."""
        if self._tmux is None:
            self._tmux = await tmux_program.find(self._environ.get("PATH"))
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = await connect(
            (
                *(self._tmux.path, "-u", "-S", str(self._socket), "-f", "/dev/null", "-C"),
                *("start-server", ";", "set-option", "-g", "remain-on-exit", "on", ";"),
                *("set-option", "-s", "exit-empty", "off", ";"),
                *("new-session", "-A", "-f", "no-output,ignore-size", "-s", _BASE, "true"),
            ),
            tmux_program.client_environment(self._environ),
            self._noticed,
            self._ended,
        )
        self._connection = connection
        try:
            for line in tmux_program.settings(self._environ.get("SHELL") or "/bin/sh"):
                with contextlib.suppress(TmuxError):  # one that this version does not know
                    await connection.run(line)
            rows = await connection.run(f"display-message -p {quote(tmux_rows.ALL)}")
            self._replace(tmux_rows.read_all(_told(rows[0])))
            await connection.run(tmux_rows.SUBSCRIBE)
        except ConnectionError:
            raise HiveError(
                f"tmux {self._tmux.version} ended as it was begun",
                hint=f"try it by hand: {self._tmux.path} -S {self._socket} -f /dev/null",
                code="no_tmux",
            ) from None

    def _ended(self) -> None:
        """The connection ended by itself: killed, or with its server."""
        self._connection = None
        if self._closed or self._reconnecting is not None:
            return
        self._reconnecting = asyncio.ensure_future(self._reconnect())

    async def _reconnect(self) -> None:
        """Find out whether the server is still there, and watch it again."""
        try:
            for attempt in count():
                await asyncio.sleep(_RECONNECT_S[min(attempt, len(_RECONNECT_S) - 1)])
                async with self._connecting:
                    if self._connection is not None:
                        return
                    if not _answers(self._socket):
                        self._all_gone()
                        return
                    try:
                        await self._connect()
                        return
                    except HiveError as error:
                        log.warning("tmux cannot be reached: %s", error)
        finally:
            self._reconnecting = None

    async def _run(self, line: str, commands: int = 1) -> list[list[bytes]]:
        """Run commands; waits for a connection that is being begun anew.

        Raises:
            TmuxError: tmux refused one.
            HiveError: The server is gone.
        """
        for _ in range(2):
            if self._connection is None and self._reconnecting is not None:
                await asyncio.wait([self._reconnecting], timeout=_GONE)
            if self._connection is None:
                break
            try:
                return await self._connection.run(line, commands)
            except ConnectionError:
                await asyncio.sleep(0)  # `_ended` comes with the loop's next turn
        raise HiveError(
            "the terminals are gone: tmux has ended",
            hint="start what ran in them again",
            code="no_terminals",
        )

    async def _inside(self, window: str, line: str, commands: int = 1) -> list[list[bytes]]:
        """Run commands about a window that may be gone since it was last heard of."""
        try:
            return await self._run(line, commands)
        except TmuxError as error:
            if "can't find" in error.message:
                raise refusals.no_window(window) from None
            raise

    async def _quietly(self, line: str) -> None:
        """Run what may find its window gone already."""
        with contextlib.suppress(HiveError):
            await self._run(line)

    async def _sessions(self) -> tuple[str, ...]:
        try:
            lines = (await self._run("list-sessions -F '#{session_name}'"))[0]
        except HiveError:
            return ()
        return tuple(line.decode("utf-8", "replace") for line in lines)

    async def _end_server(self) -> None:
        """End a server in which nothing runs."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(HiveError, ConnectionError):
            await connection.run("kill-server")
        await connection.close()
        self._socket.unlink(missing_ok=True)

    # --- what is known -----------------------------------------------------------------------

    def _noticed(self, notice: Notice) -> None:
        if notice.name != b"subscription-changed":
            return
        if self._changing.locked():  # it may tell of before the change
            self._missed = True
        else:
            self._replace(tmux_rows.read_all(notice.rest))

    @contextlib.asynccontextmanager
    async def _change(self) -> AsyncIterator[None]:
        """Make or end windows, one at a time; then look at what was told meanwhile."""
        async with self._changing:
            self._missed = False
            yield
            if self._missed and self._connection is not None:
                with contextlib.suppress(HiveError):
                    await self._look()

    async def _look(self) -> None:
        rows = await self._run(f"display-message -p {quote(tmux_rows.ALL)}")
        self._replace(tmux_rows.read_all(_told(rows[0])))

    def _replace(self, told: tmux_rows.Told | None) -> None:
        if told is None:
            return
        found = {pane.key: pane for pane in told.panes}
        for key in self._panes.keys() - found.keys():
            self._lose(key)
        for pane in found.values():
            self._take(pane)

    def _take(self, pane: Pane) -> None:
        if pane.view.dead and pane.view.exit_code is None and pane.pane not in self._settling:
            self._settling[pane.pane] = asyncio.ensure_future(self._settle())
            return
        known = self._panes.get(pane.key)
        self._panes[pane.key] = pane
        if known is None or _visible(known) != _visible(pane):
            self._tell(pane.view)

    async def _settle(self) -> None:
        """Look again at once: a program's output ends a moment before its status is known."""
        await asyncio.sleep(_SETTLE_S)
        with contextlib.suppress(HiveError):
            await self._look()

    def _lose(self, key: tuple[str, str]) -> None:
        """A window is gone: with which status its program ended, nobody knows any more."""
        pane = self._panes.pop(key, None)
        if pane is not None:
            self._shown.pop(pane.pane, None)
            self._settling.pop(pane.pane, None)
            code = pane.view.exit_code if pane.view.dead else None
            self._tell(
                msgspec.structs.replace(pane.view, pid=None, command="", dead=True, exit_code=code)
            )

    def _all_gone(self) -> None:
        for key in tuple(self._panes):
            self._lose(key)

    def _tell(self, view: WindowView) -> None:
        for watcher in tuple(self._watchers):
            watcher(view)

    def _pane(self, env_uid: str, window: str) -> Pane:
        pane = self._panes.get((env_uid, window))
        if pane is None:
            raise refusals.no_window(window)
        return pane


def _visible(pane: Pane) -> tuple[WindowView, bool]:
    return msgspec.structs.replace(pane.view, active_at=0.0), pane.attached > 0


def _one(lines: Sequence[bytes]) -> str:
    return lines[0].decode("utf-8", "replace") if lines else ""


def _told(lines: Sequence[bytes]) -> bytes:
    return tmux_rows.SUBSCRIPTION.encode() + b" : " + b"\n".join(lines)


def _answers(socket: Path) -> bool:
    """Whether a server listens at a socket."""
    with sockets.socket(sockets.AF_UNIX) as link:
        link.settimeout(1.0)
        try:
            link.connect(str(socket))
        except OSError:
            return False
    return True
