"""What the engine asks of the world. Drivers implement these; tests script them.

Nothing here decides anything. Coroutines may be cancelled at any await; a driver then undoes or
finishes what it was at before the cancellation leaves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from hive_tui.model.environment import EnvRecord, GitView, TestFailure
from hive_tui.model.errors import HiveError


class Clock(Protocol):
    """Time, passed in so that decisions can be tested without waiting."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards, for intervals."""
        ...


# --- processes ---------------------------------------------------------------------------------


class Identity(msgspec.Struct, frozen=True):
    """A process that cannot be mistaken for another one that got its number later."""

    pid: int
    """Also the id of its session and process group."""
    start_ticks: int
    """Field 22 of `/proc/<pid>/stat`, or the platform's equivalent."""
    boot_id: str
    run_id: str
    """Value of `HIVE_RUN_ID` in its environment."""


class Launch(msgspec.Struct, frozen=True):
    """How to start one process in a session of its own, behind the exit-status shim."""

    run_id: str
    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    """All of its environment: nothing is inherited. `HIVE_RUN_ID` is added by the driver."""
    log: Path
    """Opened O_APPEND and inherited as standard output and error."""
    exit_file: Path
    """Where the shim leaves the exit status as a decimal number."""


class Exit(msgspec.Struct, frozen=True):
    """How a process ended."""

    code: int | None
    """Exit status; negative for a signal; `None` where nobody saw it (killed while unwatched)."""
    why: str | None = None
    """What is known of its end beyond the status: that memory ran out, for example."""
    outside: bool = False
    """True where it ended with what it ran on, which is no failure of its own."""


class Usage(msgspec.Struct, frozen=True):
    """What the processes of one session take."""

    memory_bytes: int
    """PSS as of its last reading, moved by what changed since; else RSS less what is shared."""
    cpu_s: float
    """Processor seconds so far."""
    pids: tuple[int, ...]
    sure: bool = True
    """False while some of its memory may be counted twice: nothing to learn from."""


class Processes(Protocol):
    """Starting, watching and ending processes. A signal is sent only to a matching identity."""

    async def launch(self, launch: Launch) -> Identity:
        """Start it.

        Raises:
            HiveError: The shim could not be started (folder gone, no memory, no descriptors).
        """
        ...

    def exited(self, identity: Identity, exit_file: Path) -> asyncio.Future[Exit]:
        """A future that ends when the leader ends. Works for children and for adopted processes.

        The rest of the session is killed before a child is reaped, so that its number stays
        taken until nobody is left.
        """
        ...

    def alive(self, identity: Identity) -> bool:
        """True while exactly that process lives (a zombie does not)."""
        ...

    def frozen(self, identity: Identity) -> bool:
        """True where exactly that process is there and stopped by a signal."""
        ...

    def members(self, identity: Identity) -> tuple[int, ...]:
        """Live processes of its session, and those that carry its run id and left the session."""
        ...

    def descendants(self, identity: Identity) -> tuple[int, ...]:
        """Those of `members` that are found from parent to child, leader first.

        That costs as much as there are of them, and not as much as there are processes on the
        machine. Empty where the system does not tell that cheaply.
        """
        ...

    def signal(self, identity: Identity, signal: int) -> int:
        """Send to every member; return how many got it. 0 where the identity does not match."""
        ...

    async def stop(self, identity: Identity, signal: int, grace_s: float) -> None:
        """Ask with `signal` (and wake what is frozen), then KILL; return once nobody is left."""
        ...

    def find(self) -> dict[str, Identity]:
        """Live session leaders of this home's runs by run id, from the processes' environments.

        Only those whose `HIVE_RUN_ID` carries this home's prefix.
        """
        ...

    def birth(self, pid: int) -> str | None:
        """What tells the process that has the number now from all others; `None`: nobody has."""
        ...

    def usage(self, sessions: Collection[int] | None = None) -> dict[int, Usage]:
        """One pass over all processes: session id -> what it takes. No process is spawned.

        Args:
            sessions: Only these; `None` stands for those of all runs that are watched.
        """
        ...


class Strain(msgspec.Struct, frozen=True):
    """How short of memory the machine is at a moment."""

    available_bytes: int
    """What could be had without swapping."""
    total_bytes: int
    some_percent: float | None = None
    """Of the last 10 s, how long some task waited for memory (PSI); `None`: not told here."""
    full_percent: float | None = None
    """The same, how long all tasks waited."""
    level: int | None = None
    """macOS: 1 normal, 2 warning, 4 critical."""


