"""A client that a test drives, and the screen as lines of text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from hive_tui.app.app import HiveApp
from hive_tui.app.state import HiveState, Link
from hive_tui.app.widgets.fleet_grid import FleetGrid
from hive_tui.client.protocol import ConnectionState, HiveClient, OnEvent, OnState
from hive_tui.model.errors import HiveError
from hive_tui.model.wire import Snapshot, Update
from tests.app import scenes

DEADLINE_S = 6.0


class ScriptedClient(HiveClient):
    """Says what the test tells it to say, and keeps what it was asked."""

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.on_state: OnState | None = None
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.listeners: list[OnEvent] = []
        self.answers: dict[str, Any] = {"focus": {}, **(answers or {})}
        self.events: dict[str, Any] = {}
        """By method: an event before the answer."""
        self._hung_up = asyncio.Event()
        self._awake = asyncio.Event()
        self._awake.set()
        self._updates: asyncio.Queue[Update] = asyncio.Queue()

    def say(self, update: Update) -> None:
        """The daemon sends an update."""
        self._updates.put_nowait(update)

    def link(self, state: ConnectionState, reason: str | None = None) -> None:
        """The connection changes."""
        assert self.on_state is not None
        self.on_state(state, reason)

    def hang_up(self) -> None:
        """Running calls end, as when the daemon dies; later ones work."""
        self._hung_up.set()
        self._hung_up = asyncio.Event()

    def hang(self) -> None:
        """The daemon answers nothing until it wakes; what it had said before arrives."""
        self._awake.clear()

    def wake(self) -> None:
        """It answers, also what it was asked before."""
        self._awake.set()

    async def until_hung_up(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Go on with a call until it ends or the daemon is gone."""
        hung_up = asyncio.ensure_future(self._hung_up.wait())
        going = asyncio.ensure_future(call)
        try:
            await asyncio.wait({hung_up, going}, return_when=asyncio.FIRST_COMPLETED)
            if going.done():
                return going.result()
            raise HiveError("the daemon went away", code="disconnected")
        finally:
            hung_up.cancel()
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Parameters of every call of a method."""
        return [params for name, params in self.calls if name == method]

    async def connect(self) -> None:
        return

    async def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> Any:
        self.calls.append((method, params or {}))
        await self._awake.wait()
        if method == "logs" and on_event is not None and (params or {}).get("follow"):
            self.listeners.append(on_event)
            await self._hung_up.wait()
            raise HiveError("the daemon went away", code="disconnected")
        if on_event is not None and method in self.events:
            on_event(self.events[method])
        answer = self.answers.get(method)
        if isinstance(answer, HiveError):
            raise answer
        if answer is None:
            raise HiveError(f"no answer to {method}", code="not_found")
        return answer

    async def updates(self) -> AsyncIterator[Update]:
        while True:
            yield await self._updates.get()

    async def close(self) -> None:
        return


class Driven:
    """An app under test with its client and its pilot."""

    def __init__(self, app: HiveApp, client: ScriptedClient, pilot: Pilot[None]) -> None:
        self.app = app
        self.client = client
        self.pilot = pilot

    def rows(self) -> list[str]:
        """The screen, a string a row."""
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    def text(self) -> str:
        """The screen as one string."""
        return "\n".join(self.rows())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so, and all of it is drawn."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await self.pilot.pause(0.005)
        await self.pilot.pause()

    async def until_shown(self, text: str) -> None:
        """Wait until a text stands on the screen."""
        try:
            await self.until(lambda: text in self.text())
        except TimeoutError:
            raise AssertionError(f"never shown: {text!r}\n{self.text()}") from None

    async def until_asked(self, method: str) -> dict[str, Any]:
        """Wait for a call; its parameters."""
        await self.until(lambda: bool(self.client.asked(method)))
        return self.client.asked(method)[-1]

    async def say(self, update: Update) -> HiveState:
        """Send an update and wait until the screens have it."""
        before = self.app.state
        self.client.say(update)
        await self.until(lambda: self.app.state is not before)
        return self.app.state


@asynccontextmanager
async def driven(
    snapshot: Snapshot | None = None,
    *,
    size: tuple[int, int] = (120, 36),
    answers: dict[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[Driven]:
    """An app that already shows a snapshot (the whole sample fleet where left out)."""
    client = ScriptedClient(answers)
    app = HiveApp(client, clock=lambda: scenes.NOW, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        it = Driven(app, client, pilot)
        client.say(scenes.snapshot() if snapshot is None else snapshot)
        await it.until(lambda: app.state.link is Link.LIVE)
        yield it


async def select(it: Driven, name: str) -> None:

    it.app.screen.query_one(FleetGrid).select(f"shop/{name}")
    await it.pilot.pause()
