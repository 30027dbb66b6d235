"""What the engine asks of containers. A driver implements it; tests script it.

Nothing here names an engine's own words: how a container, a network or a volume comes to be is the
driver's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from hive_tui.engine.protocols import Exit, Usage

if TYPE_CHECKING:
    from hive_tui.engine.volume_protocols import Volumes

Told = Callable[[str], None]
"""Gets lines of progress for people."""


class Place(msgspec.Struct, frozen=True):
    """Whose a container is: what its labels say."""

    project: str
    env: str
    env_uid: str
    service: str


class Mounted(msgspec.Struct, frozen=True):
    """Something of outside that a container sees at a path."""

    target: str
    """Absolute, inside."""
    volume: str | None = None
    """Name of a volume of the env; `None` for a folder or file of this machine."""
    source: str | None = None
    """Absolute path on this machine; `None` for a volume."""
    read_only: bool = False


class BuildSpec(msgspec.Struct, frozen=True):
    """An image that is built from a folder. The same content gives the same image."""

    context: str
    """Absolute."""
    dockerfile: str = "Dockerfile"
    """Relative to the context."""
    args: dict[str, str] = {}
    target: str | None = None
    """Stage to build; `None` for the last one."""
    platform: str | None = None


class ContainerSpec(msgspec.Struct, frozen=True):
    """One container as it should be."""

    place: Place
    image: str | None = None
    """Reference of an image to use, or to get first; `None` where it is built."""
    build: BuildSpec | None = None
    command: tuple[str, ...] | None = None
    """`None` is what the image says."""
    entrypoint: tuple[str, ...] | None = None
    env: dict[str, str] = {}
    ports: dict[int, int] = {}
    """Port of 127.0.0.1 -> port inside."""
    mounts: tuple[Mounted, ...] = ()
    tmpfs: dict[str, str] = {}
    """Path inside -> options."""
    user: str | None = None
    working_dir: str | None = None
    extra_hosts: dict[str, str] = {}
    init: bool = True
    memory_bytes: int | None = None
    cpus: float | None = None
    stop_signal: str | None = None
    """With `SIG`; `None` is what the image says."""
    platform: str | None = None
    shm_bytes: int | None = None
    ulimits: dict[str, tuple[int, int]] = {}
    """Limit of the kernel -> soft and hard; -1 is none."""
    cap_add: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Further names within the env's network, beside the service's."""
    log_max_bytes: int = 20 * 1024 * 1024
    """What the engine itself keeps of its output, for when nobody reads it."""
    neighbours: int = 1
    """Containers that its network has to have room for."""


class Contained(msgspec.Struct, frozen=True):
    """One run of a container: a container that is started again is another run."""

    container: str
    """Its id."""
    started: str
    """When this run began, as the engine says it."""
    pid: int = 0
    """Its first process on this machine; 0 where that is not visible here."""
    address: str = ""
    """Of its network, which this machine reaches; "" where it has none."""


class FoundContainer(msgspec.Struct, frozen=True):
    """A container of this hive that is there, with what its labels say."""

    place: Place
    container: str
    run: Contained | None
    """`None` where it does not run."""


class EngineStatus(msgspec.Struct, frozen=True):
    """What can be said of the container engine."""

    endpoint: str
    """Where it was looked for."""
    source: str
    """Why there: a variable, a context, a well-known place."""
    version: str | None = None
    """`None` where it does not answer."""
    problem: str | None = None
    hint: str | None = None
    notes: tuple[str, ...] = ()
    """What it cannot do, and what is done instead."""


