"""Since when nobody has touched an env, and what keeps it from counting as idle.

A touch is a command or a key that is about the env, a change of a file in its worktree that git
does not ignore, a commit. Looking on (`list`, `status`, `why`, last lines of a log, the dashboard's
fleet) is none, and neither is traffic. A lease holds as long as something works: a transition, a
suite, a busy agent, a follower of its logs, a `hive run` or a shell.

Idle time is counted in passes, each of which adds no more than a few seconds. So neither a step of
the clock nor a machine that slept, nor a time without a daemon makes anybody idle at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from hive_tui.engine.state import ActivityRecord, Lease
from hive_tui.model.environment import AgentView

PASS_MAX_S = 10.0
"""The most that one pass adds: a longer gap was spent asleep or stopped."""

BUSY_AGENT = frozenset({"starting", "working"})
"""States of an agent that works; one that waits for its person does not."""

_NUMBERS = count(1)


@dataclass(eq=False)
class Activity:
    """What is known of the rest of one env."""

    idle_s: float = 0.0
    last: str = "since the daemon knows it"
    """What touched it last, in words."""
    pinned: bool = False
    leases: dict[int, Lease] = field(default_factory=dict)
    """Processes that hold it, by a number of their own."""
    held: dict[int, str] = field(default_factory=dict)
    """What else holds it, in words, while a client is connected."""
    touches: int = 0
    """Grows with every touch."""
    rests: bool = False
    """True while a transition runs that nobody asked for: that is no touch."""

    def touch(self, what: str) -> None:
        """Somebody did something about the env."""
        self.idle_s, self.last = 0.0, what
        self.touches += 1

    def passed(self, seconds: float, busy: str | None) -> None:
        """Count time on; what is busy touches it all the while."""
        if busy is not None and not self.rests:
            self.touch(busy)
        else:
            self.idle_s += max(0.0, min(seconds, PASS_MAX_S))

    def lease(self, lease: Lease) -> int:
        """Hold it as long as a process lives; the number to let go with."""
        number = next(_NUMBERS)
        self.leases[number] = lease
        self.touch(lease.what)
        return number

    @contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Hold it while the block runs."""
        number = next(_NUMBERS)
        self.held[number] = what
        self.touch(what)
        try:
            yield
        finally:
            del self.held[number]
            self.touch(what)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Let what happens in the block not count as a touch."""
        self.rests = True
        try:
            yield
        finally:
            self.rests = False

    def holder(self) -> str | None:
        """Who holds it, in words."""
        held = next(iter(self.held.values()), None)
        lease = next(iter(self.leases.values()), None)
        return held or (f"{lease.what} (pid {lease.pid}) runs" if lease is not None else None)

    def record(self, env_uid: str) -> ActivityRecord:
        """What survives the daemon."""
        return ActivityRecord(
            env_uid, round(self.idle_s, 1), self.pinned, tuple(self.leases.values())
        )


def restored(record: ActivityRecord) -> Activity:
    """As an earlier daemon left it; the time between does not count."""
    return Activity(
        idle_s=record.idle_s,
        last="before the daemon began",
        pinned=record.pinned,
        leases={next(_NUMBERS): lease for lease in record.leases},
    )


def busy(
    activity: Activity,
    *,
    transition: str | None,
    suites: frozenset[str],
    agent: AgentView | None,
    waits: str | None = None,
) -> str | None:
    """What works in an env just now, in words; `None`: nothing does.

    Args:
        activity: Who holds it.
        transition: The one under way.
        suites: Those that run.
        agent: Its agent.
        waits: For how much memory it waits.
    """
    if transition is not None:
        return f"{transition} is under way"
    if suites:
        return f"{', '.join(sorted(suites))} run{'s' if len(suites) == 1 else ''}"
    if agent is not None and agent.state in BUSY_AGENT:
        return f"{agent.kind} is {agent.state}"
    return "it waits for room" if waits is not None else activity.holder()
