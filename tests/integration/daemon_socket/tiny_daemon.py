"""A daemon with one method that stops it, started by the tests as a process of its own.

Every one that gets the home's lock adds its pid to `served` in the home.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from hive_tui.daemon.server import Emit, Server
from hive_tui.daemon.starting import begin, signal_ready
from hive_tui.model.errors import HiveError
from hive_tui.model.home import Home, locate


async def serve(home: Home) -> None:
    stopped = asyncio.Event()

    async def stop(params: dict[str, Any], emit: Emit) -> Any:
        stopped.set()
        return {}

    async def about(params: dict[str, Any], emit: Emit) -> Any:
        return {"pid": os.getpid(), "environ": dict(os.environ), "cwd": os.getcwd()}

    async def die(params: dict[str, Any], emit: Emit) -> Any:
        os._exit(9)

    async def subscribe(params: dict[str, Any], emit: Emit) -> Any:
        hive = {"slots": os.getpid()}
        await emit({"type": "snapshot", "hive": hive, "envs": [], "events": []})
        await stopped.wait()

    table = {"daemon.stop": stop, "daemon.status": about, "die": die, "subscribe": subscribe}
    server = Server(home, table, log=logging.getLogger("hive.tiny"))
    await server.start()
    with (home.state / "served").open("a") as served:
        served.write(f"{os.getpid()}\n")
    signal_ready(None)
    await stopped.wait()
    await server.close()


def main() -> int:
    home = locate(os.environ, uid=os.getuid())
    try:
        fault = os.environ.get("HIVE_FAULT", "")
        lock = begin(home)
        if lock is None:
            return 0
        if fault == "die":
            sys.stderr.write(json.dumps({"why": "a fault was asked for"}) + "\n")
            return 1
        if fault == "refuse":
            raise HiveError("cannot serve today", hint="tomorrow", code="holiday")
        asyncio.run(serve(home))
        lock.release()
    except HiveError as error:
        signal_ready(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
