"""`python -m bench.busy_daemon`: a daemon that only talks, as fast as asked, over the real socket.

It runs no env: what it says of them is made up. It ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import logging
import os
import sys
import time
from typing import Any

import msgspec

from hive_tui.daemon.server import Emit, Server
from hive_tui.model.environment import (
    EnvDetail,
    EnvState,
    EnvView,
    GitView,
    PortsView,
    ProgressView,
    ServiceState,
    ServiceView,
    TestState,
    TestView,
    Wanted,
)
from hive_tui.model.home import locate
from hive_tui.model.wire import Delta, HiveView, ProjectView, Snapshot

FRAME_S = 1 / 30
"""Between two words, as the real daemon's."""

_AT_ONCE = 1000
"""Lines of a log in one event."""

_TEXT = b" \x1b[32mINFO\x1b[0m GET /api/items/4711?sort=price&page=3 200 in 12.3 ms, 1482 bytes"


class Busy:
    """What it says: envs that change and logs that grow."""

    def __init__(self, envs: int, moving: int, changes: float, lines: float) -> None:
        self._envs = [_env(at, moving=at < moving) for at in range(envs)]
        self._changes = changes
        self._lines = lines

    async def subscribe(self, params: dict[str, Any], emit: Emit) -> Any:
        """A snapshot, then `changes` envs a second; the head's processor counts the deltas."""
        hive = HiveView((ProjectView("shop", "/shop"),), 9_000_000_000, 12_000_000_000)
        await emit(Snapshot(hive, tuple(self._envs), ()))
        if not self._changes:
            await asyncio.Event().wait()
        began, done = time.monotonic(), 0
        for beat in itertools.count(1):
            await asyncio.sleep(FRAME_S)
            due = int((time.monotonic() - began) * self._changes)
            changed = {at % len(self._envs): at for at in range(done, due)}
            done = due
            for at, number in changed.items():
                self._envs[at] = _changed(self._envs[at], number)
            seen = msgspec.structs.replace(hive, cpu_percent=float(beat % 1000))
            await emit(Delta(seen, tuple(self._envs[at] for at in changed)))

    async def logs(self, params: dict[str, Any], emit: Emit) -> Any:
        """Numbered lines, `lines` a second as far as they are taken; none for who only looks."""
        if not params.get("follow"):
            return {}
        began, written, missed = time.monotonic(), 0, 0
        while True:
            due = int((time.monotonic() - began) * self._lines) - missed
            missed += max(0, due - written - 20 * _AT_ONCE)
            due = min(due, written + 20 * _AT_ONCE)
            while written < due:
                upto = min(due, written + _AT_ONCE)
                now = time.time()
                await emit(
                    {
                        "lines": [
                            (now, "api", base64.b64encode(b"line%09d" % at + _TEXT).decode())
                            for at in range(written, upto)
                        ]
                    }
                )
                written = upto
            await asyncio.sleep(FRAME_S)

    async def nothing(self, params: dict[str, Any], emit: Emit) -> Any:
        """The answer to all else."""
        return {}


def _env(at: int, *, moving: bool) -> EnvDetail:
    services = tuple(
        ServiceView(name, "process", ServiceState.READY, pid=1000 + at)
        for name in ("web", "api", "worker", "db", "cache", "mail")
    )
    view = EnvView(
        name=f"env{at}",
        project="shop",
        branch=f"feature/{at}",
        worktree=f"/shop/env{at}",
        index=at,
        state=EnvState.WARMING if moving else EnvState.WARM,
        wanted=Wanted.WARM,
        reason=None,
        ports=PortsView(10_000 + 10 * at, 10, {"web": 10_000 + 10 * at, "api": 10_001 + 10 * at}),
        services=services,
        tests=(TestView("unit", TestState.PASSED, 212, 0), TestView("e2e", TestState.NEVER)),
        agent=None,
        git=GitView(3, 1, 12, 120, 8),
        memory_bytes=400_000_000,
        cpu_percent=2.0,
        progress=ProgressView("warm", 1, 9, 4.0, ("migrate", "build")) if moving else None,
    )
    return EnvDetail(f"shop/env{at}", str(at), view)


def _changed(env: EnvDetail, number: int) -> EnvDetail:
    """The env after one more change: memory, processor, and a step further where it moves."""
    progress = env.view.progress
    if progress is not None:
        progress = msgspec.structs.replace(progress, done=number % 9, eta_s=number % 7 + 0.5)
    view = msgspec.structs.replace(
        env.view,
        memory_bytes=400_000_000 + number % 100 * 1_000_000,
        cpu_percent=float(number % 97),
        progress=progress,
    )
    return msgspec.structs.replace(env, view=view)


async def main() -> None:
    """Serve until standard input ends; says `ready` on standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench.busy_daemon", description=__doc__)
    parser.add_argument("--envs", type=int, default=200)
    parser.add_argument("--moving", type=int, default=0, help="envs with a transition under way")
    parser.add_argument("--changes", type=float, default=0.0, help="a second")
    parser.add_argument("--lines", type=float, default=0.0, help="a second and log")
    asked = parser.parse_args()
    busy = Busy(asked.envs, asked.moving, asked.changes, asked.lines)
    answers = {"subscribe": busy.subscribe, "logs": busy.logs}
    others = ("focus", "daemon.status", "trace", "ports")
    server = Server(
        locate(os.environ, uid=os.getuid()),
        {**dict.fromkeys(others, busy.nothing), **answers},
        log=logging.getLogger("bench"),
    )
    await server.start()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()


if __name__ == "__main__":
    asyncio.run(main())
