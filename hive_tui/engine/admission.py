"""Lets envs into the memory: a warm that does not fit is refused, queued, or room is made for it.

What is measured lags behind what was let in, so what those will take who are on their way counts as
taken. Whatever waits is in the journal, and the next daemon goes on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from typing import Any

import msgspec

from hive_tui.config.units import memory_bytes
from hive_tui.engine import reckoning, unwaited
from hive_tui.engine import room as rooms
from hive_tui.engine.activity import busy
from hive_tui.engine.costs import Costs, Forecast, Usual
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.progress import Watch
from hive_tui.engine.room import Relief, Room, Tenant
from hive_tui.engine.transitions import Ended, Result, Transitions
from hive_tui.engine.world import World
from hive_tui.model.environment import Wanted
from hive_tui.model.errors import HiveError, RefusedError
from hive_tui.model.plan import Outcome, Transition
from hive_tui.model.project import Limits

SETTLING_S = 20.0
"""How long after it was let in an env may still grow into what it usually takes."""

_BEGINNING_S = 2.0
"""How long it may take from the door to the first step."""

_ROUNDS = 3
"""How often room is made for one env before it is given up: others may take it meanwhile."""


class Mode(StrEnum):
    """What happens where an env does not fit."""

    REFUSE = "refuse"
    MAKE = "make"
    """Others are put to rest, idle longest first."""
    WAIT = "wait"
    """It goes into a queue until there is room."""
    OVER = "over"
    """It is let in all the same."""


class NoRoomError(RefusedError):
    """An env does not fit into the memory."""

    default_code = "no_room"


class Budget(msgspec.Struct, frozen=True):
    """The memory of the whole hive."""

    used_bytes: int
    forecast_bytes: int
    """What is used once everything that is wanted is up and has grown to what is usual."""
    free_bytes: int
    limit_bytes: int


class _Waiting(msgspec.Struct, frozen=True, eq=False):
    live: LiveEnv
    come: asyncio.Future[None]


class Admission:
    """The door to the memory."""

    def __init__(
        self,
        world: World,
        transitions: Transitions,
        costs: Costs,
        envs: Callable[[], Iterable[LiveEnv]],
    ) -> None:
        """Create it.

        Args:
            world: The drivers.
            transitions: Runs what is let in, and what makes room.
            costs: What is usual.
            envs: All envs of the hive.
        """
        self._world = world
        self._transitions = transitions
        self._costs = costs
        self._envs = envs
        self.available_bytes = world.memory_bytes
        """What the machine could give, as of the last look."""
        self.measure: Callable[[], None] = lambda: None
        """Takes a pass over the processes at once."""
        self._admitted: dict[str, tuple[LiveEnv, float]] = {}
        self._queue: list[_Waiting] = []
        self._tasks: set[asyncio.Task[Ended]] = set()

    @property
    def busy(self) -> bool:
        """True while anybody waits for room, or room is made."""
        return bool(self._tasks)

    # --- what there is -------------------------------------------------------------------------

    def look(self, live: LiveEnv) -> Room:
        """Whether a warm of the env fits now, and what would make it fit."""
        need = self.need(live)
        wanted = live.level(Wanted.WARM)
        starts = any(not reckoning.up(live, name) for name in wanted & live.units.keys())
        limit = self._limit(live.project.limits)
        free = rooms.free_bytes(limit, self._used(), self._promised(live), self.available_bytes)
        tenants = [tenant(other) for other in self._envs() if other is not live]
        return rooms.decide(need, free, limit, tenants, starts=starts)

    def need(self, live: LiveEnv) -> Forecast:
        """What a warm of the env will take beside what it takes now."""
        return reckoning.need(live, self._usual(live, Wanted.WARM))

    def budget(self) -> Budget:
        """The figures of the bar. The strictest limit of all projects with envs counts."""
        envs = tuple(self._envs())
        used = self._used()
        more = reckoning.together(
            ((live, live.expected_services()) for live in envs),
            lambda live: self._usual(
                live, Wanted.COLD if live.record.wanted is Wanted.COLD else Wanted.WARM
            ),
        )
        limits = [self._limit(live.project.limits) for live in envs]
        limit = min(limits, default=self._limit(Limits()))
        free = rooms.free_bytes(limit, used, 0, self.available_bytes)
        return Budget(used, used + more, max(0, free), limit)

    def relief(self, short_bytes: int) -> tuple[Relief, ...]:
        """What would free so much, whoever it is for."""
        return rooms.make_room(short_bytes, [tenant(live) for live in self._envs()])

    # --- letting in ----------------------------------------------------------------------------

    async def warm(
        self,
        live: LiveEnv,
        mode: Mode = Mode.REFUSE,
        *,
        watch: Watch | None = None,
        wait: bool = True,
        journal_id: int | None = None,
    ) -> Ended:
        """Warm an env if it fits; else do what the mode says.

        Args:
            live: The env.
            mode: What happens where it does not fit.
            watch: Gets progress events.
            wait: False returns as soon as it is under way or in the queue.
            journal_id: Of the entry of one that is gone on with.

        Raises:
            NoRoomError: It does not fit, and no room was to be made or could be.
            HiveError: It could not begin.
        """
        if live.operation is not None and live.operation.plan.transition is Transition.WARM:
            return await self._go(live, watch, wait, journal_id)
        resumed = journal_id is not None  # this daemon may not have looked yet
        if resumed or not self.look(live).fits:  # what has just ended is still counted
            self.measure()
        room = self.look(live)
        if watch is not None and room.starts:
            watch({"kind": "note", "text": room.words})
        if room.fits or mode is Mode.OVER:
            return await self._go(live, watch, wait, journal_id)
        if mode is Mode.MAKE and not room.relief and resumed:
            mode = Mode.WAIT  # those who make room are on their way down
        if mode is Mode.REFUSE or (mode is Mode.MAKE and not room.relief):
            raise refusal(live, room)
        if journal_id is None:
            journal_id = self._world.store.open_journal(
                live.record.uid, Transition.WARM, {"room": mode.value}
            )
        work = self._make if mode is Mode.MAKE else self._wait
        task = asyncio.ensure_future(work(live, room, watch, journal_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if wait:
            return await asyncio.shield(task)
        unwaited.leave(task, live, "warm.refused")
        return Ended(Result(live.record.name, Transition.WARM.value, None, None))

    def passed(self) -> None:
        """After a pass over the processes: let those in, in turn, for whom there is room now."""
        while self._queue:
            first = self._queue[0]
            if not first.come.done():
                room = self.look(first.live)
                if not room.fits:
                    first.live.wait_for_room(f"{room.words}", first.come)
                    break
                self._promise(first.live)
                first.come.set_result(None)
            self._queue.pop(0)

    async def close(self) -> None:
        """Leave what waits to the next daemon."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the parts -----------------------------------------------------------------------------

    async def _go(
        self, live: LiveEnv, watch: Watch | None, wait: bool, journal_id: int | None
    ) -> Ended:
        self._promise(live)
        return await self._transitions.request(
            live, Transition.WARM, watch=watch, wait=wait, journal_id=journal_id
        )

    async def _make(self, live: LiveEnv, room: Room, watch: Watch | None, journal_id: int) -> Ended:
        world = self._world
        world.checkpoint("room:decided")
        for _ in range(_ROUNDS):
            if watch is not None:
                words = ", ".join(relief.words for relief in room.relief)
                watch({"kind": "note", "text": f"makes room: {words}"})
            self._promise(live)
            try:
                await asyncio.gather(*(self._rest(live, relief) for relief in room.relief))
            except HiveError:
                world.store.close_journal(journal_id)
                raise
            world.checkpoint("room:made")
            self.measure()
            room = self.look(live)
            if room.fits:
                return await self._go(live, watch, True, journal_id)
            if not room.relief:
                break
        world.store.close_journal(journal_id)
        raise refusal(live, room)

    async def _rest(self, live: LiveEnv, relief: Relief) -> None:
        """Put one env to rest for another one."""
        other = next((env for env in self._envs() if env.id == relief.env), None)
        if other is None:
            return
        verb = {Transition.COOL: "cooled", Transition.STOP: "stopped"}[relief.transition]
        other.event(
            "env.rested",
            f"{other.record.name}: {verb} to make room for {live.record.name} ({relief.words})",
            data={"for": live.id, "transition": relief.transition.value},
        )
        self._admitted.pop(other.id, None)
        with other.activity.resting():
            ended = await self._transitions.request(other, relief.transition)
        if not ended.result.good:
            error = ended.result.error or {}
            raise HiveError(
                f"{live.record.name}: no room was made: {relief.transition} of "
                f"{other.record.name} {ended.result.outcome}: {error.get('message', '')}",
                hint=error.get("hint"),
                code="room_failed",
                env=live.record.name,
            )

    async def _wait(self, live: LiveEnv, room: Room, watch: Watch | None, journal_id: int) -> Ended:
        come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(live, come))
        live.resuming = None
        live.wait_for_room(room.words, come)
        live.event("env.queued", f"{live.record.name} waits for room: {room.words}")
        self._world.checkpoint("room:queued")
        if watch is not None:
            turn = f"waits for room, number {len(self._queue)} in the queue"
            watch({"kind": "note", "text": turn})
        try:
            await come
        except asyncio.CancelledError:
            if not come.cancelled():  # the daemon ends: it stays in the journal
                raise
            self._world.store.close_journal(journal_id)
            cancelled = Result(live.record.name, Transition.WARM.value, Outcome.CANCELLED, 0.0)
            return Ended(cancelled)
        finally:
            self._queue = [one for one in self._queue if one.come is not come]
            live.leave_queue(come)
        return await self._go(live, watch, True, journal_id)

    def _promise(self, live: LiveEnv) -> None:
        self._admitted[live.id] = (live, self._world.clock.monotonic())

    def _promised(self, besides: LiveEnv) -> int:
        """What those will take more that were just let in, without what `besides` counts itself."""
        now = self._world.clock.monotonic()
        wanted = besides.level(Wanted.WARM)
        counted = {reckoning.key(besides, name) for name in wanted if besides.shares(name)}
        others = []
        for key, (live, since) in list(self._admitted.items()):
            begun_s = now - since
            down = live.record.wanted is not Wanted.WARM and begun_s > _BEGINNING_S
            if live.operation is None and (down or begun_s > SETTLING_S):
                del self._admitted[key]
            elif live is not besides:
                others.append((live, live.level(Wanted.WARM)))
        return reckoning.together(others, lambda live: self._usual(live, Wanted.WARM), counted)

    def _usual(self, live: LiveEnv, state: Wanted) -> Usual:
        return self._costs.usual(live.project.name, state)

    def _used(self) -> int:
        envs = tuple(self._envs())
        commons = {live.common.record.uid: live.common for live in envs if live.common is not None}
        return sum(live.memory_bytes or 0 for live in (*envs, *commons.values()))

    def _limit(self, limits: Limits) -> int:
        with suppress(ValueError):
            return memory_bytes(limits.memory, self._world.memory_bytes)
        return self._world.memory_bytes


