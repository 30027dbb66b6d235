"""The form of hive.toml: every table, key, type, range and meaning, said once.

The loader, the JSON Schema and the reference page are all made out of these definitions. What no
single key can tell (cycles, keys that exclude each other) is in `rules`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

NAME = "^[a-z][a-z0-9_-]{0,63}$"
PROJECT_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"
SETTING = "^[A-Za-z_][A-Za-z0-9_.-]*$"
CAPABILITY = "^[A-Z][A-Z0-9_]{1,39}$"
ULIMIT = "^[a-z]{2,20}$"
HOST_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$"

LONGEST_S = 7 * 86400


class Kind(StrEnum):
    """What a text means, and so how it is checked. The value is how a person would call it."""

    TEXT = "text"
    TEMPLATE = "text with {{templates}}"
    COMMAND = "a command"
    FOLDER = "a folder inside the repository"
    PATH = "a relative path inside the repository"
    INSIDE = "an absolute path inside the container"
    GLOB = "a relative glob"
    DURATION = 'a time such as "30m", "2h" or "1d", or "never"'
    MEMORY = 'a share such as "75%" or a size such as "12GB"'
    SIZE = 'a size such as "512MB" or "2GB", at least 6MB'
    WORDS = "a command of words and quotations"
    MOUNT = 'a mount such as "data:/path", "./folder:/path" or "./folder:/path:ro"'
    TMPFS = 'a path inside the container, such as "/tmp" or "/tmp:size=64m"'
    ADDRESS = 'an IP address or "host-gateway"'
    PLATFORM = 'a platform such as "linux/amd64"'
    REGEX = "a regular expression"
    URL = "a URL such as http://127.0.0.1:{{port.NAME}}/path"
    FILE = "a path"
    PORT = "a port name"
    STEP = "a service or task"
    SUITE = "a test suite"
    BRANCH = "a branch name with {{env}} or {{project}}"
    WORKTREES = "a path that holds {{env}} or {{branch}}"


def _is(kind: Kind, meaning: str = "") -> Meta:
    return Meta(description=meaning or None, extra={"kind": kind})


def _one_of(meaning: str, *keys: str) -> Meta:
    alternatives = [{"required": [key]} for key in keys]
    return Meta(description=meaning or None, extra_json_schema={"oneOf": alternatives})


Name = Annotated[str, Meta(pattern=NAME)]
Variable = Annotated[str, Meta(pattern=VARIABLE)]
Setting = Annotated[str, Meta(pattern=SETTING)]
"""A variable as some programs in containers want it: `discovery.type`."""
HostName = Annotated[str, Meta(pattern=HOST_NAME)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Offset = Annotated[int, Meta(ge=0, le=65534)]
Path = Annotated[str, _is(Kind.PATH)]
Glob = Annotated[str, _is(Kind.GLOB)]
FixedPort = Annotated[str, Meta(pattern="^[1-9][0-9]{0,4}$")]
Step = Annotated[str, _is(Kind.STEP)]
Globs = list[Glob]

Cwd = Annotated[
    str | UnsetType,
    _is(
        Kind.FOLDER,
        "Folder that it runs in, relative to the worktree; without it the worktree itself.",
    ),
]
Needs = Annotated[
    list[Step],
    Meta(description="Services that have to be ready and tasks that have to have succeeded."),
]
Timeout = Annotated[
    float, Meta(gt=0, le=LONGEST_S, description="Seconds after which it has failed.")
]
Slots = Annotated[
    int, Meta(ge=0, le=1024, description="CPU slots while it runs; 0 for one that only waits.")
]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""


class SecretTable(Table, frozen=True):
    """A value that is kept out of the file."""

    secret: Annotated[
        str,
        Meta(
            pattern=VARIABLE,
            description="Name in the secrets file or in the daemon's environment.",
        ),
    ]


Value = Annotated[str, _is(Kind.TEMPLATE)] | SecretTable
Variables = Annotated[
    dict[Variable, Value],
    Meta(description="Its own environment variables, beside those of `[env]`."),
]


class ProjectTable(Table, frozen=True):
    """The repository, and how its envs are made."""

    name: Annotated[
        Annotated[str, Meta(pattern=PROJECT_NAME)] | UnsetType,
        Meta(description="Name of the project; without it the folder's name."),
    ] = UNSET
    base: Annotated[
        str | UnsetType,
        _is(Kind.TEXT, "Branch that envs start from; without it the repository's default."),
    ] = UNSET
    branch: Annotated[str, _is(Kind.BRANCH, "Branch of a new env.")] = "{{env}}"
    worktrees: Annotated[
        str,
        _is(Kind.WORKTREES, "Where worktrees go; a relative path counts from the main checkout."),
    ] = "~/hive/{{project}}/{{env}}"
    spares: Annotated[
        int, Meta(ge=0, le=20, description="Worktrees prepared ahead, so that a spawn is fast.")
    ] = 1


class LogsTable(Table, frozen=True):
    """What services, tasks and tests write."""

    max_mb: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="What one log may take on disk, in MB; the oldest part goes first.",
        ),
    ] = 20


class IdleTable(Table, frozen=True):
    """What happens to an env that nobody and no agent has touched for that long."""

    freeze: Annotated[
        str,
        _is(Kind.DURATION, "After this time it is frozen: no processor, its memory stays taken."),
    ] = "30m"
    cool: Annotated[
        str, _is(Kind.DURATION, "After this time it goes cold, which gives memory back.")
    ] = "2h"
    stop: Annotated[str, _is(Kind.DURATION, "After this time it is stopped.")] = "1d"


class LimitsTable(Table, frozen=True):
    """What all envs together may take of the machine."""

    memory: Annotated[
        str,
        _is(
            Kind.MEMORY,
            "What all envs together may take; what does not fit is not warmed.",
        ),
    ] = "75%"
    idle: Annotated[
        IdleTable,
        Meta(description="What happens to an env that nobody and no agent has touched."),
    ] = IdleTable()


class PortsTable(Table, frozen=True):
    """The block of ports that each env gets."""

    base: Annotated[int, Meta(ge=1024, le=65534, description="First port of the first block.")] = (
        10000
    )
    block: Annotated[int, Meta(ge=1, le=64511, description="Ports per env.")] = 1000
    names: Annotated[
        dict[Name, Offset],
        Meta(description="Port name to offset in the block; `{{port.NAME}}` is the port."),
    ] = {}


class LinkTable(Table, frozen=True):
    """A dependency folder that is taken from the main checkout instead of installed again."""

    path: Annotated[str, _is(Kind.PATH, "The folder.")]
    mode: Annotated[
        Literal["auto", "symlink", "reflink", "copy", "hardlink", "overlay"],
        Meta(
            description="How it is taken; `auto` shares blocks where the filesystem can, fills "
            "the folder by `install` where a package manager's own store makes that cheap, and is "
            "a link otherwise (a copy for a build cache, which two branches must not share). "
            "`copy` is private and takes the time and the disk of a copy. `hardlink`: a file that "
            "is edited in place changes everywhere. `overlay`: needs the right to mount (or "
            "fuse-overlayfs); renames of its folders fail, changes of the main checkout's show "
            "through."
        ),
    ] = "auto"
    key: Annotated[
        list[Path],
        Meta(
            description="Files that say what is in the folder. Where they differ from the main "
            "checkout's, or have changed since, the env gets its own by `install`; without that, "
            "a copy."
        ),
    ] = []
    install: Annotated[
        str | UnsetType,
        _is(Kind.COMMAND, "Command that fills the env's own folder, as a step."),
    ] = UNSET


class CopyTable(Table, frozen=True):
    """An untracked file or folder that a checkout needs."""

    path: Annotated[str, _is(Kind.PATH, "The file or folder.")]


class SnapshotTable(Table, frozen=True):
    """What of an env `hive snapshot` saves, beside volumes and its parts of shared services."""

    data: Annotated[
        list[Path],
        Meta(description="Files and folders of the worktree. SQLite's own files come along."),
    ] = []


class ReadyTable(Table, frozen=True):
    """When a service counts as ready: exactly one of the first five keys."""

    tcp: Annotated[
        str | UnsetType,
        _is(Kind.PORT, "It listens on the port of that name; of a container, inside of it."),
    ] = UNSET
    http: Annotated[
        str | UnsetType, _is(Kind.URL, "A GET of the URL answers with status 200 to 399.")
    ] = UNSET
    exec: Annotated[
        str | UnsetType,
        _is(Kind.COMMAND, "The command ends with status 0; of a container, inside of it."),
    ] = UNSET
    log: Annotated[
        str | UnsetType, _is(Kind.REGEX, "A line of its log matches the regular expression.")
    ] = UNSET
    file: Annotated[
        str | UnsetType,
        _is(
            Kind.FILE,
            "The file exists; relative to the worktree. An absolute one is inside the container.",
        ),
    ] = UNSET
    timeout: Timeout = 60.0


class StopTable(Table, frozen=True):
    """How a service is asked to end."""

    signal: Annotated[
        Literal["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "ABRT", "KILL"] | UnsetType,
        Meta(
            description="Signal that asks it to end; without it TERM, and for a container what "
            "its image says."
        ),
    ] = UNSET
    grace: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds until all its processes are killed."),
    ] = 5.0


class PerEnvTable(Table, frozen=True):
    """How an env gets and loses its own part of a shared service."""

    create: Annotated[
        str | UnsetType,
        _is(Kind.COMMAND, "Makes the env's part. It may run again, and then changes nothing."),
    ] = UNSET
    drop: Annotated[
        str | UnsetType, _is(Kind.COMMAND, "Removes the env's part, where there is one.")
    ] = UNSET
    list: Annotated[
        str | UnsetType,
        _is(Kind.COMMAND, "Prints the slug of every env that has a part, one a line."),
    ] = UNSET
    dump: Annotated[
        str | UnsetType, _is(Kind.COMMAND, "Writes the env's part to standard output.")
    ] = UNSET
    load: Annotated[
        str | UnsetType,
        _is(Kind.COMMAND, "Makes the env's part anew from what it reads on standard input."),
    ] = UNSET
    template: Annotated[
        Name | UnsetType,
        Meta(
            description="What new parts are copies of. `{{template}}` is this name and a mark of "
            "what it was made from."
        ),
    ] = UNSET
    template_create: Annotated[
        str | UnsetType, _is(Kind.COMMAND, "Makes an empty template, before `seed` fills it.")
    ] = UNSET
    template_drop: Annotated[
        str | UnsetType, _is(Kind.COMMAND, "Removes a template, where there is one.")
    ] = UNSET
    seed: Annotated[
        str | UnsetType,
        _is(
            Kind.COMMAND,
            "Fills a template, once for each content of `inputs`; runs in the env's worktree.",
        ),
    ] = UNSET
    inputs: Annotated[
        Globs, Meta(description="Files that say what is in a template: migrations, seed data.")
    ] = []
    timeout: Annotated[
        float, Meta(gt=0, le=LONGEST_S, description="Seconds that `seed` may take.")
    ] = 3600.0


class BuildTable(Table, frozen=True):
    """An image that is built from the worktree. The same content is built once."""

    context: Annotated[str, _is(Kind.FOLDER, "Folder whose content the image is built from.")]
    dockerfile: Annotated[str, _is(Kind.PATH, "The Dockerfile, relative to the context.")] = (
        "Dockerfile"
    )
    args: Annotated[
        dict[Variable, Annotated[str, _is(Kind.TEMPLATE)]], Meta(description="Build arguments.")
    ] = {}
    target: Annotated[
        str | UnsetType, _is(Kind.TEXT, "Stage to build; without it the last one.")
    ] = UNSET


Words = Annotated[str, _is(Kind.WORDS)] | list[Annotated[str, _is(Kind.TEMPLATE)]] | UnsetType


class UlimitTable(Table, frozen=True):
    """A limit of the kernel for one container; -1 is none."""

    soft: Annotated[int, Meta(ge=-1, le=2**62, description="What holds at first.")]
    hard: Annotated[int, Meta(ge=-1, le=2**62, description="How far it may be raised inside.")]


class ServiceTable(Table, frozen=True):
    """Something that keeps running: a process (`run`) or a container (`image` or `build`)."""

    run: Annotated[str | UnsetType, _is(Kind.COMMAND, "Command of a process.")] = UNSET
    image: Annotated[str | UnsetType, _is(Kind.TEMPLATE, "Image of a container.")] = UNSET
    build: Annotated[
        Annotated[str, _is(Kind.FOLDER)] | BuildTable | UnsetType,
        Meta(
            description="Folder with a Dockerfile that a container's image is built from; or a "
            "table with `context`, `dockerfile`, `args` and `target`."
        ),
    ] = UNSET
    cwd: Cwd = UNSET
    needs: Needs = []
    ready: Annotated[
        ReadyTable | UnsetType,
        _one_of(
            "When it counts as ready; without it as soon as it runs.",
            "tcp",
            "http",
            "exec",
            "log",
            "file",
        ),
    ] = UNSET
    restart: Annotated[
        Literal["no", "on-failure", "always"],
        Meta(description="What happens when it ends by itself."),
    ] = "on-failure"
    stop: Annotated[StopTable, Meta(description="How it is asked to end.")] = StopTable()
    when: Annotated[
        Literal["cold", "warm", "manual"],
        Meta(description="From which state on it runs by itself."),
    ] = "warm"
    scope: Annotated[
        Literal["env", "shared"], Meta(description="One for each env, or one for the project.")
    ] = "env"
    env: Annotated[
        dict[Setting, Value],
        Meta(description="Its own environment variables, beside those of `[env]`."),
    ] = {}
    ports: Annotated[
        dict[Name, Port],
        Meta(description="Containers only: port name to port inside the container."),
    ] = {}
    volumes: Annotated[
        dict[Name, Annotated[str, _is(Kind.INSIDE)]] | list[Annotated[str, _is(Kind.MOUNT)]],
        Meta(
            description="Containers only: volume name to path inside, one volume per env; or a "
            "list of mounts, of volumes as well as of folders."
        ),
    ] = {}
    command: Annotated[
        Words, Meta(description="Containers only: words that run inside, instead of the image's.")
    ] = UNSET
    entrypoint: Annotated[
        Words, Meta(description="Containers only: what the command is given to.")
    ] = UNSET
    user: Annotated[
        str | UnsetType, _is(Kind.TEMPLATE, "Containers only: who it runs as, `1000:1000`.")
    ] = UNSET
    working_dir: Annotated[
        str | UnsetType, _is(Kind.INSIDE, "Containers only: folder inside that it runs in.")
    ] = UNSET
    tmpfs: Annotated[
        list[Annotated[str, _is(Kind.TMPFS)]],
        Meta(description="Containers only: paths inside that are kept in memory."),
    ] = []
    extra_hosts: Annotated[
        dict[HostName, Annotated[str, _is(Kind.ADDRESS)]],
        Meta(
            description="Containers only: further host names and their addresses; "
            "`host.docker.internal` is there already."
        ),
    ] = {}
    init: Annotated[
        bool,
        Meta(description="Containers only: a small init reaps zombies and passes signals on."),
    ] = True
    memory: Annotated[
        str | UnsetType, _is(Kind.SIZE, "Containers only: memory that it may take.")
    ] = UNSET
    cpus: Annotated[
        Annotated[float, Meta(gt=0, le=1024)] | UnsetType,
        Meta(description="Containers only: processors that it may take, such as 1.5."),
    ] = UNSET
    platform: Annotated[
        str | UnsetType, _is(Kind.PLATFORM, "Containers only: platform of the image.")
    ] = UNSET
    shm_size: Annotated[
        str | UnsetType, _is(Kind.SIZE, "Containers only: size of /dev/shm; without it 64MB.")
    ] = UNSET
    ulimits: Annotated[
        dict[
            Annotated[str, Meta(pattern=ULIMIT)],
            Annotated[int, Meta(ge=-1, le=2**62)] | UlimitTable,
        ],
        Meta(description="Containers only: limits of the kernel, such as `nofile = 65536`."),
    ] = {}
    cap_add: Annotated[
        list[Annotated[str, Meta(pattern=CAPABILITY)]],
        Meta(description="Containers only: capabilities beyond the usual, such as SYS_PTRACE."),
    ] = []
    aliases: Annotated[
        list[HostName],
        Meta(description="Containers only: further names by which others of the env reach it."),
    ] = []
    once: Annotated[
        bool,
        Meta(
            description="Containers only: it runs to its end, as a task does, and what needs it "
            "waits for that."
        ),
    ] = False
    keep: Annotated[
        bool,
        Meta(description='With `scope = "shared"` only: it goes on when no env needs it.'),
    ] = False
    per_env: Annotated[
        PerEnvTable | UnsetType,
        Meta(description='With `scope = "shared"` only: how an env gets its own part.'),
    ] = UNSET


CONTAINER_KEYS = (
    "ports",
    "volumes",
    "command",
    "entrypoint",
    "user",
    "working_dir",
    "tmpfs",
    "extra_hosts",
    "init",
    "memory",
    "cpus",
    "platform",
    "shm_size",
    "ulimits",
    "cap_add",
    "aliases",
    "once",
)
"""Keys of a service that mean nothing without a container."""


class TaskTable(Table, frozen=True):
    """Something that runs to its end: build, migrate, seed."""

    run: Annotated[str, _is(Kind.COMMAND, "The command.")]
    cwd: Cwd = UNSET
    needs: Needs = []
    when: Annotated[
        Literal["spawn", "cold", "warm"],
        Meta(description="With which transition it runs; `spawn`: once, when the env is made."),
    ] = "warm"
    inputs: Annotated[
        list[Glob],
        Meta(
            description="It is skipped while these files are as they were when it last succeeded "
            "in the env. Without any it runs each time the env goes up."
        ),
    ] = []
    retries: Annotated[
        int, Meta(ge=0, le=100, description="How often it is tried again after a failure.")
    ] = 0
    timeout: Timeout = 600.0
    slots: Slots = 1
    env: Variables = {}


class TestTable(Table, frozen=True):
    """A command that judges the work in an env; `{{report}}` is where JUnit XML may go."""

    __test__ = False

    run: Annotated[str, _is(Kind.COMMAND, "The command.")]
    cwd: Cwd = UNSET
    needs: Needs = []
    watch: Annotated[
        list[Glob], Meta(description="It runs by itself when these files change.")
    ] = []
    timeout: Timeout = 1800.0
    slots: Slots = 1
    env: Variables = {}


class ComposeTable(Table, frozen=True):
    """Compose files whose services each env gets; `[services.NAME]` adds to one of them."""

    file: Annotated[
        Path | list[Path],
        Meta(description="The file; of several the later ones go over the earlier ones."),
    ]
    profiles: Annotated[
        list[str],
        Meta(description="Profiles whose services run by themselves; those of others on demand."),
    ] = []
    services: Annotated[
        list[str] | UnsetType,
        Meta(description="Only these services, and what they need; without it all."),
    ] = UNSET
    env_file: Annotated[
        Path | list[Path] | UnsetType,
        Meta(
            description="Where `${NAME}` gets its value, after `[env]`; without it the `.env` "
            "beside the first file."
        ),
    ] = UNSET
    ignore: Annotated[
        list[str],
        Meta(
            description="Keys that hive cannot take over and may leave out, such as "
            "`services.web.ipc`; `*` stands for any part."
        ),
    ] = []


class AgentTable(Table, frozen=True):
    """A coding agent that may work in an env."""

    kind: Annotated[
        Literal["claude", "codex", "opencode", "gemini", "generic"],
        Meta(description="Which agent it is, and so how its state is read."),
    ]
    run: Annotated[str, _is(Kind.COMMAND, "The command that starts it.")]
    sandbox: Annotated[
        Literal["bwrap"] | UnsetType,
        Meta(
            description="Walls around it (Linux, bubblewrap): it writes in its worktree, its "
            "caches and temporary folders of its own, and nowhere else."
        ),
    ] = UNSET


class BoundariesTable(Table, frozen=True):
    """Where agents may write in a worktree. Told and noticed; only a sandbox is a wall."""

    allow: Annotated[
        list[str],
        Meta(description="Patterns as in a .gitignore; without any, all of the worktree."),
    ] = []
    deny: Annotated[
        list[str], Meta(description="Patterns of what they may not write; wins over `allow`.")
    ] = []


class HealTable(Table, frozen=True):
    """What an agent broke goes back to it: suites run when its turn ends, and red ones are told."""

    suites: Annotated[
        list[Annotated[str, _is(Kind.SUITE)]],
        Meta(description="The suites that have to be green, of `[tests]`; none: nothing is run."),
    ] = []
    mode: Annotated[
        Literal["off", "observe", "on"],
        Meta(
            description="`observe` runs them and tells the agent nothing. An env may have a mode "
            "of its own (`hive heal NAME --mode`)."
        ),
    ] = "on"
    attempts: Annotated[
        int, Meta(ge=1, le=7, description="How often its agent is told before you are called.")
    ] = 3
    within: Annotated[str, _is(Kind.DURATION, "How long all attempts together may take.")] = "1h"
    cost: Annotated[
        Annotated[float, Meta(gt=0, le=10_000)] | UnsetType,
        Meta(
            description="USD that all attempts together may cost, where the agent tells; without "
            "it there is no bound.",
        ),
    ] = UNSET


class File(Table, frozen=True):
    """All of hive.toml. Every table may be left out."""

    project: ProjectTable = ProjectTable()
    logs: LogsTable = LogsTable()
    limits: LimitsTable = LimitsTable()
    ports: PortsTable = PortsTable()
    forward: Annotated[
        dict[FixedPort, Annotated[str, _is(Kind.PORT)]],
        Meta(
            description="Fixed ports on 127.0.0.1, each with the name of the port that it leads "
            "to in one env at a time (`hive forward NAME`)."
        ),
    ] = {}
    env: Annotated[
        dict[Variable, Value],
        Meta(description="Variables of every service, task, test, agent and shell of an env."),
    ] = {}
    link: list[LinkTable] = []
    copy: list[CopyTable] = []
    snapshot: SnapshotTable = SnapshotTable()
    compose: Annotated[
        ComposeTable | UnsetType,
        Meta(description="Services of an existing compose file, as they are."),
    ] = UNSET
    services: dict[Name, ServiceTable] = {}
    tasks: dict[Name, TaskTable] = {}
    tests: dict[Name, TestTable] = {}
    agents: dict[Name, AgentTable] = {}
    boundaries: BoundariesTable = BoundariesTable()
    heal: HealTable = HealTable()
    prompts: Annotated[
        dict[str, str],
        Meta(
            description="Templates of prompts for the dashboard, by name, beside `simplify`, "
            "`review` and `add tests`; an empty text takes one of those away."
        ),
    ] = {}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file, for editors and scripts."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hive.toml",
        **msgspec.json.schema(File),
    }
