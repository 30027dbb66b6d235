"""Follows the runs of containers that somebody watches: which live, and how they ended.

One stream of events serves all. It ends without a word, so whenever it begins, everything that is
watched is looked at again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from hive_tui.drivers.docker import naming
from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.faults import MissingError
from hive_tui.engine.container_protocols import Contained
from hive_tui.engine.protocols import Exit
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

RESTARTED = "the container engine was restarted"
GONE = "the container engine is gone; it is looked for"
SHUTDOWN_S = 20.0
"""What ends within this time before the engine goes has ended with it."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
"""Between two tries to reach an engine that is gone."""
_EVENTS = ["start", "die", "oom", "pause", "unpause", "destroy"]
_SIGNALLED = 128


class Watched:
    """One container whose run is followed."""

    def __init__(self, container: str) -> None:
        self.container = container
        self.run: Contained | None = None
        """`None` until it is known which run it is."""
        self.running = True
        self.paused = False
        self.oom = False
        self.died: dict[str, str] | None = None
        """What the engine said of an end."""
        self.ended_at: float | None = None
        self.exit: Exit | None = None
        self.waiters: list[asyncio.Future[Exit]] = []
        self.before_end: Callable[[], Awaitable[None]] | None = None
        """Awaited before anybody is told of the end: the rest of its log."""
        self.explain: Callable[[dict[str, Any]], str | None] = lambda state: None
        """What an end means, given the engine's state of the container, beyond the status."""


