"""A dashboard whose logs are real files, read by the daemon's own code without a daemon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from hive_tui.app.app import HiveApp
from hive_tui.app.screens.logs import LogsScreen
from hive_tui.app.state import Link
from hive_tui.app.widgets.log_view import LogView
from hive_tui.client.protocol import OnEvent
from hive_tui.daemon.log_pages import LogPages
from hive_tui.drivers.log_index import LogIndex
from hive_tui.drivers.log_reading import LogReader
from hive_tui.drivers.logs import LogFiles
from tests.app import scenes
from tests.app.scripted import Driven, ScriptedClient

UID = "e1"


class LogClient(ScriptedClient):
    """Answers what is asked about logs; hangs up when told to."""

    def __init__(self, files: LogFiles) -> None:
        super().__init__()
        self._pages = LogPages(LogReader(files))
        self.budget = asyncio.Semaphore(1_000_000)
        """Pages that are still answered."""

    async def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> Any:
        asked = msgspec.json.decode(msgspec.json.encode(params or {}))
        if method not in ("logs", "logs.page"):
            return await super().call(method, params, on_event)
        self.calls.append((method, asked))
        await self._awake.wait()
        sources = asked.get("sources") or ()
        if method == "logs.page":
            await self.budget.acquire()
            return _wired(await self._pages.page(UID, sources, asked, bytes))

        async def emit(event: Any) -> None:
            if on_event is not None:
                on_event(_wired(event))

        return await self.until_hung_up(self._pages.follow(UID, sources, asked, bytes, emit))


class Logged(Driven):
    """An app that shows the logs of an env, and the files."""

    def __init__(self, app: HiveApp, client: LogClient, pilot: Any, files: LogFiles) -> None:
        super().__init__(app, client, pilot)
        self.pages = client
        self.files = files

    def write(self, source: str, *lines: bytes, end: bytes = b"\n", at: float = 0.0) -> None:
        """Write lines as a service does.

        Args:
            source: Whose log.
            lines: Without their ends.
            end: After each of them.
            at: When, for the index; 0 leaves that to the one who looks.
        """
        path = self.files.path(UID, source)
        with path.open("ab", buffering=0) as file:
            file.write(b"".join(line + end for line in lines))
        if at:
            LogIndex(path.with_suffix(".idx")).append(path.stat().st_size, at)

    def number(self, source: str, count: int, *, width: int = 60) -> None:
        """Write lines that tell their number."""
        self.write(source, *(b"row%07d " % at + b"." * width for at in range(count)))

    @property
    def view(self) -> LogView:
        return self.app.screen.query_one(LogView)

    async def open(self, shown: str) -> LogView:
        """Open the logs and wait until a text is there."""
        await self.press("l")
        await self.until(lambda: isinstance(self.app.screen, LogsScreen))
        await self.until_shown(shown)
        return self.view


@asynccontextmanager
async def logged(folder: Path, *, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Logged]:
    """A dashboard over the fleet of the scenes; the logs of every env are those of one folder."""
    files = LogFiles(folder, max_bytes=1 << 40)
    client = LogClient(files)
    app = HiveApp(client, clock=lambda: scenes.NOW)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            it = Logged(app, client, pilot, files)
            client.say(scenes.snapshot())
            await it.until(lambda: app.state.link is Link.LIVE)
            yield it
    finally:
        files.close()


def _wired(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))