class Headroom(Protocol):
    """What the machine has left."""

    def strain(self) -> Strain:
        """How short of memory it is now; cheap enough for every two seconds."""
        ...

    def watch(self, felt: Callable[[], None]) -> bool:
        """Call `felt` on the loop soon after tasks began to wait; False: the system cannot."""
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


# --- listening sockets -------------------------------------------------------------------------


class Listener(msgspec.Struct, frozen=True):
    """A socket that accepts TCP connections on this machine."""

    port: int
    address: str
    inode: int
    """0 where the platform does not tell."""


class Listening(Protocol):
    """The machine's listening TCP sockets."""

    def scan(self) -> dict[int, tuple[Listener, ...]]:
        """All of them by port: one system call or so, cheap enough for every 5 ms."""
        ...

    def owner(self, listener: Listener, among: Sequence[int] | None = None) -> int | None:
        """Pid that holds the socket, looked for in `among` or everywhere; `None`: not found."""
        ...

    def bindable(self, port: int) -> bool:
        """True where a server could bind the port now on 127.0.0.1 and on all addresses."""
        ...


# --- logs --------------------------------------------------------------------------------------


class Logs(Protocol):
    """The files that services, tasks and suites write their output to."""

    def path(self, env_uid: str, source: str) -> Path:
        """The file of one source; its folder exists afterwards."""
        ...

    def end(self, env_uid: str, source: str) -> int:
        """Offset of the end of the file; 0 where there is none."""
        ...

    def tail(self, env_uid: str, source: str, lines: int, *, since: int = 0) -> tuple[str, ...]:
        """Last lines from offset `since` on: decoded, no control codes, at most 500 characters."""
        ...

    def write(self, env_uid: str, source: str, data: bytes) -> None:
        """Append to a log that no process writes to itself. What the disk refuses is left out."""
        ...

    def watch(self, env_uid: str, source: str, grown: Callable[[], None]) -> Callable[[], None]:
        """Call `grown` on the loop soon after each growth (< 5 ms on Linux); returns the stop."""
        ...

    def sources(self, env_uid: str) -> list[str]:
        """Names of all sources of an env that have a log, in order."""
        ...

    def forget(self, env_uid: str) -> None:
        """Delete all logs of an env."""
        ...


# --- worktrees ---------------------------------------------------------------------------------


class Losses(msgspec.Struct, frozen=True):
    """What would be lost with a worktree and its branch."""

    uncommitted: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    commits: int = 0
    """Commits that are on no other branch and on no remote."""
    detached: bool = False
    """True where HEAD is detached at a commit that nothing else holds."""
    unknown: str | None = None
    """Why it could not be found out; counts as a loss."""

    @property
    def nothing(self) -> bool:
        """True where destroying loses nothing."""
        return self == Losses()


class Removed(msgspec.Struct, frozen=True):
    """A destroyed worktree in the trash."""

    trash: str
    """Where its folder lies; empty where there was none."""
    branch: str | None
    """Branch that was deleted, and can be made again at `commit`."""
    commit: str | None
    recovery_ref: str | None
    """`refs/hive/recovery/…` that keeps what `--force` gave up; `None` where nothing was."""


class Place(msgspec.Struct, frozen=True):
    """Where a folder lies, in git's terms."""

    root: str
    """Main checkout of the repository, absolute and resolved."""
    worktree: str
    """Top of the worktree that holds the folder; equal to `root` in the main checkout."""
    branch: str | None
    """Branch checked out there; `None` where HEAD is detached."""


class Listed(msgspec.Struct, frozen=True):
    """One worktree of a repository, as git has it registered."""

    path: str
    branch: str | None
    """`None` where HEAD is detached."""
    bare: bool = False
    """True for a main one that has no files at all."""
    gone: bool = False
    """True where its folder is missing."""


