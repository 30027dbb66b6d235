"""`hive web` of a test's own, asked by aiohttp's client."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.hives import DEADLINE_S, Yard


class Served:
    """A running `hive web`, from the printed URL to the end of its processes."""

    def __init__(self, yard: Yard, *, session: bool = False) -> None:
        """Start it and wait for its URL.

        Args:
            yard: Whose hive.
            session: Give it a process group of its own, as a shell does.
        """
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hive_tui", "web", "--json"],
            cwd=yard.repo,
            env=yard.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=session,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        if not first:
            raise AssertionError(self.process.communicate())
        self.url: str = json.loads(first)["url"]
        parts = urlsplit(self.url)
        assert parts.port is not None
        self.port = parts.port
        self.token = parts.path.strip("/")
        self.place = parts.netloc
        self.origin = f"http://{self.place}"
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors)
        self._reader.start()

    def __enter__(self) -> Served:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.end()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send it a signal, Ctrl-C's where left out, and wait; its exit status."""
        self.process.send_signal(number)
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    @property
    def websocket(self) -> str:
        """Address of the websocket."""
        return f"ws://{self.place}/{self.token}/ws?width=100&height=30"

    def apps(self) -> list[int]:
        """Pids of the app processes, by what the kernel says of the server's children."""
        pid = self.process.pid
        found: list[int] = []
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(word) for word in children.read_text().split()]
        return sorted(found)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)


async def until_shown(tab: ClientWebSocketResponse, text: str) -> str:
    """Read what a tab gets until a text is in it; all that it got."""
    got = ""
    async with asyncio.timeout(DEADLINE_S):
        async for message in tab:
            if message.type is WSMsgType.BINARY:
                got += message.data.decode(errors="replace")
            if text in got:
                return got
    raise AssertionError(f"the websocket was closed before {text!r} came: {got[-500:]!r}")


def variables(pid: int) -> dict[str, str]:
    """Environment of a process."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(os.fsdecode(pair).split("=", 1) for pair in pairs if b"=" in pair)
