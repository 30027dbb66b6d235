"""The daemon's life: take the lock, open, serve until told otherwise, close."""

from __future__ import annotations

import asyncio
import json
import logging
import logging.handlers
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from hive_tui import __version__
from hive_tui.daemon.locking import Lock
from hive_tui.daemon.starting import begin, signal_ready
from hive_tui.model.errors import HiveError
from hive_tui.model.home import Home, locate

if TYPE_CHECKING:
    from hive_tui.daemon.composition import Daemon
    from hive_tui.daemon.server import Server

log = logging.getLogger(__name__)

IDLE_S = 600.0
"""A daemon without clients and without anything running ends after this long."""

_LOOK_S = 30.0
_LOG_BYTES = 5 * 1024 * 1024


def main() -> int:
    """Run the daemon of the home that the environment names; returns its exit status."""
    home = locate(os.environ, uid=os.getuid())
    try:
        home.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = begin(home)
    except (HiveError, OSError) as error:
        return _fail(error)
    if lock is None:
        return 0
    _log_to(home)
    try:
        asyncio.run(_serve(home, lock))
    except HiveError as error:
        return _fail(error)
    return 0


async def _serve(home: Home, lock: Lock) -> None:
    from hive_tui.daemon.composition import Daemon
    from hive_tui.daemon.server import Server

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    os.chdir("/")
    daemon = Daemon(home, os.environ, lambda: _later(loop, ended))
    server = Server(home, daemon.handlers, log=logging.getLogger("hive_tui.daemon.server"))
    try:
        await daemon.open()
        await server.start()
        log.info("serving version=%s pid=%d", __version__, os.getpid())
        signal_ready(None)
        await _until_ended(ended, daemon, server)
    finally:
        await server.close()
        await daemon.close()
        log.info("ended pid=%d", os.getpid())


def _later(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """End after the answer to the one who asked for it has been written."""
    loop.call_later(0.05, ended.set)


async def _until_ended(ended: asyncio.Event, daemon: Daemon, server: Server) -> None:
    while not ended.is_set():
        try:
            async with asyncio.timeout(_LOOK_S):
                await ended.wait()
        except TimeoutError:
            since = server.idle_since
            if since is not None and time.monotonic() - since > IDLE_S and not daemon.busy:
                log.info("nothing runs and nobody asks: ending")
                return


def _log_to(home: Home) -> None:
    handler = logging.handlers.RotatingFileHandler(
        home.daemon_log, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8"
    )
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


class _JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def _fail(error: HiveError | OSError) -> int:
    failure = (
        error if isinstance(error, HiveError) else HiveError(f"the daemon cannot run: {error}")
    )
    signal_ready(failure)
    sys.stderr.write(f"hive daemon: {failure.message}\n")
    return failure.exit_status
