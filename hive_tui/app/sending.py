"""Calls to the daemon in workers of the app, and toasts that say how they ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual.app import App

from hive_tui.app.lines import safe
from hive_tui.model.errors import HiveError

if TYPE_CHECKING:
    from hive_tui.client.protocol import HiveClient

Then = Callable[[Any], None]


class Sender:
    """Sends calls and tells how they ended. Nothing blocks."""

    def __init__(
        self, app: App[None], client: HiveClient, words: Callable[[str], str] = str
    ) -> None:
        """Create a sender.

        Args:
            app: Where calls run, and what tells how they ended.
            client: Whom they are sent to.
            words: Puts the keys that are in force into a text.
        """
        self._app = app
        self._client = client
        self._words = words

    def _send(self, method: str, params: dict[str, Any], then: Then) -> None:
        self._run(self._call(method, params, then))

    def _run(self, work: Awaitable[None]) -> None:
        self._app.run_worker(work, group="intents", exit_on_error=False)

    async def _call(
        self,
        method: str,
        params: dict[str, Any],
        then: Then,
        refused: Callable[[HiveError], None] | None = None,
    ) -> None:
        try:
            result = await self._client.call(method, params)
        except HiveError as error:
            (refused or self._failed)(error)
        else:
            then(result if isinstance(result, dict) else {})

    async def _quietly(self, method: str, params: dict[str, Any]) -> None:
        """For what is no request of the person: its failure is not worth a word."""
        with suppress(HiveError):
            await self._client.call(method, params)

    def _failed(self, error: HiveError, name: str | None = None) -> None:
        if error.code == "disconnected":
            return  # the banner says it, and the transition goes on or is resumed
        message = safe(error.message)
        if name is not None and not message.startswith(f"{safe(name)}:"):
            message = f"{safe(name)}: {message}"
        hint = f"\n{safe(error.hint)}" if error.hint else ""
        self._app.notify(message + hint, severity="error", markup=False, timeout=10)

    def _tell(self, text: str, severity: str = "information", timeout_s: float = 4) -> None:
        level: Any = severity
        self._app.notify(safe(text), severity=level, markup=False, timeout=timeout_s)
