"""A hive at one moment, kept in a file, and a client that shows it: pictures stay the same.

It knows nothing of how the moment is drawn.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hive_tui.client.protocol import HiveClient, OnEvent, OnState
from hive_tui.model.environment import EnvDetail
from hive_tui.model.errors import HiveError
from hive_tui.model.wire import Delta, Snapshot, Update

_LINES = 60
"""Of each env's logs: as many as the largest picture shows."""

_SAMPLES = 8
"""How often memory and processor are looked at before the moment, a second apart."""


class Moment(msgspec.Struct, frozen=True):
    """A hive at one moment, with what the screens ask beside it."""

    snapshot: Snapshot
    at: float
    """Seconds since the epoch."""
    answers: dict[str, Any] = {}
    """Method, or method and env id with a blank between -> result."""
    events: dict[str, list[Any]] = {}
    """The same keys -> events before the result."""
    before: tuple[dict[str, tuple[int | None, float | None]], ...] = ()
    """Memory in bytes and processor of each env some seconds before, the oldest first."""

    def empty(self) -> Moment:
        """The same moment of a hive that nobody has used yet."""
        hive = msgspec.structs.replace(self.snapshot.hive, projects=())
        return Moment(Snapshot(hive, (), ()), self.at)


def keep(moment: Moment, file: Path) -> None:
    """Write a moment into a file; what changes between two of them is seen line by line."""
    text = msgspec.json.format(msgspec.json.encode(moment), indent=1)
    file.write_bytes(text + b"\n")


def taken(file: Path) -> Moment:
    """Read a moment that was kept.

    Raises:
        OSError: The file cannot be read.
        msgspec.DecodeError: It holds no moment of this version.
    """
    return msgspec.json.decode(file.read_bytes(), type=Moment)


class StillClient(HiveClient):
    """A client of a hive that never changes."""

    def __init__(self, moment: Moment) -> None:
        self.on_state: OnState | None = None
        self._moment = moment

    async def connect(self) -> None:
        """Nothing to reach."""

    async def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> Any:
        """The prepared answer; one that follows never ends.

        Raises:
            HiveError: None was prepared.
        """
        env = (params or {}).get("env")
        for key in (f"{method} {env}", method):
            for event in self._moment.events.get(key, ()) if on_event else ():
                if on_event is not None:
                    on_event(event)
            if (params or {}).get("follow"):
                await asyncio.Event().wait()
            if key in self._moment.answers:
                return self._moment.answers[key]
        raise HiveError(f"a still hive does not answer {method}")

    async def updates(self) -> AsyncIterator[Update]:
        """The snapshot with the figures of before, those of the moment, and then nothing more."""
        yield self._moment.snapshot
        for figures in self._moment.before:
            yield Delta(
                envs=tuple(
                    _as_it_was(env, figures.get(env.id)) for env in self._moment.snapshot.envs
                )
            )
        yield Delta(envs=self._moment.snapshot.envs)
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing to drop."""


def _as_it_was(env: EnvDetail, figures: tuple[int | None, float | None] | None) -> EnvDetail:
    memory, cpu = figures or (None, None)
    view = msgspec.structs.replace(env.view, memory_bytes=memory, cpu_percent=cpu)
    return msgspec.structs.replace(env, view=view)


async def look_at(client: HiveClient, *, pause_s: float = 1.0) -> Moment:
    """The hive behind a client as it is now, after some looks at what it costs.

    Args:
        client: Of the hive.
        pause_s: Between two of these looks.

    Raises:
        HiveError: The daemon cannot be reached.
    """
    await client.connect()
    before = []
    for _ in range(_SAMPLES):
        views = [(env.id, env.view) for env in (await _snapshot(client)).envs]
        before.append({at: (view.memory_bytes, view.cpu_percent) for at, view in views})
        await asyncio.sleep(pause_s)
    snapshot = await _snapshot(client)
    answers: dict[str, Any] = {"focus": {}}
    events: dict[str, list[Any]] = {}
    for env in (detail.id for detail in snapshot.envs):
        asked: dict[str, dict[str, Any]] = {
            "trace": {"chrome": False},
            "ports": {"cwd": "/"},
            "losses": {},
            "logs": {
                "sources": [],
                "lines": _LINES,
                "since": None,
                "grep": None,
                "follow": False,
            },
        }
        for method, more in asked.items():
            heard = events.setdefault(f"{method} {env}", [])
            try:
                answers[f"{method} {env}"] = await client.call(
                    method, {"env": env, **more}, heard.append
                )
            except HiveError:
                continue  # an env that was never in motion has no trace
    return Moment(snapshot, time.time(), answers, events, tuple(before))


def without_paths(moment: Moment, names: Mapping[str, str]) -> Moment:
    """The moment with folders of this machine under other names, in logs too.

    Args:
        moment: As it was seen.
        names: Path -> what stands for it; longer paths go first.
    """
    ordered = sorted(names.items(), key=lambda pair: -len(pair[0]))

    def other(text: str) -> str:
        for path, name in ordered:
            text = text.replace(path, name)
        return text

    def lines(event: Any) -> Any:
        if not isinstance(event, dict) or "lines" not in event:
            return event
        rows = [
            [at, source, _coded(other(b64decode(text).decode("utf-8", "replace")))]
            for at, source, text in event["lines"]
        ]
        return {"lines": rows}

    events = {key: [lines(event) for event in heard] for key, heard in moment.events.items()}
    plain = msgspec.structs.replace(moment, events={})
    renamed = msgspec.json.decode(other(msgspec.json.encode(plain).decode()), type=Moment)
    return msgspec.structs.replace(renamed, events=events)


def _coded(text: str) -> str:
    return b64encode(text.encode()).decode()


async def _snapshot(client: HiveClient) -> Snapshot:
    async for update in client.updates():
        if isinstance(update, Snapshot):
            return update
    raise HiveError("the daemon ended the subscription before it began")
