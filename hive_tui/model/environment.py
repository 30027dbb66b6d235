"""What the hive knows about one environment, as stored and as shown. Values only."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hive_tui.model.agent import AgentDetail
from hive_tui.model.project import Boundaries


class EnvState(StrEnum):
    """What an env is doing, derived from what is observed. Also the suffix of its style class."""

    STOPPED = "stopped"
    COLD = "cold"
    WARM = "warm"
    FROZEN = "frozen"
    SPAWNING = "spawning"
    WARMING = "warming"
    COOLING = "cooling"
    STOPPING = "stopping"
    DESTROYING = "destroying"
    DEGRADED = "degraded"
    FAILED = "failed"


class Wanted(StrEnum):
    """What the user wants of an env. The only part of its state that is stored."""

    STOPPED = "stopped"
    COLD = "cold"
    WARM = "warm"
    FROZEN = "frozen"


class ServiceState(StrEnum):
    """What one service is doing."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    CRASHED = "crashed"
    BACKOFF = "backoff"
    FROZEN = "frozen"


class TestState(StrEnum):
    """What is known of one test suite."""

    __test__ = False

    NEVER = "never"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    CANCELLED = "cancelled"


class Trespass(msgspec.Struct, frozen=True):
    """One write that its boundaries do not allow."""

    path: str
    """Relative to the worktree where it lies in it, else absolute."""
    reason: str


class EnvRecord(msgspec.Struct, frozen=True):
    """What is stored of an env: its identity, what it owns and what is wanted of it."""

    uid: str
    """Twelve hex digits, new for every spawn: two envs of one name in turn never share anything."""
    project: str
    name: str
    slug: str
    """Template value `{{env.slug}}`: `[a-z0-9_]{1,40}`, unique in the hive."""
    index: int
    """Smallest free number of the project at spawn, from 0."""
    branch: str
    base: str
    """Ref that it was made from, as the user would write it."""
    base_commit: str
    worktree: str
    port_base: int
    port_size: int
    created: float
    """Seconds since the epoch, UTC."""
    wanted: Wanted = Wanted.STOPPED
    owned: bool = True
    """False for an adopted worktree: neither it nor its branch is ever deleted."""
    branch_made: bool = True
    """False where the branch existed before: it is never deleted."""
    common: bool = False
    """True for what the envs of a project have in common, which nobody sees as an env."""
    boundaries: Boundaries = Boundaries()
    """Its own, beside those of its project."""
    heal: str = ""
    """Mode of healing that was chosen for it; empty: its project's."""

    @property
    def id(self) -> str:
        """`project/name`, unique in the hive."""
        return f"{self.project}/{self.name}"


class PortsView(msgspec.Struct, frozen=True):
    """An env's block of ports."""

    base: int
    size: int
    names: dict[str, int]


class ServiceView(msgspec.Struct, frozen=True):
    """One service as the contract's JSON has it."""

    name: str
    kind: str
    state: ServiceState
    pid: int | None = None
    restarts: int = 0
    since: str | None = None
    """RFC 3339 with milliseconds, UTC."""
    exit_code: int | None = None
    """Of the last run; negative for a signal; `None` while it runs for the first time."""
    scope: str = "env"
    """`shared` where all envs of the project have it in common."""


class TestView(msgspec.Struct, frozen=True):
    """One suite's verdict as the contract's JSON has it."""

    __test__ = False

    name: str
    state: TestState
    passed: int | None = None
    failed: int | None = None
    skipped: int | None = None
    duration_s: float | None = None
    commit: str | None = None
    stale: bool = False


class TestFailure(msgspec.Struct, frozen=True):
    """One test that did not pass."""

    __test__ = False

    name: str
    message: str
    file: str | None = None
    line: int | None = None


class AgentView(msgspec.Struct, frozen=True):
    """The env's coding agent."""

    kind: str
    state: str
    since: str | None = None
    reason: str | None = None


class GitView(msgspec.Struct, frozen=True):
    """Where the env's work stands against its base."""

    ahead: int
    behind: int
    dirty: int
    """Files changed or untracked."""
    insertions: int
    deletions: int


class ProgressView(msgspec.Struct, frozen=True):
    """A transition under way."""

    transition: str
    done: int
    all: int
    eta_s: float | None
    running: tuple[str, ...]


class EnvView(msgspec.Struct, frozen=True):
    """One env exactly as `hive list --json` prints it."""

    name: str
    project: str
    branch: str
    worktree: str
    index: int
    state: EnvState
    wanted: Wanted
    reason: str | None
    ports: PortsView
    services: tuple[ServiceView, ...]
    tests: tuple[TestView, ...]
    agent: AgentView | None
    git: GitView | None
    memory_bytes: int | None
    cpu_percent: float | None
    progress: ProgressView | None


class ServiceDetail(msgspec.Struct, frozen=True):
    """What a screen shows of a service beyond the contract's object."""

    name: str
    when: str
    needs: tuple[str, ...]
    reason: str | None = None
    """Why it is not ready, and what happens next."""
    ports: tuple[int, ...] = ()
    memory_bytes: int | None = None
    tail: tuple[str, ...] = ()
    """Last lines of its log at its last failure, without control codes; none while it runs."""


class TaskView(msgspec.Struct, frozen=True):
    """What is known of one task in one env."""

    name: str
    when: str
    state: str
    """`never`, `waiting`, `running`, `succeeded`, `failed`, `skipped` or `cancelled`."""
    duration_s: float | None = None
    at: str | None = None
    reason: str | None = None


class Waiting(msgspec.Struct, frozen=True):
    """A step that could not start yet, and for what it waits."""

    step: str
    reason: str
    """`need db`, `a CPU slot (2 of 2 taken)`, `lane worktree`, `back-off, next try in 2.0 s`."""


class Failure(msgspec.Struct, frozen=True):
    """What went wrong last, with what one needs to see why."""

    step: str
    reason: str
    tail: tuple[str, ...] = ()
    """Last lines of its log, decoded and without control codes."""
    hint: str | None = None
    """What to do about it; `None` where its log is the place to look."""


class TransitionSummary(msgspec.Struct, frozen=True):
    """How the last transition ended."""

    transition: str
    outcome: str
    makespan_s: float
    critical_path_s: float
    previous_s: float | None = None
    """Makespan of the same transition the time before."""
    at: str | None = None


class EnvDetail(msgspec.Struct, frozen=True):
    """One env with everything that a screen or `hive why` shows. Newest replaces all earlier."""

    id: str
    uid: str
    view: EnvView
    services: tuple[ServiceDetail, ...] = ()
    tasks: tuple[TaskView, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    failure: Failure | None = None
    last: TransitionSummary | None = None
    failures: dict[str, tuple[TestFailure, ...]] = {}
    """Suite name -> tests that failed in its last run."""
    base: str = ""
    since: str | None = None
    """Since when the env is in its state."""
    pinned: bool = False
    """True where it is never put to rest by itself."""
    idle_since: str | None = None
    """Since when nobody has touched it, as of this value: sleep of the machine is left out."""
    agent: AgentDetail | None = None
    """Its coding agent in full; `None` where it has none."""
    fixed_ports: tuple[int, ...] = ()
    """The project's fixed ports, where they lead to this env."""
    trespasses: tuple[Trespass, ...] = ()
    """What was changed in the worktree beyond its boundaries."""
