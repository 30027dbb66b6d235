"""Methods about terminals: the way into a window, and what it shows."""

from __future__ import annotations

import asyncio
import contextlib
from binascii import b2a_base64
from typing import Any

from hive_tui.config.secrets import Masker, used
from hive_tui.daemon.methods.params import Params, env_of, text
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.agents.protocols import Screen
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.terminals import Terminals
from hive_tui.engine.thrift import Thrift


class TerminalMethods:
    """What can be asked about the windows of envs."""

    def __init__(self, hive: Hive, thrift: Thrift, terminals: Terminals) -> None:
        self._hive = hive
        self._thrift = thrift
        self._terminals = terminals

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "terminal.open": self._open,
            "terminal.screen": self._screen,
            "terminal.windows": self._windows,
        }

    async def _open(self, params: Params, emit: Emit) -> Any:
        """Make sure that a window is there; the command that shows it."""
        live = env_of(self._hive, params)
        live.activity.touch("hive open")
        await self._thrift.wake(live)
        window = await self._terminals.enter(live, params.get("window") or None)
        host = self._terminals.host
        return {
            "command": list(host.attach_command(live.record.uid, window)),
            "env": {},
            "window": window,
            "host": host.name,
        }

    async def _screen(self, params: Params, emit: Emit) -> Any:
        """What a window shows; with `follow` an event for each change until it is gone."""
        live, window = env_of(self._hive, params), text(params, "window")
        mask = Masker(used(live.project, self._hive.world.secrets()))
        if not params.get("follow"):
            screen = await self._terminals.host.screen(live.record.uid, window)
            return await asyncio.to_thread(_wire, screen, mask)
        screens = self._terminals.screens.follow(live.record.uid, window)
        async with contextlib.aclosing(screens):  # type: ignore[type-var]
            async for screen in screens:
                await emit(_wire(screen, mask))
        return {}

    async def _windows(self, params: Params, emit: Emit) -> Any:
        envs = [env_of(self._hive, params)] if params.get("env") else self._hive.envs.values()
        return {"windows": [row for live in envs for row in self._rows(live)]}

    def _rows(self, live: LiveEnv) -> list[dict[str, Any]]:
        return [
            {
                "env": live.id,
                "window": view.window,
                "pid": view.pid,
                "title": view.title,
                "command": view.command,
                "dead": view.dead,
                "exit_code": view.exit_code,
            }
            for view in self._terminals.of(live)
        ]


def _wire(screen: Screen, mask: Masker) -> dict[str, Any]:
    lines = [b2a_base64(mask(line), newline=False).decode() for line in screen.lines]
    return {"lines": lines, "cursor": screen.cursor}
