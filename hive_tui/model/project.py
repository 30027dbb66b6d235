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
    """When asked for, or needed by something that runs."""


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

    signal: str | None = None
    """Name without `SIG`; `None` is TERM for a process, and what the image says for a container."""
    grace_s: float = 5.0
    """How long it may take before the whole session is killed."""


class Secret(msgspec.Struct, frozen=True):
    """A value of `[env]` that comes from the secrets file or the daemon's environment."""

    secret: str


class PerEnv(msgspec.Struct, frozen=True):
    """How an env gets and loses its own part of a shared service: a database, a prefix, a queue."""

    create: str | None = None
    """Makes the part; again where it is there already, which it has to stand."""
    drop: str | None = None
    """Removes the part; nothing happens where there is none."""
    list: str | None = None
    """Prints the slug of every env that has a part, one a line."""
    dump: str | None = None
    """Writes the part to its standard output."""
    load: str | None = None
    """Makes the part be what it reads from its standard input."""
    template: str | None = None
    """Name that templates begin with; `None` where parts begin empty."""
    template_create: str | None = None
    template_drop: str | None = None
    seed: str | None = None
    """Fills a new template: a command of the worktree, with its branch's code."""
    inputs: tuple[str, ...] = ()
    """Globs relative to the worktree: another content of these asks for another template."""
    seed_timeout_s: float = 3600.0


class Build(msgspec.Struct, frozen=True):
    """An image that is built from a folder of the worktree."""

    context: str
    """Relative to the worktree."""
    dockerfile: str = "Dockerfile"
    """Relative to the context."""
    args: dict[str, str] = {}
    target: str | None = None
    """Stage to build; `None` is the last one."""


class Mount(msgspec.Struct, frozen=True):
    """What a container sees at a path: a volume of the env, or a folder of this machine."""

    source: str
    """A volume's name; or a path, which begins with `.`, `/`, `~` or a template."""
    target: str
    """Absolute, inside the container."""
    read_only: bool = False

    @property
    def is_volume(self) -> bool:
        """True for a volume of the env."""
        return self.source[:1] not in (".", "/", "~", "{")


class Service(msgspec.Struct, frozen=True):
    """Something that keeps running: a process (`run`) or a container (`image` or `build`)."""

    name: str
    run: str | None = None
    image: str | None = None
    build: Build | None = None
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
    mounts: tuple[Mount, ...] = ()
    """Containers: volumes and folders that it sees, and where."""
    command: tuple[str, ...] | None = None
    """Containers: words that run inside; `None` is what the image says."""
    entrypoint: tuple[str, ...] | None = None
    user: str | None = None
    working_dir: str | None = None
    tmpfs: dict[str, str] = {}
    """Containers: path inside -> options."""
    extra_hosts: dict[str, str] = {}
    """Containers: host name -> address."""
    init: bool = True
    """Containers: a small init is their first process."""
    memory_bytes: int | None = None
    """Containers: what they may take; `None` is all that there is."""
    cpus: float | None = None
    platform: str | None = None
    shm_bytes: int | None = None
    """Containers: size of /dev/shm; `None` is the engine's own."""
    ulimits: dict[str, tuple[int, int]] = {}
    """Containers: limit of the kernel -> soft and hard; -1 is none."""
    cap_add: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Containers: further names by which others of the env reach it."""
    per_env: PerEnv | None = None
    keep: bool = False
    """Shared ones: goes on although no env needs it any more."""

    @property
    def shared(self) -> bool:
        """True where there is one for all envs of the project."""
        return self.scope is Scope.SHARED

    @property
    def kind(self) -> str:
        """`process` or `container`, as the contract's JSON has it."""
        return "container" if self.contained else "process"

    @property
    def contained(self) -> bool:
        """True for a container."""
        return self.image is not None or self.build is not None


class Task(msgspec.Struct, frozen=True):
    """Something that runs to its end: build, migrate, seed; a command, or a container."""

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
    container: Service | None = None
    """What runs to its end instead of `run`; that is then only a name for it."""


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
    sandbox: str | None = None
    """`bwrap`: behind walls; `None`: it may do what the user may."""


class Boundaries(msgspec.Struct, frozen=True):
    """Where agents may write in a worktree. Patterns as in a .gitignore, from its top."""

    allow: tuple[str, ...] = ()
    """Empty: all of the worktree."""
    deny: tuple[str, ...] = ()
    """Wins over `allow`."""

    def __bool__(self) -> bool:
        return bool(self.allow or self.deny)

    def over(self, own: Boundaries) -> Boundaries:
        """These of a project with those of one env: its `allow` replaces, its `deny` adds."""
        return Boundaries(own.allow or self.allow, self.deny + own.deny)


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


class Heal(msgspec.Struct, frozen=True):
    """How far what an agent broke goes back to it."""

    mode: str = "on"
    """`off`, `observe` or `on`."""
    suites: tuple[str, ...] = ()
    """Those that have to be green; without any nothing is run."""
    attempts: int = 3
    within_s: float | None = 3600.0
    """Of all attempts together; `None` is no bound."""
    cost_usd: float | None = None
    """Of all attempts together; `None` is no bound."""


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
    data: tuple[str, ...] = ()
    """Paths, relative to the worktree, of what a snapshot saves."""
    services: dict[str, Service] = {}
    tasks: dict[str, Task] = {}
    tests: dict[str, TestSuite] = {}
    agents: dict[str, Agent] = {}
    boundaries: Boundaries = Boundaries()
    heal: Heal = Heal()
    prompts: dict[str, str] = {}
    """Templates of prompts of its own, by name; "" takes one of the product's away."""
    digest: str = ""
    """SHA-256 of all files it comes from, in hex: two projects with the same say the same."""
    sources: tuple[str, ...] = ()
    """Further files that it comes from, relative to the main checkout: compose and env files."""
    notes: tuple[str, ...] = ()
    """What was left out of those files without harm, with file and line."""
    published: dict[str, int] = {}
    """Port name to the number that a compose file publishes it at, without hive."""
    shared_ports: dict[str, int] = {}
    """Ports of shared services: name -> offset in the block that all envs have in common."""
    shared_base: int = 0
    """First port of that block; 0 where the hive has not given the project one."""

    @property
    def shared(self) -> dict[str, Service]:
        """The services of which there is one for all envs."""
        return {name: service for name, service in self.services.items() if service.shared}

    def ports_at(self, base: int) -> dict[str, int]:
        """Name -> port of everything named, in an env whose block begins at `base`."""
        own = {name: base + offset for name, offset in self.ports.names.items()}
        return own | {name: self.shared_base + at for name, at in self.shared_ports.items()}

    def needs_of(self, name: str) -> tuple[str, ...]:
        """Direct needs of a service, task or suite; empty for an unknown name."""
        for kind in (self.services, self.tasks, self.tests):
            if name in kind:
                return kind[name].needs
        return ()
