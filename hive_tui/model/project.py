"""What a `hive.toml` says, after parsing: values with every default filled in.

Strings that may hold `{{templates}}` keep them; they are expanded per environment, because only
then the port block and the worktree are known.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class When(StrEnum):
    """From which state on something runs by itself."""

    SPAWN = "spawn"
    """Tasks only: once, when the env is made."""
    COLD = "cold"
    WARM = "warm"
    MANUAL = "manual"
    """Services only: when asked for, or needed by something that runs."""


class Restart(StrEnum):
    """What happens when a service's process ends by itself."""

    NO = "no"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


class Scope(StrEnum):
    """How many of a service there are."""

    ENV = "env"
    SHARED = "shared"


class ReadyKind(StrEnum):
    """By what a service shows that it is ready."""

    TCP = "tcp"
    HTTP = "http"
    EXEC = "exec"
    LOG = "log"
    FILE = "file"


class Ready(msgspec.Struct, frozen=True):
    """When a service counts as ready."""

    kind: ReadyKind
    value: str
    """Port name (tcp), URL (http), command (exec), regular expression (log), path (file)."""
    timeout_s: float = 60.0


class Stop(msgspec.Struct, frozen=True):
    """How a service is asked to end."""

    signal: str = "TERM"
    """Name without `SIG`."""
    grace_s: float = 5.0
    """How long it may take before the whole session is killed."""


class Secret(msgspec.Struct, frozen=True):
    """A value of `[env]` that comes from the secrets file or the daemon's environment."""

    secret: str


class PerEnv(msgspec.Struct, frozen=True):
    """How an env gets and loses its own part of a shared service."""

    create: str | None = None
    drop: str | None = None


class Service(msgspec.Struct, frozen=True):
    """Something that keeps running: a process (`run`) or a container (`image`)."""

    name: str
    run: str | None = None
    image: str | None = None
    cwd: str | None = None
    """Relative to the worktree; `None` is the worktree itself."""
    needs: tuple[str, ...] = ()
    ready: Ready | None = None
    restart: Restart = Restart.ON_FAILURE
    stop: Stop = Stop()
    when: When = When.WARM
    scope: Scope = Scope.ENV
    env: dict[str, str | Secret] = {}
    ports: dict[str, int] = {}
    """Containers: port name -> port inside."""
    volumes: dict[str, str] = {}
    """Containers: volume name -> path inside."""
    per_env: PerEnv | None = None

    @property
    def kind(self) -> str:
        """`process` or `container`, as the contract's JSON has it."""
        return "process" if self.run is not None else "container"

    @property
    def missing(self) -> str | None:
        """Why this version cannot run it yet; `None` where it can."""
        if self.image is not None:
            return f"service {self.name!r} is a container (image): not available yet"
        if self.scope is Scope.SHARED:
            return (
                f'service {self.name!r} has scope "shared"; shared services are not available yet'
            )
        return None


class Task(msgspec.Struct, frozen=True):
    """Something that runs to its end: build, migrate, seed."""

    name: str
    run: str
    cwd: str | None = None
    needs: tuple[str, ...] = ()
    when: When = When.WARM
    inputs: tuple[str, ...] = ()
    """Globs relative to the worktree. Empty: runs each time the env goes up."""
    retries: int = 0
    timeout_s: float = 600.0
    slots: int = 1
    """CPU slots while it runs; 0 for one that only waits."""
    env: dict[str, str | Secret] = {}


class TestSuite(msgspec.Struct, frozen=True):
    """A command that judges the env's work."""

    __test__ = False

    name: str
    run: str
    cwd: str | None = None
    needs: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    """Globs relative to the worktree; empty: never reruns by itself."""
    timeout_s: float = 1800.0
    slots: int = 1
    env: dict[str, str | Secret] = {}


class Agent(msgspec.Struct, frozen=True):
    """A coding agent that may work in an env."""

    name: str
    kind: str
    run: str


class Link(msgspec.Struct, frozen=True):
    """A dependency folder taken from the main checkout."""

    path: str
    mode: str = "auto"
    """`auto`, `symlink`, `reflink`, `copy`, `hardlink` or `overlay`."""
    key: tuple[str, ...] = ()
    """Paths, relative to the top, of what says what is in the folder."""
    install: str | None = None

    @property
    def task(self) -> str:
        """Name of the install as a step and as the source of a log."""
        return "install-" + self.path.replace("/", "-")


class Ports(msgspec.Struct, frozen=True):
    """How blocks of ports are laid out."""

    base: int = 10000
    block: int = 1000
    names: dict[str, int] = {}


class IdleLimits(msgspec.Struct, frozen=True):
    """Seconds without a touch until an env is put to rest; `None` is never."""

    freeze_s: float | None = 1800.0
    cool_s: float | None = 7200.0
    stop_s: float | None = 86400.0


class Limits(msgspec.Struct, frozen=True):
    """What all warm envs together may take."""

    memory: str = "75%"
    idle: IdleLimits = IdleLimits()


class Project(msgspec.Struct, frozen=True):
    """A repository and everything its `hive.toml` says."""

    name: str
    root: str
    """Main checkout, absolute and resolved."""
    base: str | None = None
    """Branch that envs start from; `None` is the repository's default branch."""
    branch: str = "{{env}}"
    worktrees: str = "~/hive/{{project}}/{{env}}"
    spares: int = 1
    log_max_bytes: int = 20 * 1024 * 1024
    limits: Limits = Limits()
    ports: Ports = Ports()
    forward: dict[int, str] = {}
    """Fixed ports on 127.0.0.1 -> name of the port of one env at a time."""
    env: dict[str, str | Secret] = {}
    links: tuple[Link, ...] = ()
    copies: tuple[str, ...] = ()
    """Untracked paths, relative to the main checkout, that a new worktree gets copies of."""
    services: dict[str, Service] = {}
    tasks: dict[str, Task] = {}
    tests: dict[str, TestSuite] = {}
    agents: dict[str, Agent] = {}
    digest: str = ""
    """SHA-256 of the file, in hex: two projects with the same digest say the same."""

    def needs_of(self, name: str) -> tuple[str, ...]:
        """Direct needs of a service, task or suite; empty for an unknown name."""
        for kind in (self.services, self.tasks, self.tests):
            if name in kind:
                return kind[name].needs
        return ()
