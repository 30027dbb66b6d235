"""What goes over the socket: one JSON document a line, in both directions.

A connection starts with one `Hello` from each side. The client may send its first request without
waiting for the daemon's. Each `Request` gets any number of `Reply`s with `event` and then exactly
one with `result` or `error`; a subscription gets `event`s until the connection closes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hive_tui.model.environment import EnvDetail
from hive_tui.model.events import LogEvent
from hive_tui.model.framing import MAX_LINE_BYTES as MAX_LINE_BYTES
from hive_tui.model.framing import PROTOCOL as PROTOCOL


class Hello(msgspec.Struct, frozen=True):
    """First line of each side."""

    version: str
    protocol: int = PROTOCOL
    pid: int = 0
    home: str = ""


class Request(msgspec.Struct, frozen=True):
    """A call."""

    id: int
    method: str
    params: dict[str, Any] = {}


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer, or a part of one."""

    id: int
    result: Any = None
    event: Any = None
    error: dict[str, Any] | None = None
    """The contract's error object with the exit `status` beside it."""
    done: bool = False
    """True in the one reply that ends the call, whether with a result or an error."""


class ProjectView(msgspec.Struct, frozen=True):
    """One registered project."""

    name: str
    root: str
    error: str | None = None
    """Why its hive.toml cannot be used at the moment."""
    services: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    prompts: dict[str, str] = {}
    """Templates of prompts, by name, in their order."""


class HiveView(msgspec.Struct, frozen=True):
    """What the head line of the dashboard shows of the whole machine."""

    projects: tuple[ProjectView, ...] = ()
    memory_used_bytes: int = 0
    """What the envs take together."""
    memory_limit_bytes: int = 0
    """What they may take together: the strictest limit of all projects with envs."""
    memory_forecast_bytes: int = 0
    """What they will take once all is up that is wanted, by what is usual for them."""
    memory_free_bytes: int = 0
    """What is left of the limit, or of the machine where other programs leave less."""
    pressure: str | None = None
    """Why memory is short, in words; `None` where it is not."""
    cpu_percent: float = 0.0
    slots: int = 0
    slots_taken: int = 0


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """Everything, once, at the start of a subscription."""

    hive: HiveView
    envs: tuple[EnvDetail, ...]
    events: tuple[LogEvent, ...]
    """The newest 200, oldest first."""


class Delta(msgspec.Struct, frozen=True, tag="delta"):
    """What changed since the last delta to this client; newest value per env."""

    hive: HiveView | None = None
    envs: tuple[EnvDetail, ...] = ()
    removed: tuple[str, ...] = ()
    events: tuple[LogEvent, ...] = ()
    dropped: int = 0
    """Events left out because this client reads too slowly."""


Update = Snapshot | Delta


class LogLine(msgspec.Struct, frozen=True, array_like=True):
    """One line of a log."""

    at: float
    """Seconds since the epoch, UTC; good to about 50 ms."""
    source: str
    text: bytes
    """As written, without its line end; may hold escape sequences and invalid UTF-8."""
    end: int = 0
    """Offset past it in its source's file; 0 where that was not asked for."""
