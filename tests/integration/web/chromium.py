"""A headless Chromium, driven through its DevTools websocket."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

from tests.hives import DEADLINE_S

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,800",
    "--remote-debugging-port=0",
)

_FIND_TERMINAL = """
Object.defineProperty(Object.prototype, "terminal", {
  configurable: true,
  set(value) {
    if (value && value.buffer && !window.found) window.found = value;
    Object.defineProperty(
      this, "terminal", {value, writable: true, configurable: true, enumerable: true});
  },
});
"""
"""Keeps the page's terminal emulator where a script can find it: it draws on a canvas."""

_SCREEN = """
(() => {
  if (!window.found) return "";
  const buffer = window.found.buffer.active;
  const rows = Array.from({length: window.found.rows}, (_, y) => buffer.getLine(y));
  return rows.map(row => row ? row.translateToString(true) : "").join("\\n");
})()"""


class Page:
    """One page of the browser."""

    def __init__(self, devtools: ClientWebSocketResponse) -> None:
        self.requested: list[str] = []
        """Every URL that the page asked for."""
        self._devtools = devtools
        self._numbers = count(1)

    async def send(self, method: str, **params: Any) -> Any:
        """Call a method of the DevTools protocol; its result."""
        number = next(self._numbers)
        await self._devtools.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self._devtools.receive_json(timeout=DEADLINE_S)
            self._note(message)
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def open(self, url: str) -> None:
        """Go to a URL."""
        await self.send("Network.enable")
        await self.send("Page.enable")
        await self.send("Page.addScriptToEvaluateOnNewDocument", source=_FIND_TERMINAL)
        await self.send("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression; a promise is awaited."""
        result = await self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true, looking once a frame."""
        async with asyncio.timeout(DEADLINE_S):
            while not await self.evaluate(expression):
                await self.evaluate("new Promise(requestAnimationFrame)")

    async def until_shown(self, text: str) -> None:
        """Wait until the page's terminal shows a text."""
        await self.until(f"{_SCREEN}.includes({json.dumps(text)})")

    async def press(self, key: str) -> None:
        """Press a key that stands for its own character."""
        await self.send("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        elif message.get("method") == "Network.webSocketCreated":
            self.requested.append(params["url"])


def executable() -> str | None:
    """Path of the browser; `None` where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def browser(program: str, profile: Path) -> AsyncIterator[Page]:
    """A browser with one empty page and a profile of its own; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        program,
        *FLAGS,
        f"--user-data-dir={profile}",
        "about:blank",
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        port = await _port(process, profile)
        async with ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                targets = await answer.json()
            address = next(one["webSocketDebuggerUrl"] for one in targets if one["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as devtools:
                yield Page(devtools)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _port(process: Process, profile: Path) -> int:
    """The DevTools port, once the browser has written it down."""
    written = profile / "DevToolsActivePort"
    async with asyncio.timeout(DEADLINE_S):
        while not (written.exists() and "\n" in written.read_text()):
            assert process.returncode is None, "the browser ended at its start"
            await asyncio.sleep(0.02)
    return int(written.read_text().split("\n")[0])