class Runs:
    """All watched runs of one hive. Needs the running loop."""

    def __init__(self, client: Client, home: str) -> None:
        self._client = client
        self._home = home
        self._watched: dict[str, Watched] = {}
        self.lost: Callable[[str], None] = lambda why: None
        """Told when the engine is gone, and why."""
        self.returned: Callable[[frozenset[str]], None] = lambda ended: None
        """Told when it is back, with the ids of what ended with it."""
        self._follower: asyncio.Task[None] | None = None
        self._concluding: set[asyncio.Task[None]] = set()
        self._here = asyncio.Event()
        self._began_late = False
        """True where the engine did not answer when it was first asked."""

    async def reachable(self) -> None:
        """Return once the engine answers."""
        self._begin()
        await self._here.wait()

    def expect(self, container: str) -> Watched:
        """Follow a container that is about to be started."""
        self._begin()
        self._watched[container] = watched = Watched(container)
        return watched

    def get(self, run: Contained) -> Watched | None:
        """What is known of a run; `None` where it is not followed."""
        watched = self._watched.get(run.container)
        return watched if watched is not None and _same(watched.run, run) else None

    def all(self) -> list[Watched]:
        """Everything that is followed and has not ended."""
        return [watched for watched in self._watched.values() if watched.exit is None]

    def forget(self, container: str) -> None:
        """Follow it no more."""
        self._watched.pop(container, None)

    def look_back(self, run: Contained, attach: Callable[[Watched], Awaitable[None]]) -> None:
        """Follow a run that nobody followed, to find out how it ended once the engine answers.

        Args:
            run: What an earlier daemon followed.
            attach: Sees to its output, of which the rest may still come.
        """
        watched = self.expect(run.container)
        watched.run, watched.running = run, False

        async def conclude() -> None:
            await self.reachable()
            await attach(watched)
            await self._conclude(watched, {}, RESTARTED if self._began_late else None)

        task = asyncio.create_task(conclude())
        self._concluding.add(task)
        task.add_done_callback(self._concluding.discard)

    def exited(self, run: Contained) -> asyncio.Future[Exit]:
        """A future that ends when the run has ended."""
        future: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        watched = self.get(run)
        if watched is None:
            future.set_result(Exit(None))
        elif watched.exit is not None:
            future.set_result(watched.exit)
        else:
            watched.waiters.append(future)
        return future

    async def settle(self, watched: Watched, run: Contained, state: dict[str, Any]) -> None:
        """Take note of which run it is that was expected, and how the engine says it is."""
        watched.run = run
        watched.paused = bool(state.get("Paused"))
        if watched.died is not None or not state.get("Running"):
            self._end(watched, watched.died or {})

    async def close(self) -> None:
        """Stop following."""
        tasks = [*self._concluding, *([self._follower] if self._follower else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._follower = None

    def _begin(self) -> None:
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        pause_s = _FIRST_PAUSE_S
        lost_at: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            try:
                params = {
                    "filters": json.dumps(
                        {
                            "type": ["container"],
                            "label": [f"{naming.HOME}={self._home}"],
                            "event": _EVENTS,
                        }
                    )
                }
                async with self._client.streaming(
                    "its events", "GET", "events", params=params
                ) as stream:
                    await self._look_at_all(lost_at)
                    pause_s, lost_at = _FIRST_PAUSE_S, None
                    self._here.set()
                    while line := await stream.readline():
                        self._heard(json.loads(line))
            except HiveError as error:
                if self._here.is_set():
                    log.warning("the engine is gone: %s", error)
            except Exception:
                log.exception("the engine's events broke")
            if self._here.is_set():
                self._here.clear()
                self.lost(GONE)
            elif lost_at is None:
                self._began_late = True
            lost_at = loop.time() if lost_at is None else lost_at
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _heard(self, event: dict[str, Any]) -> None:
        actor = event.get("Actor") or {}
        watched = self._watched.get(str(actor.get("ID", "")))
        if watched is None or watched.exit is not None:
            return
        match event.get("Action"):
            case "die" | "destroy":
                if watched.died is None:
                    watched.died = dict(actor.get("Attributes") or {})
                    if watched.run is not None:
                        self._end(watched, watched.died)
            case "oom":
                watched.oom = True
            case "pause":
                watched.paused = True
            case "unpause":
                watched.paused = False

    def _end(self, watched: Watched, said: dict[str, str]) -> None:
        watched.running = False
        watched.ended_at = asyncio.get_running_loop().time()
        task = asyncio.create_task(self._conclude(watched, said))
        self._concluding.add(task)
        task.add_done_callback(self._concluding.discard)

    async def _conclude(
        self, watched: Watched, said: dict[str, str], why: str | None = None
    ) -> None:
        """Find out how it ended, and tell those who wait."""
        code: int | None = int(said["exitCode"]) if said.get("exitCode", "").isdigit() else None
        try:
            state = await self.state(watched.container)
        except HiveError:  # removed, or the engine is going away: what was heard has to do
            state = {}
        if state and watched.run is not None and state.get("StartedAt") == watched.run.started:
            code = int(state.get("ExitCode", code or 0))
            watched.oom = watched.oom or bool(state.get("OOMKilled"))
        if watched.before_end is not None:
            await watched.before_end()
        state = {**state, "OOMKilled": watched.oom}
        outside = why is not None
        self._tell(watched, Exit(_signal(code), why or watched.explain(state), outside))

    def _tell(self, watched: Watched, exit: Exit) -> None:
        if watched.exit is not None:
            return
        watched.exit, watched.running = exit, False
        for waiter in watched.waiters:
            if not waiter.done():
                waiter.set_result(exit)
        watched.waiters.clear()

    async def state(self, container: str) -> dict[str, Any]:
        """The engine's state of a container.

        Raises:
            HiveError: There is none, or the engine is gone.
        """
        state: dict[str, Any] = (await self.look(container))["State"]
        return state

    async def look(self, container: str) -> dict[str, Any]:
        """All that the engine says of a container.

        Raises:
            HiveError: There is none, or the engine is gone.
        """
        async with self._client.calling("look at a container") as docker:
            found: dict[str, Any] = await docker.containers.container(container).show()
        return found

    async def _look_at_all(self, lost_at: float | None) -> None:
        """Look again at everything that is followed: events may have been missed."""
        ended: set[str] = set()
        for watched in list(self._watched.values()):
            if watched.exit is not None or watched.run is None:
                at = watched.ended_at
                if lost_at is not None and at is not None and lost_at - at < SHUTDOWN_S:
                    ended.add(watched.container)
                continue
            try:
                state = await self.state(watched.container)
            except MissingError:
                state = {}
            if state.get("Running") and state.get("StartedAt") == watched.run.started:
                watched.paused = bool(state.get("Paused"))
                continue
            ended.add(watched.container)
            watched.running = False
            await self._conclude(watched, {}, None if lost_at is None else RESTARTED)
        if lost_at is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self.returned, frozenset(ended))


def _same(known: Contained | None, run: Contained) -> bool:
    return known is not None and (known.container, known.started) == (run.container, run.started)


def _signal(code: int | None) -> int | None:
    """An exit status as users of `Exit` expect it: 128 + n for signal n becomes -n."""
    if code is not None and _SIGNALLED < code <= _SIGNALLED + 64:
        return _SIGNALLED - code
    return code
