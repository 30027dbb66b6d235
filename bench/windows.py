"""Thirty windows of a fleet's agents, all of them looked at: what that costs who fetches them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from binascii import b2a_base64
from pathlib import Path

import msgspec
import psutil

from bench.figures import Figure
from hive_tui.drivers.processes import LocalProcesses
from hive_tui.drivers.terminals.tmux import TmuxTerminals
from hive_tui.engine.screens import Screens

WINDOWS = 30

_AGENT = (
    "i=0; while :; do i=$((i+1)); "
    "printf '\\033[H\\033[38;5;%dm* working, step %d\\033[m\\033[K\\n' $((i % 200)) $i; "
    "[ $((i % 20)) = 0 ] && printf '\\033[2J\\033[3;1H%s' \"$(ls -la --color=always /usr/bin "
    '| head -n 40)"; sleep 0.2; done'
)
"""A full-screen program with a status line that moves five times a second."""


def measure(quick: bool, closing: contextlib.ExitStack) -> list[Figure]:
    """Processor of the fetching process with no one looking, and with all looked at."""
    folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="hb-")))
    return asyncio.run(_measure(folder, 5.0 if quick else 15.0))


async def _measure(folder: Path, seconds: float) -> list[Figure]:
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SHELL": "/bin/sh"}
    processes = LocalProcesses("bench-windows")
    host = TmuxTerminals(folder / "t", processes, environ)
    screens = Screens(host)
    envs = [f"e{number}" for number in range(WINDOWS)]
    told = 0

    async def follow(env: str) -> None:
        nonlocal told
        async for screen in screens.follow(env, "agent"):
            lines = [b2a_base64(line, newline=False).decode() for line in screen.lines]
            msgspec.json.encode({"lines": lines, "cursor": screen.cursor})
            told += 1

    await host.open()
    try:
        for env in envs:
            await host.ensure(env, "agent", ("/bin/sh", "-c", _AGENT), cwd="/", env=environ)
        children = {child.pid for child in psutil.Process().children()}
        unseen = await _share(seconds)
        looking = [asyncio.ensure_future(follow(env)) for env in envs]
        seen = await _share(seconds)
        more = {child.pid for child in psutil.Process().children()} - children
        for look in looking:
            look.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
        await screens.close()
    finally:
        for env in envs:
            await host.kill(env)
        await host.close()
        await processes.close()
    rate = f"{told / seconds / WINDOWS:.1f} pictures a second and window"
    name = f"{WINDOWS} windows that print"
    return [
        Figure("windows", f"{name}, nobody looks: processor", unseen, "%", aim=1.0),
        Figure("windows", f"{name}, all looked at: processor", seen, "%", aim=3.0, beside=rate),
        Figure("windows", f"{name}, all looked at: processes started", len(more), aim=0),
    ]


async def _share(seconds: float) -> float:
    """What this process takes of a core, in percent."""
    cpu, began = time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    return (time.process_time() - cpu) / (time.monotonic() - began) * 100
