"""Listens to the server of one OpenCode, and answers it. One connection; nothing is polled."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from hive_tui.drivers.agents.opencode import USER, answer_path
from hive_tui.drivers.agents.opencode_events import OpenCodeView, apply, snapshot
from hive_tui.engine.agents.books import Told
from hive_tui.engine.agents.evidence import Native
from hive_tui.engine.agents.signals import Question

if TYPE_CHECKING:
    from aiohttp import ClientSession

log = logging.getLogger(__name__)

RETRY_S = 0.5
"""Between two attempts to reach it: it takes seconds to begin, and ends with its window."""
SILENT_S = 40.0
"""It gives a sign of life every ten seconds."""
ANSWER_S = 5.0
LARGEST = 4 * 1024 * 1024
"""Bytes of an event."""


class OpenCodeServer:
    """One of them, by its port."""

    def __init__(
        self,
        port: int,
        password: str,
        session: str,
        changed: Callable[[Native | None, Told], None],
    ) -> None:
        """Begin to listen.

        Args:
            port: On 127.0.0.1.
            password: Of the server.
            session: The conversation, where it is known.
            changed: Takes what it says; `None` while it is not reached.
        """
        self._url = f"http://127.0.0.1:{port}"
        self._password = password
        self._view = OpenCodeView(session=session)
        self._changed = changed
        self._http: ClientSession | None = None
        self._task = asyncio.get_running_loop().create_task(self._listen())

    def close(self) -> None:
        """Listen no more."""
        self._task.cancel()

    async def reply(self, question: Question, body: str) -> bool:
        """Answer a question; False where it is not open any more."""
        return await self._post(answer_path(question), body.encode())

    async def prompt(self, text: str) -> bool:
        """Prompt its conversation; where there is none yet, its screen begins one."""
        if session := self._view.session:
            parts = {"parts": [{"type": "text", "text": text}]}
            return await self._post(f"/session/{session}/prompt_async", msgspec.json.encode(parts))
        written = await self._post("/tui/append-prompt", msgspec.json.encode({"text": text}))
        return written and await self._post("/tui/submit-prompt", b"{}")

    async def _post(self, path: str, body: bytes) -> bool:
        from aiohttp import ClientError

        if self._http is None:
            return False
        headers = {"Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                self._http.post(path, data=body, headers=headers) as answer,
            ):
                # an unknown path is answered by a page
                return answer.status < 300 and "html" not in answer.content_type
        except (ClientError, OSError, TimeoutError):
            return False

    async def _listen(self) -> None:
        from aiohttp import BasicAuth, ClientError, ClientSession, ClientTimeout

        auth = BasicAuth(USER, self._password)
        limits = ClientTimeout(total=None, sock_connect=ANSWER_S, sock_read=SILENT_S)
        async with ClientSession(
            self._url, auth=auth, timeout=limits, read_bufsize=LARGEST, trust_env=False
        ) as http:
            while True:
                try:
                    await self._once(http)
                except (ClientError, OSError, TimeoutError, ValueError) as error:
                    log.debug("opencode at %s: %s", self._url, error)
                if self._http is not None:
                    self._http = None
                    self._changed(None, Told())
                await asyncio.sleep(RETRY_S)

    async def _once(self, http: ClientSession) -> None:
        """Listen until the connection ends."""
        async with http.get("/event") as events:
            events.raise_for_status()
            self._http = http
            statuses = await self._get(http, "/session/status")
            asked = [await self._get(http, path) for path in ("/permission", "/question")]
            permissions, questions = (rows if isinstance(rows, list) else [] for rows in asked)
            known = statuses if isinstance(statuses, dict) else {}
            self._view = snapshot(self._view, known, permissions, questions, time.time())
            self._tell()
            async for line in events.content:
                if line.startswith(b"data:"):
                    self._event(line[5:])

    async def _get(self, http: ClientSession, path: str) -> Any:
        async with http.get(path) as answer:
            if "json" not in answer.content_type:
                return None
            return msgspec.json.decode(await answer.read())

    def _event(self, data: bytes) -> None:
        try:
            event = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        kind, said = (
            (event.get("type"), event.get("properties"))
            if isinstance(event, dict)
            else (
                None,
                None,
            )
        )
        if isinstance(kind, str) and isinstance(said, dict):
            before, self._view = self._view, apply(self._view, kind, said, time.time())
            if self._view != before:
                self._tell()

    def _tell(self) -> None:
        view = self._view
        self._changed(view.native(), Told(view.session, view.model, view.tokens, view.cost_usd))