def working(live: LiveEnv) -> str | None:
    """What works in the env just now, in words; `None`: nothing does."""
    operation = live.operation.plan.transition if live.operation is not None else live.resuming
    return busy(
        live.activity,
        transition=operation.value if operation is not None else None,
        suites=frozenset(live.running_suites),
        agent=live.agent,
        waits=live.waits_for_room,
    )


def tenant(live: LiveEnv) -> Tenant:
    """The env as one that may have to make room."""
    taken = reckoning.freed(live)
    cold = live.level(Wanted.COLD)
    return Tenant(
        env=live.id,
        name=live.record.name,
        idle_s=live.activity.idle_s,
        kept="pinned" if live.activity.pinned else working(live),
        cool_bytes=sum(size for name, size in taken.items() if name not in cold),
        stop_bytes=sum(taken.values()),
    )


def refusal(live: LiveEnv, room: Room) -> NoRoomError:
    """Why it is refused, and what can be done."""
    name = live.record.name
    flags = (
        "--wait queues it until there is room; --over-limit goes over [limits] memory of hive.toml"
    )
    if room.relief:
        ways = [
            "would make room: " + ", ".join(relief.words for relief in room.relief),
            f"`hive warm {name} --make-room` does that; {flags}",
        ]
    else:
        kept = f": {', '.join(room.kept)}" if room.kept else ""
        ways = [f"nothing that may be put to rest would make enough room{kept}", flags]
    return NoRoomError(f"{name}: {room.words}", hint="\n".join(ways), env=name)


def as_wire(room: Room) -> dict[str, Any]:
    """The answer for a client that asks before it warms."""
    return {
        "fits": room.fits,
        "words": room.words,
        "need_bytes": room.need.need_bytes,
        "unknown": list(room.need.unknown),
        "free_bytes": max(0, room.free_bytes),
        "limit_bytes": room.limit_bytes,
        "relief": [
            {
                "env": relief.env,
                "name": relief.name,
                "transition": relief.transition.value,
                "frees_bytes": relief.frees_bytes,
                "idle_s": round(relief.idle_s, 1),
            }
            for relief in room.relief
        ],
        "kept": list(room.kept),
    }
