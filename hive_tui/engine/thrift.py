"""Keeps house with the memory: notes what envs take, puts idle ones to rest, warns of pressure.

It acts after each pass over the processes and holds no timer of its own. What it decides by is pure
and elsewhere: `costs`, `idleness`, `pressure`, `room`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from hive_tui.engine import idleness, pressure, showing
from hive_tui.engine.activity import restored
from hive_tui.engine.admission import Admission, working
from hive_tui.engine.costs import Costs, Seen
from hive_tui.engine.idleness import Rest
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.protocols import Headroom
from hive_tui.engine.reckoning import measured
from hive_tui.engine.state import ActivityRecord, Lease
from hive_tui.engine.transitions import Transitions
from hive_tui.engine.world import World
from hive_tui.model.amounts import lapse
from hive_tui.model.environment import EnvState, GitView, Wanted
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Transition
from hive_tui.model.project import IdleLimits, Limits

log = logging.getLogger(__name__)

SAVE_S = 60.0
"""How often idle times are written: a daemon that is killed forgets no more than that."""

EDITS_S = 30.0
"""How often it is looked at whether changed files are such that git does not ignore."""

_EDITS_KEPT = 200
_FELT_S = 60.0
"""How long the kernel's word that somebody waits for memory counts."""

_SETTLED = frozenset({EnvState.WARM, EnvState.COLD, EnvState.FROZEN})
_VERBS = {
    Transition.FREEZE: "frozen",
    Transition.COOL: "cooled",
    Transition.STOP: "stopped",
}


