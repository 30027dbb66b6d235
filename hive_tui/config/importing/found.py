"""What a source says about a repository, in hive's own terms, before names and ports are settled.

Every value carries where it was found, and notes on what could not be known.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hive_tui.config.importing.checkout import Checkout

PORT = "{{port}}"
"""Stands in a guess's texts for the guess's own port, until the port has a name."""


class Port(msgspec.Struct, frozen=True):
    """A port that a service gets of its own."""

    number: int | None = None
    """The one that stands in the file; `None` where none does."""
    sure: bool = False
    """Whether the service surely listens there, rather than on a number that is out of sight."""


class Ready(msgspec.Struct, frozen=True):
    """One of the keys of `ready`, and its value."""

    kind: str
    value: str
    timeout_s: float | None = None


class Service(msgspec.Struct, frozen=True):
    """A process that keeps running."""

    name: str
    run: str
    origin: str
    """Where it was found, for a comment."""
    cwd: str | None = None
    needs: tuple[str, ...] = ()
    """Names as the same source has them."""
    ready: Ready | None = None
    env: dict[str, str] = {}
    port: Port | None = None
    when: str | None = None
    restart: str | None = None
    signal: str | None = None
    grace_s: float | None = None
    notes: tuple[str, ...] = ()
    """Comments: what was guessed, what could not be known."""
    beside: bool = False
    """True for one that does not compete with other sources' servers, such as a watcher."""


class Task(msgspec.Struct, frozen=True):
    """A command that ends."""

    name: str
    run: str
    origin: str
    cwd: str | None = None
    needs: tuple[str, ...] = ()
    env: dict[str, str] = {}
    when: str | None = None
    inputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Suite(msgspec.Struct, frozen=True):
    """A command that judges."""

    name: str
    run: str
    origin: str
    cwd: str | None = None
    notes: tuple[str, ...] = ()


class Folder(msgspec.Struct, frozen=True):
    """A dependency folder, and how it is filled."""

    path: str
    origin: str
    key: tuple[str, ...] = ()
    install: str | None = None
    mode: str | None = None
    notes: tuple[str, ...] = ()


class Variable(msgspec.Struct, frozen=True):
    """A variable of `[env]`."""

    name: str
    value: str
    origin: str
    known: bool = True
    """False where the value has to be filled in by a person: it becomes a comment."""


class Containers(msgspec.Struct, frozen=True):
    """Compose files that say which containers there are."""

    files: tuple[str, ...]
    ignore: tuple[str, ...]
    """Keys that hive cannot take over."""
    services: tuple[str, ...]
    builds: bool
    """Whether the repository's own code runs in them too."""


class Findings(msgspec.Struct, frozen=True):
    """All that one source says."""

    services: tuple[Service, ...] = ()
    tasks: tuple[Task, ...] = ()
    suites: tuple[Suite, ...] = ()
    folders: tuple[Folder, ...] = ()
    copies: tuple[str, ...] = ()
    """Untracked files that a checkout needs."""
    variables: tuple[Variable, ...] = ()
    containers: Containers | None = None
    ports: dict[str, int] = {}
    """Names and numbers of ports that something else than a service here publishes."""
    base: str | None = None
    remarks: tuple[str, ...] = ()


class Source(Protocol):
    """One kind of file. The modules beside this one are sources."""

    def read(self, checkout: Checkout) -> Findings:
        """What the file says; nothing where it is not there.

        Raises:
            UnreadableError: It is there and cannot be used.
        """