class Containers(Protocol):
    """Containers of one hive. Raises HiveError with a remedy wherever the engine refuses."""

    @property
    def volumes(self) -> Volumes:
        """The volumes of envs, to be saved and brought back."""
        ...

    async def prepare(self, spec: ContainerSpec, told: Told) -> None:
        """Have image, network, volumes and container; start nothing.

        A container that is there and as it should be is kept; else it is made anew.
        """
        ...

    async def built(self, spec: BuildSpec) -> bool:
        """Whether the image of exactly this content is there."""
        ...

    async def build(self, spec: BuildSpec, place: Place, told: Told) -> None:
        """Build it, unless it is there. The same image asked for twice is built once."""
        ...

    async def start(self, spec: ContainerSpec, told: Told) -> Contained:
        """Start it, and make it first where it is not there; its output goes into its log."""
        ...

    def exited(self, run: Contained, place: Place) -> asyncio.Future[Exit]:
        """A future that ends when the run has ended and its log is complete."""
        ...

    def alive(self, run: Contained) -> bool:
        """True while exactly that run is there, paused or not."""
        ...

    def paused(self, run: Contained) -> bool:
        """True while it is paused."""
        ...

    async def pause(self, run: Contained) -> None:
        """Pause it; nothing happens where it is paused."""
        ...

    async def unpause(self, run: Contained) -> None:
        """Let it go on; nothing happens where it is not paused."""
        ...

    async def stop(self, run: Contained, signal: str | None, grace_s: float) -> None:
        """Ask with `signal` (`None`: the image's own), then kill; return once it has ended."""
        ...

    async def exec(
        self,
        run: Contained,
        command: str,
        env: Mapping[str, str],
        told: Callable[[int, bytes], None] | None = None,
    ) -> tuple[int, str]:
        """Run a command line inside; its exit status and the last line that it wrote.

        `told` gets all that it writes, as it does: 1 for standard output, 2 for errors, and bytes.
        """
        ...

    async def upload(self, run: Contained, file: Path, inside: str) -> None:
        """Put a file of this machine into a container, in place of one that is there."""
        ...

    async def join(self, place: Place, neighbours: int, run: Contained, name: str) -> None:
        """Let a container of another env be reached by a name in the network of this one.

        Args:
            place: A container of the env whose network it is.
            neighbours: How many that has to have room for.
            run: The container that is to be reached.
            name: By which.
        """
        ...

    def listening(self, run: Contained) -> Mapping[int, bool] | None:
        """Ports that are listened on inside; False: on its loopback alone, out of reach.

        `None` where this machine cannot see inside.
        """
        ...

    def listens(self, run: Contained, port: int) -> bool | None:
        """Whether a port inside can be connected to from outside. Cheap enough for every 5 ms.

        `None` where this machine cannot see inside.
        """
        ...

    async def answers(self, port: int) -> bool:
        """Whether somebody behind a published port of this machine keeps a connection open.

        An engine's proxy accepts while nothing listens inside, and then hangs up.
        """
        ...

    async def holds(self, run: Contained, path: str) -> bool:
        """Whether there is a file at an absolute path inside."""
        ...

    async def find(self) -> tuple[FoundContainer, ...]:
        """All containers of this hive, by their labels."""
        ...

    def usage(self) -> dict[str, Usage]:
        """Container id -> what it takes, of all runs that are watched. No call to the engine."""
        ...

    async def clear(self, env_uid: str, *, volumes: bool) -> tuple[str, ...]:
        """Remove all containers and the network of an env, and its volumes where asked.

        Returns:
            Names of the volumes that stay.
        """
        ...

    async def remove(self, place: Place) -> None:
        """Remove the container of one service. Idempotent."""
        ...

    async def reachable(self) -> None:
        """Return once the engine answers."""
        ...

    def on_change(
        self, lost: Callable[[str], None], returned: Callable[[frozenset[str]], None]
    ) -> None:
        """Call `lost` when the engine is gone, with why; and `returned` each time it is back.

        The latter gets the ids of the containers that ended with it.
        """
        ...

    async def status(self) -> EngineStatus:
        """Look at the engine, for `hive doctor`. Raises nothing."""
        ...

    async def close(self) -> None:
        """Let go of everything; containers run on."""
        ...
