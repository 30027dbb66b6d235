"""What survives the daemon: the records that the engine keeps, and the store that it asks for.

What *runs* is in none of them: that is read from the world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from hive_tui.engine.container_protocols import Contained
from hive_tui.engine.protocols import Identity, Removed
from hive_tui.model.environment import EnvRecord, TestFailure
from hive_tui.model.events import LogEvent
from hive_tui.model.plan import Trace, Transition

if TYPE_CHECKING:
    from hive_tui.engine.healing.records import HealRecord


class RunRecord(msgspec.Struct, frozen=True):
    """One run of a service, task or suite. Written before the launch and updated after it."""

    run_id: str
    env_uid: str
    name: str
    role: str
    """`service`, `task` or `suite`."""
    started: float
    log_offset: int
    """Where its output starts in the log."""
    identity: Identity | None = None
    ended: float | None = None
    exit_code: int | None = None
    exit_file: str = ""
    """Where its shim leaves the exit status; "" where the caller knows it otherwise."""
    contained: Contained | None = None
    """For a run in a container: by what it is found again."""


class UnitRecord(msgspec.Struct, frozen=True):
    """What must survive of the supervision of one service."""

    env_uid: str
    service: str
    wanted: bool
    """True while it should run."""
    restarts: int = 0
    failures: tuple[float, ...] = ()
    """When it ended by itself lately: seconds since the epoch."""
    exit_code: int | None = None
    since: float = 0.0
    gave_up: str | None = None
    """Reason of the crash loop; `None` while restarts go on."""
    was_ready: bool = False


class Part(msgspec.Struct, frozen=True):
    """What one env has of a shared service. Written before it is made."""

    env: EnvRecord
    """The env as it was then: by its values the part is found, and removed when the env is gone."""
    service: str
    made_by: str
    """Command that made it, with all values in place."""
    template: str
    """Name of the template that it is a copy of; "" where of none."""
    run_id: str | None
    """Run of the service in which it was made; `None` until it is there."""


class Template(msgspec.Struct, frozen=True):
    """What new parts of a shared service are copies of. Written before it is made."""

    common_uid: str
    service: str
    name: str
    ready: bool
    """False until it is filled: what there is of it then is removed first."""
    used: float
    """When an env asked for it last; seconds since the epoch."""


class Verdict(msgspec.Struct, frozen=True):
    """What a suite said, and about what."""

    env_uid: str
    suite: str
    state: str
    passed: int | None
    failed: int | None
    skipped: int | None
    duration_s: float
    commit: str
    content: str
    at: float
    failures: tuple[TestFailure, ...] = ()
    reason: str | None = None


class TaskRecord(msgspec.Struct, frozen=True):
    """Last end of a task in an env."""

    env_uid: str
    task: str
    outcome: str
    fingerprint: str
    """Of its inputs when it last *succeeded*; "" without inputs."""
    current: bool
    """False once the env went down since: a task without inputs then runs again."""
    duration_s: float
    at: float


class LinkRecord(msgspec.Struct, frozen=True):
    """What a dependency folder of an env was made of last."""

    env_uid: str
    path: str
    mode: str
    """How it was taken, or `installed`, `installing`, `found`."""
    key: str
    """Fingerprint of the key that it stands for; "" without one."""
    stamp: str
    """Of the main checkout's folder at that time."""
    at: float


class JournalEntry(msgspec.Struct, frozen=True):
    """A transition that was begun and not yet ended."""

    id: int
    env_uid: str
    transition: Transition
    params: dict[str, str | bool | None]
    made: dict[str, str]
    """What it made so far, and so may undo: for spawn `worktree`, `branch`, `spare`."""
    started: float


class Spare(msgspec.Struct, frozen=True):
    """A worktree prepared ahead."""

    project: str
    folder: str
    commit: str
    state: str
    """`making`, `ready` or `taken`."""


class Trashed(msgspec.Struct, frozen=True):
    """A destroyed env that can still be taken back."""

    record: EnvRecord
    removed: Removed
    at: float


class Cost(msgspec.Struct, frozen=True):
    """The most that a service took during one stay of an env in a state."""

    project: str
    state: str
    """Of the env: `warm`, `cold` or `frozen`."""
    service: str
    env_uid: str
    began: float
    """When the stay began, in seconds since the epoch."""
    peak_bytes: int


class Lease(msgspec.Struct, frozen=True):
    """A process outside of the env's services that keeps the env from being idle."""

    what: str
    """In words: `hive run npm`, `a shell`."""
    pid: int
    birth: str
    """From `Processes.birth`: another process with the number later is not it."""


class ActivityRecord(msgspec.Struct, frozen=True):
    """How long nobody has touched an env, and what keeps it from rest."""

    env_uid: str
    idle_s: float
    """Counted while a daemon ran and the machine was awake."""
    pinned: bool = False
    leases: tuple[Lease, ...] = ()