class Thrift:
    """Of all envs of the hive."""

    def __init__(
        self,
        world: World,
        transitions: Transitions,
        costs: Costs,
        admission: Admission,
        headroom: Headroom,
        limits: Callable[[LiveEnv], Limits],
    ) -> None:
        """Create it; nothing is kept house with yet.

        Args:
            world: The drivers.
            transitions: Puts envs to rest, and wakes them.
            costs: Told what they take.
            admission: Told when there may be room.
            headroom: What the machine has left.
            limits: An env's limits, as its hive.toml has them now.
        """
        self._world = world
        self._transitions = transitions
        self._costs = costs
        self._admission = admission
        self._headroom = headroom
        self._limits = limits
        self._envs: dict[str, LiveEnv] = {}
        self._known = {record.env_uid: record for record in world.store.activity()}
        self._saved: dict[str, ActivityRecord] = dict(self._known)
        self._saved_at = world.clock.monotonic()
        self._passed_at = world.clock.monotonic()
        self._git: dict[str, GitView] = {}
        self._edits: dict[str, set[str]] = {}
        self._looked_at: dict[str, float] = {}
        self._tried: dict[str, tuple[Transition, int]] = {}
        """By env: what it was put to rest by last, and how often it had been touched by then."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._allowed: dict[str, Limits] = {}
        """Limits by project, of this pass."""
        self._felt_at = float("-inf")
        self.short: str | None = None
        """Why memory is short; `None` where it is not."""

    # --- its life ------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin; needs a running loop."""
        self._headroom.watch(self._felt)

    def follow(self, live: LiveEnv) -> None:
        """Keep house with an env from now on."""
        uid = live.record.uid
        self._envs[uid] = live
        if (record := self._known.pop(uid, None)) is not None:
            live.activity = restored(record)

    def leave(self, live: LiveEnv) -> None:
        """Let go of an env."""
        uid = live.record.uid
        self._costs.forget(uid)
        self._envs.pop(uid, None)
        self._git.pop(uid, None)
        self._edits.pop(uid, None)
        self._looked_at.pop(uid, None)
        self._tried.pop(uid, None)
        self._saved.pop(uid, None)

    async def close(self) -> None:
        """Write what is known, and stop."""
        self._headroom.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.save()

    # --- what others tell ----------------------------------------------------------------------

    def edited(self, live: LiveEnv, paths: frozenset[str]) -> None:
        """Take note of changed files; whether they mean anything is looked at later, for many."""
        edits = self._edits.setdefault(live.record.uid, set())
        if len(edits) < _EDITS_KEPT:
            edits.update(paths - {".git"})

    def pin(self, live: LiveEnv, pinned: bool) -> None:
        """Keep an env from being put to rest by itself, or let it."""
        live.activity.pinned = pinned
        live.activity.touch("pin" if pinned else "unpin")
        self.save()
        live.changed()

    def lease(self, live: LiveEnv, what: str, pid: int) -> int | None:
        """Hold an env as long as a process lives; `None` where it does not live any more."""
        birth = self._world.processes.birth(pid)
        if birth is None:
            return None
        number = live.activity.lease(Lease(what, pid, birth))
        self.save()
        return number

    def release(self, number: int) -> None:
        """Let go of what a process held."""
        for live in self._envs.values():
            if (lease := live.activity.leases.pop(number, None)) is not None:
                live.activity.touch(f"{lease.what} ended")
                self.save()

    async def wake(self, live: LiveEnv) -> None:
        """Let a frozen env go on before it is used.

        Raises:
            HiveError: It could not.
        """
        if live.record.wanted is Wanted.FROZEN:
            await self._transitions.request(live, Transition.THAW)

    # --- what is to be known -------------------------------------------------------------------

    def rest(self, live: LiveEnv) -> Rest:
        """What comes next for an env that stays untouched."""
        return idleness.judge(
            live.record.wanted,
            live.activity.idle_s,
            self._limits_of(live).idle,
            sound=showing.state(live)[0] in _SETTLED,
            blocked="it is pinned" if live.activity.pinned else working(live),
        )

    # --- after each pass over the processes ----------------------------------------------------

    def passed(self) -> None:
        """Count, note, and act."""
        now = self._world.clock.monotonic()
        since_s, self._passed_at = now - self._passed_at, now
        envs = tuple(self._envs.values())
        self._allowed.clear()
        self._costs.note(self._seen(envs))
        for live in envs:
            self._look_at_git(live)
            self._look_at_edits(live, now)
            self._drop_leases(live)
            live.activity.passed(since_s, working(live))
        self._feel()
        self.put_to_rest(envs)
        if now - self._saved_at >= SAVE_S:
            self.save()
        self._admission.passed()

    def put_to_rest(self, envs: Iterable[LiveEnv]) -> None:
        """Freeze, cool and stop those of them for whom it is time."""
        for live in envs:
            self._put_to_rest(live)

    def save(self) -> None:
        """Write what has changed since it was written last."""
        self._saved_at = self._world.clock.monotonic()
        records = [live.activity.record(live.record.uid) for live in self._envs.values()]
        changed = [record for record in records if self._saved.get(record.env_uid) != record]
        if changed:
            self._world.store.put_activity(changed)
            self._saved |= {record.env_uid: record for record in changed}

    def _limits_of(self, live: LiveEnv) -> Limits:
        project = live.record.project
        if project not in self._allowed:
            self._allowed[project] = self._limits(live)
        return self._allowed[project]

    def _seen(self, envs: Iterable[LiveEnv]) -> Iterable[Seen]:
        for live in envs:
            taken = {n: size for n, size in measured(live).items() if n not in live.unsure}
            state = showing.state(live)[0] if taken else None
            settled = state.value if state in _SETTLED else None
            yield Seen(live.record.uid, live.project.name, settled, taken)

    def _look_at_git(self, live: LiveEnv) -> None:
        """A commit or a changed file is a touch; a base that moves on is none."""
        uid, git = live.record.uid, live.git
        if git is None:
            return
        own = msgspec.structs.replace(git, behind=0)
        if self._git.get(uid, own) != own:
            live.activity.touch("its files or commits changed")
        self._git[uid] = own

    def _look_at_edits(self, live: LiveEnv, now: float) -> None:
        uid = live.record.uid
        if uid not in self._edits:
            return
        limits = self._limits_of(live).idle
        often = min(EDITS_S, _shortest(limits) / 4)
        if now - self._looked_at.get(uid, float("-inf")) < often:
            return
        if paths := self._edits.pop(uid, None):
            self._looked_at[uid] = now
            self._begin(self._count_edits(live, frozenset(paths)))

    async def _count_edits(self, live: LiveEnv, paths: frozenset[str]) -> None:
        """Touch the env where git does not ignore one of the files."""
        meant = await self._world.folders.meant(live.record.worktree, (), paths)
        if meant:
            live.activity.touch(f"a file changed: {min(meant)}")

    def _drop_leases(self, live: LiveEnv) -> None:
        for number, lease in tuple(live.activity.leases.items()):
            if self._world.processes.birth(lease.pid) != lease.birth:
                del live.activity.leases[number]
                live.activity.touch(f"{lease.what} ended")

    def _put_to_rest(self, live: LiveEnv) -> None:
        if live.activity.idle_s < _shortest(self._limits_of(live).idle):
            return
        rest, uid = self.rest(live), live.record.uid
        if rest.transition is None or not rest.due:
            return
        attempt = (rest.transition, live.activity.touches)
        if self._tried.get(uid) != attempt:  # once: what failed is not tried every two seconds
            self._tried[uid] = attempt
            self._begin(self._rest(live, rest.transition))

    async def _rest(self, live: LiveEnv, transition: Transition) -> None:
        idle = lapse(live.activity.idle_s)
        live.event(
            "env.rested",
            f"{live.record.name}: {_VERBS[transition]}, nobody has touched it for {idle}",
            data={"transition": transition.value},
        )
        with live.activity.resting():
            await self._transitions.request(live, transition)

    # --- pressure ------------------------------------------------------------------------------

    def _felt(self) -> None:
        """The kernel says that somebody waits for memory."""
        self._felt_at = self._world.clock.monotonic()
        self._feel()

    def _feel(self) -> None:
        strain = self._headroom.strain()
        self._admission.available_bytes = strain.available_bytes
        felt = self._world.clock.monotonic() - self._felt_at < _FELT_S
        before = self.short
        if pressure.judge(strain, before is not None) or felt:
            self.short = pressure.describe(strain, felt=felt)
        else:
            self.short = None
        if self.short is not None and before is None:
            self._tell("memory.short", f"memory is short: {self.short}{self._advice()}", "warning")
        elif self.short is None and before is not None:
            self._tell("memory.eased", "memory is not short any more", "info")

    def _advice(self) -> str:
        relief = self._admission.relief(1)
        return f"; to make room: {relief[0].words}" if relief else ""

    def _tell(self, kind: str, message: str, level: str) -> None:
        self._world.bus.publish_event(self._world.store.log(kind, message, level=level))

    def _begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _shortest(limits: IdleLimits) -> float:
    """Seconds before which nothing happens."""
    some = (limits.freeze_s, limits.cool_s, limits.stop_s)
    return min((limit for limit in some if limit is not None), default=float("inf"))


async def _logged(work: Awaitable[None]) -> None:
    """What fails once is not worth an end: it is said, and the next touch makes it due again."""
    try:
        await work
    except HiveError as error:
        log.warning("%s", error)
