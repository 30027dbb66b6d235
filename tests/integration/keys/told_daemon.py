"""A daemon that runs nothing and answers as told: the sample fleet, and what every key asks for.

Started by the tests as a process of its own; it ends with its standard input. With `--empty` it
has no project.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

import msgspec

from hive_tui.daemon.server import Emit, Server
from hive_tui.model.events import LogEvent
from hive_tui.model.home import locate
from tests.app import scenes

EVENTS = 60
"""Events that it remembers, each with its number."""


SILENT = ("focus", "daemon.status", "ports", "logs", "pin")
AGENT = ("agent.seen", "agent.interrupt", "agent.heal", "agent.send", "agent.unqueue")


class Told:
    """What it says."""

    def __init__(self, *, empty: bool) -> None:
        told = scenes.snapshot([], project=False) if empty else scenes.snapshot()
        self._snapshot = msgspec.structs.replace(told, events=() if empty else _events())
        self._answers = itertools.count(1)

    def _number(self) -> str:
        """One for every answer, so that no toast looks like one before it."""
        return f"#{next(self._answers)}"

    async def subscribe(self, params: dict[str, Any], emit: Emit) -> Any:
        """The sample fleet, then nothing more."""
        await emit(self._snapshot)
        await asyncio.Event().wait()

    async def transition(self, params: dict[str, Any], emit: Emit) -> Any:
        """It went well."""
        done = f"{params['transition']} {self._number()}"
        return {"outcome": "succeeded", "transition": done, "makespan_s": 2.0}

    async def service(self, params: dict[str, Any], emit: Emit) -> Any:
        """It went well."""
        done = f"{params['action']} {' '.join(params['services'])} {self._number()}"
        return {"outcome": "succeeded", "transition": done, "makespan_s": 2.0}

    async def test(self, params: dict[str, Any], emit: Emit) -> Any:
        """Red."""
        return {"tests": [{"name": f"unit {self._number()}", "state": "failed"}]}

    async def losses(self, params: dict[str, Any], emit: Emit) -> Any:
        """One file."""
        return {"nothing": False, "lines": ["1 untracked file: NOTES.md"]}

    async def undo(self, params: dict[str, Any], emit: Emit) -> Any:
        """An env that was destroyed comes back."""
        return {"env": f"shop/long-gone {self._number()}", "notes": []}

    async def url(self, params: dict[str, Any], emit: Emit) -> Any:
        """An address of the env."""
        return {"url": f"http://127.0.0.1:9/{self._number()}"}

    async def forward(self, params: dict[str, Any], emit: Emit) -> Any:
        """They lead there."""
        return {"forwards": [{"port": 3000, "name": self._number()}]}

    async def environ(self, params: dict[str, Any], emit: Emit) -> Any:
        """Where its shell begins."""
        return {"worktree": os.getcwd(), "variables": {"HIVE_ENV": params["env"]}}

    async def open_terminal(self, params: dict[str, Any], emit: Emit) -> Any:
        """A program that waits for Enter stands for the window."""
        return {"command": ["/bin/sh", "-c", "read line"], "window": "agent"}

    async def trace(self, params: dict[str, Any], emit: Emit) -> Any:
        """How it warmed last."""
        return scenes.trace()

    async def answer(self, params: dict[str, Any], emit: Emit) -> Any:
        """Somebody else was faster."""
        return {"delivered": False, "reason": f"{params['choice']} {self._number()}"}

    async def nothing(self, params: dict[str, Any], emit: Emit) -> Any:
        """The answer to all else."""
        return {}


def _events() -> tuple[LogEvent, ...]:
    """More than a screen shows, of an env whose page no test reads."""
    return tuple(
        LogEvent(at, scenes.ago(1000 - at), "told", f"event number {at:02d}", "shop/old-idea")
        for at in range(1, EVENTS + 1)
    )


async def main() -> None:
    """Serve until standard input ends; says `ready` on standard output."""
    told = Told(empty="--empty" in sys.argv)
    answers = [
        "subscribe",
        "transition",
        "service",
        "test",
        "losses",
        "undo",
        "url",
        "forward",
        "environ",
        "trace",
    ]
    server = Server(
        locate(os.environ, uid=os.getuid()),
        {
            **dict.fromkeys((*SILENT, *AGENT), told.nothing),
            "agent.answer": told.answer,
            **{name: getattr(told, name) for name in answers},
            "terminal.open": told.open_terminal,
        },
        log=logging.getLogger("told"),
    )
    await server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await server.close()


if __name__ == "__main__":
    asyncio.run(main())
