"""Terminals in a private tmux server, watched and driven through one connection.

The server belongs to the home alone: its socket lies in the home's folder, it reads no file of the
person's, and it goes when the last window has gone. tmux tells of titles, commands and ends by a
subscription; no output ever comes over the connection, however much a program prints. Screens are
fetched when somebody looks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

import msgspec

from hive_tui.drivers.terminals import (
    belonging,
    keys,
    refusals,
    tmux_lines,
    tmux_rows,
)
from hive_tui.drivers.terminals.control import TmuxError, quote
from hive_tui.drivers.terminals.picture import clean
from hive_tui.drivers.terminals.tmux_lines import Order
from hive_tui.drivers.terminals.tmux_rows import Pane, Told
from hive_tui.drivers.terminals.tmux_server import TmuxServer
from hive_tui.engine.agents.protocols import Screen, WindowView
from hive_tui.engine.protocols import Processes

_SETTLE_S = 0.05
_SETTLES = 40
"""How long after the end of a program's output its status is known."""


class TmuxTerminals:
    """A `TerminalHost` of tmux windows."""

    def __init__(self, socket: Path, processes: Processes, environ: Mapping[str, str]) -> None:
        """Create it; nothing is started.

        Args:
            socket: Of the server; its folder is the person's alone.
            processes: Of this machine.
            environ: Environment of the daemon.
        """
        self._processes = processes
        self._server = TmuxServer(socket, environ, self._told, self._all_gone)
        self._panes: dict[tuple[str, str], Pane] = {}
        self._shown: dict[str, tuple[list[bytes], tuple[bytes, ...]]] = {}
        self._settling: dict[str, asyncio.Task[None]] = {}
        self._unknowable: set[str] = set()
        """Panes whose program has ended with a status that the server never told."""
        self._watchers: set[Callable[[WindowView], None]] = set()
        self._changing = asyncio.Lock()
        self._making = False
        """True while windows are made or ended."""
        self._missed = False
        """Whether something was told meanwhile."""
        self._buffers = count(1)

    @property
    def name(self) -> str:
        return "tmux"

    @property
    def version(self) -> str:
        tmux = self._server.tmux
        return f"tmux {tmux.version}" if tmux is not None else "tmux"

    @property
    def connection_pid(self) -> int | None:
        """Of the client that watches; `None` while there is nothing to watch."""
        return self._server.pid

    async def open(self) -> None:
        """See `TerminalHost.open`: a server that is there is watched, none is started."""
        await self._server.open()

    async def close(self) -> None:
        for settling in self._settling.values():
            settling.cancel()
        await asyncio.gather(*self._settling.values(), return_exceptions=True)
        await self._server.close()

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
            await self._server.begin()
            self._making = True
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
            elif env_uid in await self._server.sessions():
                line, commands = tmux_lines.window(order)
            else:
                line, commands = tmux_lines.session(order)
            lines = await self._server.run(line, commands)
            pane = tmux_rows.read(_one(lines[-1]))
            if pane is None:
                raise TmuxError(f"tmux lost the window {window} as it was made")
            self._forget_end(pane.pane)
            self._take(pane)
            return pane.view

    async def kill(self, env_uid: str, window: str | None = None) -> None:
        async with self._change():
            self._making = True
            for key, pane in tuple(self._panes.items()):
                if key[0] != env_uid or window not in (None, key[1]):
                    continue
                await belonging.end(self._processes, pane.leader, pane.run_id)
                await self._server.quietly(f"kill-pane -t {pane.pane}")
                self._lose(key)
            if window is None and env_uid in await self._server.sessions():
                await self._server.quietly(f"kill-session -t ={env_uid}")
            if not await self._server.sessions():
                await self._server.end()

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
            once=True,
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
            await self._inside(window, f"send-keys -t {pane.pane} -- {words}", once=True)

    def attach_command(self, env_uid: str, window: str | None = None) -> tuple[str, ...]:
        program = self._server.tmux.path if self._server.tmux is not None else "tmux"
        target = f"={env_uid}"
        if window is not None:
            target += f":{self._pane(env_uid, window).window_id}"
        return (
            *("env", "-u", "TMUX", "-u", "TMUX_PANE"),
            *(program, "-u", "-S", str(self._server.socket), "attach-session", "-E", "-t", target),
        )

    async def _inside(
        self, window: str, line: str, commands: int = 1, *, once: bool = False
    ) -> list[list[bytes]]:
        """Run commands about a window that may be gone since it was last heard of."""
        try:
            return await self._server.run(line, commands, once=once)
        except TmuxError as error:
            if "can't find" in error.message:
                raise refusals.no_window(window) from None
            raise

    # --- what is known -----------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _change(self) -> AsyncIterator[None]:
        """Make or end windows, one at a time; then look at what was told meanwhile."""
        async with self._changing:
            self._missed = False
            try:
                yield
            finally:
                self._making = False
        if self._missed:
            await self._server.look()

    def _told(self, told: Told) -> None:
        if self._making:  # it may tell of before the change
            self._missed = True
            return
        found = {pane.key: pane for pane in told.panes}
        for key in self._panes.keys() - found.keys():
            self._lose(key)
        for pane in found.values():
            self._take(pane)

    def _take(self, pane: Pane) -> None:
        unsure = pane.view.dead and pane.view.exit_code is None
        if unsure and pane.pane not in self._unknowable:
            if pane.pane not in self._settling:
                self._settling[pane.pane] = asyncio.ensure_future(self._settle(pane))
            return
        known = self._panes.get(pane.key)
        self._panes[pane.key] = pane
        if known is None or _visible(known) != _visible(pane):
            self._tell(pane.view)

    async def _settle(self, pane: Pane) -> None:
        """Look again soon: a program's output ends a moment before its status is known."""
        for _ in range(_SETTLES):
            await asyncio.sleep(_SETTLE_S)
            await self._server.collect()
            await self._server.look()
            known = self._panes.get(pane.key)
            if known is not None and known.view.dead:
                return
        self._unknowable.add(pane.pane)
        await self._server.look()

    def _lose(self, key: tuple[str, str]) -> None:
        """A window is gone: with which status its program ended, nobody knows any more."""
        pane = self._panes.pop(key, None)
        if pane is not None:
            self._shown.pop(pane.pane, None)
            self._forget_end(pane.pane)
            code = pane.view.exit_code if pane.view.dead else None
            self._tell(
                msgspec.structs.replace(pane.view, pid=None, command="", dead=True, exit_code=code)
            )

    def _forget_end(self, pane: str) -> None:
        self._unknowable.discard(pane)
        settling = self._settling.pop(pane, None)
        if settling is not None and settling is not asyncio.current_task():
            settling.cancel()

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