class Worktrees(Protocol):
    """Git's worktrees. Git does every write; hooks, filters and sparse settings work as by hand."""

    async def place(self, path: str) -> Place:
        """In which worktree of which repository a folder lies.

        Raises:
            HiveError: It is in no git repository, or in a bare one without a worktree.
        """
        ...

    async def listed(self, repo: str) -> tuple[Listed, ...]:
        """All worktrees of the repository, the main one first."""
        ...

    async def default_branch(self, repo: str) -> str:
        """Branch that envs start from where hive.toml names none."""
        ...

    async def branches(self, repo: str) -> tuple[list[str], list[str]]:
        """All local branches, the newest first, and those that a worktree has checked out."""
        ...

    async def check_branch(self, repo: str, branch: str, *, reuse: bool) -> bool:
        """Whether the branch exists already.

        Raises:
            HiveError: The name is not valid for git; it exists and `reuse` is false; or it is
                checked out in another worktree (which the message names).
        """
        ...

    async def resolve(self, repo: str, ref: str) -> str:
        """Commit id of `ref`.

        Raises:
            HiveError: There is no such commit; the hint names near branches.
        """
        ...

    async def add(
        self,
        repo: str,
        worktree: str,
        branch: str,
        commit: str,
        *,
        create: bool,
        spare: str | None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Make the worktree with the branch checked out, out of a spare where one is given.

        Leaves nothing behind where it fails or is cancelled, and touches nothing that it did not
        make. `progress` gets (files done, files in all).
        """
        ...

    async def discard(self, repo: str, worktree: str, *, branch: str | None) -> None:
        """Undo of `add`: remove a worktree (and `branch`, if given) without work. Idempotent."""
        ...

    async def make_spare(self, repo: str, folder: str, commit: str) -> None:
        """Prepare a detached worktree at `commit` at the lowest priority, hooks off."""
        ...

    async def refresh_spare(self, repo: str, folder: str, commit: str) -> None:
        """Bring a spare to another commit."""
        ...

    async def losses(self, record: EnvRecord, repo: str) -> Losses:
        """What destroying the env would lose."""
        ...

    async def remove(
        self, record: EnvRecord, repo: str, *, force: bool, keep_branch: bool
    ) -> Removed:
        """Rename the worktree into the trash, prune, delete spawn's branch. Idempotent."""
        ...

    async def restore(self, record: EnvRecord, repo: str, removed: Removed) -> None:
        """Undo of `remove`: folder, branch, registration and HEAD as they were."""
        ...

    async def empty_trash(self, trash: str) -> None:
        """Delete a trash folder in the background, at low priority."""
        ...

    async def expire_recovery(self, repo: str, now: float) -> tuple[str, ...]:
        """Drop the recovery refs that are older than 30 days at `now`; returns their names."""
        ...

    async def changed(self, worktree: str, base: str) -> tuple[str, ...]:
        """Paths, from its top, of all that the work in it has changed since `base`."""
        ...

    async def status(self, worktree: str, base: str) -> GitView:
        """Where the work stands. Takes no lock that an agent could collide with."""
        ...

    async def content(self, worktree: str) -> tuple[str, str]:
        """(HEAD commit, hash of the content of all tracked and untracked files not ignored)."""
        ...


class Linked(msgspec.Struct, frozen=True):
    """What became of a copy or link."""

    mode: str
    """The mode that was used; `missing` without a source, `existing` with a target."""
    notes: tuple[str, ...] = ()
    """What was left out, in words."""


class Lying(msgspec.Struct, frozen=True):
    """What there is to take for a dependency folder, and what lies where it should go."""

    kind: str
    """`nothing`, `empty` (a folder), `symlink` (to the source), `overlay` (mounted) or `own`."""
    source: bool
    """True where the main checkout has it."""
    stamp: str = ""
    """Changes when somebody installs into the main checkout's folder."""
    store: str | None = None
    """Package manager with a store of its own that filled the source; `None`: none is known."""
    store_install: str | None = None
    """How that one fills a folder."""
    fixed: bool = False
    """True where the source holds its own absolute path and is no good elsewhere."""
    reflinks: bool = False
    """True where blocks could be shared. Only looked at where there is a store."""
    build_cache: bool = False
    """True where its content follows from one branch's sources."""


class DiskUse(msgspec.Struct, frozen=True):
    """What some folders take on the disk."""

    files: int
    """Files, links and folders."""
    bytes: int
    """As if they stood alone; a file with several names counts once."""
    own_bytes: int
    """What would be free without them."""


class Folders(Protocol):
    """Copies and links of untracked things from the main checkout."""

    async def copy(
        self, source: str, target: str, *, progress: Callable[[int, int], None] | None = None
    ) -> Linked:
        """Copy a file or folder; nothing happens where `source` is missing or `target` exists.

        Raises:
            HiveError: It could not be read or written; nothing of it is left then.
        """
        ...

    async def link(
        self,
        source: str,
        target: str,
        mode: str,
        *,
        owner: str = "",
        replace: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Linked:
        """Give a worktree a dependency folder.

        Args:
            source: Folder or file of the main checkout.
            target: Where it should appear; untouched if there is something already.
            mode: `auto`, `symlink`, `reflink`, `copy`, `hardlink` or `overlay`. `auto` is
                `reflink` where the filesystem can, else `symlink`, or `copy` for a build cache.
            owner: Uid of the env, which an overlay's upper folder is kept under.
            replace: A symlink at `target` gives way.
            progress: Told (files, bytes) so far.

        Raises:
            HiveError: The filesystem cannot do the mode, or it failed.
        """
        ...

    async def lying(self, source: str, target: str) -> Lying:
        """What is there of a dependency folder."""
        ...

    async def clear(self, target: str, owner: str) -> None:
        """Take away what lies at `target`: the link, the overlay with its changes, the folder."""
        ...

    async def unmount(self, owner: str) -> None:
        """Unmount an env's overlays; what it has changed in them is kept."""
        ...

    async def forget(self, owner: str) -> None:
        """Unmount an env's overlays and delete what it has changed in them."""
        ...

    async def disk_use(
        self, envs: Sequence[tuple[str, str]], progress: Callable[[int], None]
    ) -> tuple[tuple[DiskUse, ...], int]:
        """What envs (owner, worktree) take with their overlays, and all of them together.

        Args:
            envs: Of which.
            progress: Told how many files were seen.
        """
        ...

    async def committed(self, repo: str, commit: str, globs: Sequence[str]) -> str:
        """The fingerprint of an unchanged worktree at a commit."""
        ...

    async def fingerprint(self, worktree: str, globs: Sequence[str]) -> str:
        """Hash of paths and contents of all files that match; "" where none does."""
        ...

    async def meant(
        self, worktree: str, globs: Sequence[str], paths: frozenset[str]
    ) -> frozenset[str]:
        """Those of the matching paths that count: what git ignores does not, unless it is named."""
        ...


# --- fixed ports -------------------------------------------------------------------------------


class PortTakenError(HiveError):
    """Somebody else listens on a port."""

    default_code = "port_taken"

    def __init__(self, port: int) -> None:
        """Create the error for a port."""
        super().__init__(f"port {port} is taken")
        self.port = port


class Forwards(Protocol):
    """Ports on 127.0.0.1 that lead to other ones, by project."""

    async def lead(self, project: str, owner: str, targets: Mapping[int, int]) -> None:
        """Lead a project's ports to those of an env, and let its others go.

        Raises:
            PortTakenError: Somebody else holds one; nothing has changed then.
            HiveError: It cannot be had for another reason.
        """
        ...

    async def close(self, project: str | None = None) -> None:
        """Let the ports of a project go, or all."""
        ...

    def owner(self, project: str) -> str | None:
        """Uid of the env that has a project's ports; `None`: none."""
        ...

    def open_ports(self) -> dict[str, dict[int, int]]:
        """Project -> port -> where it leads."""
        ...


# --- watching ----------------------------------------------------------------------------------


class Trees(Protocol):
    """One watcher for all folders of the hive."""

    def open(self) -> None:
        """Begin to watch; needs a running loop."""
        ...

    async def close(self) -> None:
        """Stop watching."""
        ...

    def watch(
        self,
        key: str,
        root: str,
        changed: Callable[[frozenset[str]], None],
        *,
        files: bool = True,
    ) -> None:
        """Call `changed` on the loop with paths relative to `root`, ".git" for git's own state.

        Watching a key again replaces it. With `files` false only git's own state is watched.
        """
        ...

    def unwatch(self, key: str) -> None:
        """Stop; nothing happens for an unknown key."""
        ...


# --- test reports ------------------------------------------------------------------------------


class Report(msgspec.Struct, frozen=True):
    """What a JUnit XML file says."""

    passed: int
    failed: int
    """Failures and errors."""
    skipped: int
    failures: tuple[TestFailure, ...] = ()
