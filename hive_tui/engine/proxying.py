"""The reverse proxy: every env at `http://<service>.<env>.localhost:<port>`, on one port.

It is on unless it was turned off: a port that nobody asks costs a file descriptor, and its program
starts with the first request. Where the port cannot be had the hive goes on without names. What is
asked for by name is used: it is not idle, and a frozen env goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from hive_tui.engine import routing
from hive_tui.engine.bus import Mailbox
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.port_holder import holder
from hive_tui.engine.protocols import PortTakenError
from hive_tui.engine.proxy_protocol import ProxyRoom
from hive_tui.engine.world import World
from hive_tui.model.errors import HiveError
from hive_tui.model.routes import PROXY_PORT, RouteTable, url_of

log = logging.getLogger(__name__)

PATIENCE_S = 3.0
"""How long a new daemon waits for the proxy of one that was killed to notice that."""

_ON, _PORT = "proxy", "proxy_port"
"""Names of the settings."""


class ProxyView(msgspec.Struct, frozen=True):
    """How the proxy is, as commands show it."""

    on: bool
    """Whether it is wanted."""
    port: int
    listening: bool
    pid: int | None
    """Of its program; `None` while nobody has asked for anything."""
    url: str
    """Where all envs are listed."""
    problem: str | None = None
    hint: str | None = None


class Proxying:
    """Whether the proxy serves, where, and what."""

    def __init__(
        self,
        world: World,
        room: ProxyRoom,
        envs: Callable[[], dict[str, LiveEnv]],
        *,
        default: int = PROXY_PORT,
    ) -> None:
        """Create it; nothing listens yet.

        Args:
            world: The drivers.
            room: The port and the program.
            envs: All envs, by id.
            default: Port for a hive that has chosen none; 0: off there.
        """
        self._world = world
        self._room = room
        self._envs = envs
        self._default = default
        self._routing = routing.Routing()
        self._listening = False
        self._trouble: HiveError | None = None
        self._mailbox: Mailbox | None = None
        self._opening: asyncio.Task[None] | None = None
        self._waking: set[asyncio.Task[None]] = set()
        self.wake: Callable[[LiveEnv], Awaitable[None]] | None = None
        """Lets a frozen env go on."""

    @property
    def wanted(self) -> bool:
        """Whether it is on."""
        word = self._world.store.setting(_ON)
        return word == "on" if word is not None else self._default > 0

    @property
    def port(self) -> int:
        """Where it listens, or would."""
        return int(self._world.store.setting(_PORT) or self._default or PROXY_PORT)

    def open(self) -> None:
        """Serve, soon, unless it is turned off; a port that cannot be had is no failure."""
        if self.wanted:
            self._opening = asyncio.ensure_future(self._open_quietly())

    async def switch(self, on: bool, port: int | None = None) -> ProxyView:
        """Turn it on or off; that is remembered.

        Args:
            on: Whether it is to serve.
            port: Where; `None` for where it was.

        Raises:
            HiveError: The port cannot be had; then it serves where it did.
        """
        await self._opened()
        if on:
            await self._move(port or self.port)
            if port is not None:
                self._world.store.put_setting(_PORT, str(port))
        else:
            await self._stop()
        self._world.store.put_setting(_ON, "on" if on else "off")
        return self.view()

    async def close(self) -> None:
        """Let the port go; the next daemon takes it again."""
        if self._opening is not None:
            self._opening.cancel()
        await self._opened()
        await self._stop()
        await asyncio.gather(*self._waking, return_exceptions=True)

    def view(self) -> ProxyView:
        """How it is."""
        trouble, program = self._trouble, self._room.problem
        problem = trouble.message if trouble is not None else program
        hint = "`hive proxy off`, then `hive proxy on`" if problem else None
        return ProxyView(
            on=self.wanted,
            port=self.port,
            listening=self._listening,
            pid=self._room.pid,
            url=url_of("localhost", self.port),
            problem=problem if self.wanted else None,
            hint=(trouble.hint if trouble is not None else hint) if self.wanted else None,
        )

    def table(self) -> RouteTable:
        """The names as they are now."""
        return self._routing.table(self._envs().values(), self.port)

    def urls(self, envs: Iterable[LiveEnv]) -> dict[tuple[str, int], str]:
        """Id of an env and number of a port -> the address by name; empty while nothing serves."""
        if not self._listening:
            return {}
        return routing.urls(self.table(), {live.id for live in envs})

    async def _opened(self) -> None:
        if self._opening is not None:
            await asyncio.gather(self._opening, return_exceptions=True)
            self._opening = None

    async def _open_quietly(self) -> None:
        try:
            await self._listen(self.port, PATIENCE_S)
        except HiveError as error:
            log.warning("no proxy: %s", error)

    async def _listen(self, port: int, patience_s: float = 0.0) -> None:
        await self._stop()
        try:
            await self._room.open(
                port, self.table, self._asked_for, self._follow, patience_s=patience_s
            )
        except PortTakenError:
            self._trouble = HiveError(
                f"port {port} is taken by {holder(self._world, port)}",
                hint="`hive proxy on --port N` takes another one; or end that process, then "
                "`hive proxy on`",
                code="port_taken",
            )
            raise self._trouble from None
        except HiveError as error:
            self._trouble = error
            raise
        self._trouble, self._listening = None, True

    async def _move(self, port: int) -> None:
        """Listen there; where that fails, where it was."""
        before = self.port if self._listening and port != self.port else None
        try:
            await self._listen(port)
        except HiveError:
            if before is not None:
                await self._listen(before)
            raise

    async def _stop(self) -> None:
        self._listening = False
        await self._room.close()

    def _follow(self, running: bool) -> None:
        """Listen to what changes for as long as the program runs: else nobody has to make it."""
        if running:
            self._mailbox = self._world.bus.subscribe(self._changed)
        elif self._mailbox is not None:
            self._world.bus.unsubscribe(self._mailbox)
            self._mailbox = None

    def _changed(self) -> None:
        if self._mailbox is not None:
            self._mailbox.drain()
        self._room.changed()

    def _asked_for(self, env: str) -> None:
        if (live := self._envs().get(env)) is None:
            return
        live.activity.touch("a request by its name")
        if self.wake is not None:
            task = asyncio.ensure_future(self._wake(live))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)

    async def _wake(self, live: LiveEnv) -> None:
        assert self.wake is not None
        try:
            await self.wake(live)
        except HiveError as error:
            log.info("env=%s cannot go on: %s", live.id, error)
