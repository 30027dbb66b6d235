"""The dashboard's client: calls and an endless stream of updates that outlives the daemon.

Every call has a connection of its own: it costs a fraction of a millisecond, one slow stream never
stands before another, and to cancel a call is to hang up.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec

from hive_tui import __version__
from hive_tui.client.calls import (
    HELLO_TIMEOUT_S,
    NoDaemonError,
    gone,
    version_mismatch,
)
from hive_tui.client.protocol import ConnectionState, HiveClient, OnEvent, OnState
from hive_tui.client.transport import Dial, over_socket
from hive_tui.model.errors import HiveError, from_wire
from hive_tui.model.framing import PROTOCOL
from hive_tui.model.home import Home
from hive_tui.model.wire import Hello, Request, Update

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 3.0
"""Pause between attempts to reconnect: doubles from the first to the longest."""

_NULL = msgspec.Raw(b"null")
_ABSENT = msgspec.Raw(b"")
_encode = msgspec.json.Encoder().encode
_decode_hello = msgspec.json.Decoder(Hello).decode
_decode_update: msgspec.json.Decoder[Update] = msgspec.json.Decoder(Update)


class _Frame(msgspec.Struct, frozen=True):
    """A `Reply` with its contents still encoded."""

    id: int
    result: msgspec.Raw = _NULL
    event: msgspec.Raw = _ABSENT
    error: dict[str, Any] | None = None
    done: bool = False


_decode_frame = msgspec.json.Decoder(_Frame).decode


class Client(HiveClient):
    """A client of one home's daemon, for one event loop."""

    def __init__(
        self, home: Home, *, on_state: OnState | None = None, dial: Dial | None = None
    ) -> None:
        """Create a client; nothing is connected yet.

        Args:
            home: Whose daemon.
            on_state: Called on the loop whenever the state of the connection changes.
            dial: Where the byte streams come from; the home's socket where left out.
        """
        self.on_state = on_state
        self._home = home
        self._dial = dial or over_socket(home)
        self._state: ConnectionState | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._closed = False

    async def connect(self) -> None:
        """Reach the daemon, starting it where none runs.

        Raises:
            HiveError: It cannot be started or reached, or speaks another protocol.
        """
        async with aclosing(self._frames("daemon.status", {}, start=True)) as frames:
            async for _ in frames:
                pass
        self._tell("connected")

    async def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        on_event: OnEvent | None = None,
    ) -> Any:
        """Call a method; the result as plain JSON values. Cancelling it cancels the call.

        Raises:
            HiveError: The daemon refused or failed, or went away (code `disconnected`).
        """
        result = _NULL
        start = self._state != "stopped"
        async with aclosing(self._frames(method, params or {}, start=start)) as frames:
            async for frame in frames:
                if frame.event is not _ABSENT and on_event is not None:
                    on_event(msgspec.json.decode(frame.event))
                result = frame.result
        return msgspec.json.decode(result)

    async def updates(self) -> AsyncIterator[Update]:
        """A `Snapshot`, then `Delta`s for ever; after each reconnection a fresh `Snapshot`.

        A daemon that died is started again; one that was told to stop is waited for.
        """
        pause_s = FIRST_PAUSE_S
        while not self._closed:
            try:
                start = self._state != "stopped"
                async with aclosing(self._frames("subscribe", {}, start=start)) as frames:
                    async for frame in frames:
                        if frame.event is not _ABSENT:
                            self._tell("connected")
                            pause_s = FIRST_PAUSE_S
                            yield _decode_update.decode(frame.event)
                lost = gone()
            except HiveError as error:
                lost = error
            if self._closed:
                return
            self._tell(self._after(lost), "; ".join(filter(None, (lost.message, lost.hint))))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def close(self) -> None:
        """Drop all connections; running calls and iterators end."""
        self._closed = True
        for writer in tuple(self._writers):
            writer.close()

    def _after(self, lost: HiveError) -> ConnectionState:
        """In which state the loss of the subscription leaves the client."""
        if lost.code == "stopped" or (isinstance(lost, NoDaemonError) and self._state == "stopped"):
            return "stopped"
        going = lost.code == "disconnected" or isinstance(lost, NoDaemonError)
        return "reconnecting" if going else "failed"

    def _tell(self, state: ConnectionState, reason: str | None = None) -> None:
        if state != self._state:
            self._state = state
            if self.on_state is not None:
                self.on_state(state, reason)

    async def _frames(
        self, method: str, params: dict[str, Any], *, start: bool
    ) -> AsyncGenerator[_Frame, None]:
        """Make one call on a new connection; yields its replies and ends after the last.

        Raises:
            HiveError: The reply was an error, or the connection ended early.
        """
        reader, writer = await self._dial(start)
        self._writers.add(writer)
        try:
            hello = Hello(__version__, PROTOCOL, os.getpid(), str(self._home.state))
            request = Request(1, method, params)
            writer.write(_encode(hello) + b"\n" + _encode(request) + b"\n")
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                greeting = _decode_hello(await reader.readuntil(b"\n"))
            if greeting.protocol != PROTOCOL:
                raise version_mismatch(greeting.version)
            while True:
                frame = _decode_frame(await reader.readuntil(b"\n"))
                if frame.error is not None:
                    raise from_wire(frame.error)
                yield frame
                if frame.done:
                    return
        except TimeoutError:
            raise HiveError("the daemon does not answer", code="daemon_stuck") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise gone() from None
        finally:
            self._writers.discard(writer)
            writer.close()