class Store(Protocol):
    """What survives the daemon. Every method is one transaction, on disk when it returns."""

    def projects(self) -> dict[str, str]:
        """Name -> root of every registered project."""
        ...

    def put_project(self, name: str, root: str) -> None:
        """Register.

        Raises:
            HiveError: Another root has the name already.
        """
        ...

    def drop_project(self, name: str) -> None:
        """Forget a project with what was learned of it."""
        ...

    def envs(self) -> tuple[EnvRecord, ...]: ...
    def commons(self) -> tuple[EnvRecord, ...]:
        """What the envs of each project have in common."""
        ...

    def put_env(self, record: EnvRecord) -> None: ...
    def claim_env(
        self, record: EnvRecord, block: int, candidates: Callable[[frozenset[int]], int]
    ) -> EnvRecord:
        """Insert a new env with index, slug and port block decided in the same transaction.

        Args:
            record: With `index`, `slug` and `port_base` still to be decided.
            block: Ports per env.
            candidates: Given the bases that are taken, returns the base to use.

        Raises:
            HiveError: The project already has an env of that name.
        """
        ...

    def drop_env(self, uid: str) -> None:
        """Forget an env and all that belongs to it but its events and trash."""
        ...

    def open_journal(
        self, env_uid: str, transition: Transition, params: Mapping[str, str | bool | None]
    ) -> int: ...
    def note_made(self, journal_id: int, **made: str) -> None: ...
    def close_journal(self, journal_id: int) -> None: ...
    def journal(self) -> tuple[JournalEntry, ...]: ...

    def put_run(self, run: RunRecord) -> None: ...
    def runs(self) -> tuple[RunRecord, ...]:
        """Those that have not ended."""
        ...

    def put_unit(self, unit: UnitRecord) -> None: ...
    def units(self, env_uid: str) -> tuple[UnitRecord, ...]: ...
    def put_task(self, task: TaskRecord) -> None: ...
    def tasks(self, env_uid: str) -> tuple[TaskRecord, ...]: ...
    def put_forward(self, project: str, env_uid: str | None) -> None:
        """Keep which env has a project's fixed ports; `None`: none."""
        ...

    def forwards(self) -> dict[str, str]:
        """Project -> uid of the env that has its fixed ports."""
        ...

    def put_setting(self, name: str, value: str) -> None: ...
    def setting(self, name: str) -> str | None:
        """What was chosen for the whole hive; `None`: nothing yet."""
        ...

    def put_link(self, link: LinkRecord) -> None: ...
    def links(self, env_uid: str) -> tuple[LinkRecord, ...]: ...
    def put_verdict(self, verdict: Verdict) -> None: ...
    def verdicts(self, env_uid: str) -> tuple[Verdict, ...]: ...

    def put_heal(self, record: HealRecord) -> None: ...
    def heal(self, env_uid: str) -> HealRecord | None: ...
    def put_base(self, project: str, commit: str, suite: str, mark: str) -> None:
        """Keep how a suite went on a commit that envs start from: its mark; "" for green."""
        ...

    def bases(self, project: str, commit: str) -> dict[str, str]:
        """Suite -> mark, of all that were measured on that commit."""
        ...

    def learn(self, project: str, key: str, seconds: float) -> None: ...
    def learned(self, project: str) -> dict[str, float]:
        """Step key -> median of the last successful durations, in seconds."""
        ...

    def put_costs(self, costs: Sequence[Cost]) -> None:
        """Keep peaks, each in place of an earlier one of its stay; the oldest stays go."""
        ...

    def costs(self, project: str) -> tuple[Cost, ...]:
        """Those of the last stays, oldest first."""
        ...

    def put_activity(self, records: Sequence[ActivityRecord]) -> None: ...
    def activity(self) -> tuple[ActivityRecord, ...]: ...

    def put_engaged(self, env_uid: str) -> None:
        """Keep that an env has, or may have, things at the container engine."""
        ...

    def drop_engaged(self, env_uid: str) -> None: ...
    def engaged(self) -> frozenset[str]:
        """Uids of the envs that do, also of such as are no longer there."""
        ...

    def put_part(self, part: Part) -> None: ...
    def drop_part(self, env_uid: str, service: str) -> None: ...
    def parts(self) -> tuple[Part, ...]:
        """Those of all envs, also of such as are no longer there."""
        ...

    def put_template(self, template: Template) -> None: ...
    def drop_template(self, common_uid: str, name: str) -> None: ...
    def templates(self, common_uid: str) -> tuple[Template, ...]: ...

    def put_spare(self, spare: Spare) -> None: ...
    def drop_spare(self, folder: str) -> None: ...
    def spares(self, project: str | None = None) -> tuple[Spare, ...]: ...

    def put_trash(self, trashed: Trashed) -> None: ...
    def drop_trash(self, uid: str) -> None: ...
    def trash(self) -> tuple[Trashed, ...]:
        """Newest first."""
        ...

    def put_trace(self, env_uid: str, trace: Trace) -> None: ...
    def traces(self, env_uid: str) -> tuple[Trace, ...]:
        """The newest of each transition, newest first."""
        ...

    def log(
        self,
        kind: str,
        message: str,
        *,
        env: str | None = None,
        service: str | None = None,
        level: str = "info",
        data: Mapping[str, object] | None = None,
    ) -> LogEvent:
        """Append to the event log."""
        ...

    def events(self, limit: int, *, env: str | None = None) -> tuple[LogEvent, ...]:
        """The newest, oldest first."""
        ...
