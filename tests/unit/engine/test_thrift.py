"""Keeping house: what happens after each pass, on scripted envs and a scripted machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from hive_tui.engine.activity import Activity
from hive_tui.engine.admission import Admission
from hive_tui.engine.costs import Costs
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.protocols import Strain
from hive_tui.engine.state import ActivityRecord, Lease
from hive_tui.engine.thrift import SAVE_S, Thrift
from hive_tui.engine.transitions import Transitions
from hive_tui.engine.world import World
from hive_tui.model.environment import GitView, Wanted
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Transition
from hive_tui.model.project import IdleLimits, Limits, Project
from tests.unit.engine.virtual_time import LoopClock
from tests.unit.engine.virtual_time import run as run_virtual

CALM = Strain(50, 100, 0.0, 0.0)
SHORT = Strain(50, 100, 20.0, 0.0)
LIMITS = Limits(idle=IdleLimits(freeze_s=10, cool_s=20, stop_s=30))
GIT = GitView(0, 0, 0, 0, 0)


class House:
    """One env, and everything that thrift reaches it by."""

    def __init__(self, known: Sequence[ActivityRecord] = ()) -> None:
        self.strain = CALM
        self.felt: Callable[[], None] = lambda: None
        self.told: list[str] = []
        self.saved: list[ActivityRecord] = []
        self.asked: list[Transition] = []
        self.births: dict[int, str] = {}
        self.error: HiveError | None = None
        self.ignored: frozenset[str] = frozenset()
        self.live = SimpleNamespace(
            id="shop/auth",
            record=SimpleNamespace(
                uid="u", name="auth", project="shop", worktree="/w", wanted=Wanted.WARM
            ),
            project=Project("shop", "/shop", limits=LIMITS),
            units={},
            service_memory={},
            unsure=frozenset(),
            activity=Activity(),
            operation=None,
            resuming=None,
            running_suites=set(),
            agent=None,
            waits_for_room=None,
            git=GIT,
            failure=None,
            failed_service=None,
            trouble=None,
            half_restored=None,
            unread=None,
            expected_services=frozenset,
            event=lambda kind, message, **more: self.told.append(message),
            changed=lambda: None,
        )
        store = SimpleNamespace(
            activity=lambda: tuple(known),
            put_activity=self.saved.extend,
            put_costs=lambda costs: None,
            log=lambda kind, message, **more: self.told.append(message),
        )
        world = SimpleNamespace(
            clock=LoopClock(),
            store=store,
            bus=SimpleNamespace(publish_event=lambda event: None),
            processes=SimpleNamespace(birth=self.births.get),
            folders=self,
            memory_bytes=100,
        )
        transitions = cast("Transitions", self)
        costs = Costs(cast("Any", store), LoopClock())
        self.thrift = Thrift(
            cast("World", world),
            transitions,
            costs,
            Admission(cast("World", world), transitions, costs, lambda: ()),
            cast("Any", SimpleNamespace(strain=lambda: self.strain, watch=self.watch)),
            lambda live: live.project.limits,
        )

    def watch(self, felt: Callable[[], None]) -> bool:
        self.felt = felt
        return True

    async def request(self, live: LiveEnv, transition: Transition) -> None:
        self.asked.append(transition)
        if self.error is not None:
            raise self.error
        after = {
            Transition.FREEZE: Wanted.FROZEN,
            Transition.COOL: Wanted.COLD,
            Transition.STOP: Wanted.STOPPED,
            Transition.THAW: Wanted.WARM,
        }
        self.live.record.wanted = after[transition]

    async def meant(
        self, worktree: str, globs: Sequence[str], paths: frozenset[str]
    ) -> frozenset[str]:
        return paths - self.ignored

    @property
    def env(self) -> LiveEnv:
        return cast("LiveEnv", self.live)

    async def passes(self, count: int) -> None:
        """Passes as the upkeep makes them."""
        for _ in range(count):
            await asyncio.sleep(2.0)
            self.thrift.passed()
            await asyncio.sleep(0)
            await asyncio.sleep(0)


def play(scene: Callable[[House], Any], known: Sequence[ActivityRecord] = ()) -> House:
    """Run a scene on a virtual clock."""

    async def main() -> House:
        house = House(known)
        house.thrift.follow(house.env)
        house.thrift.open()
        await scene(house)
        return house

    return run_virtual(main)


def test_an_env_that_nobody_touches_goes_down_step_by_step() -> None:
    house = play(lambda house: house.passes(17))
    assert house.asked == [Transition.FREEZE, Transition.COOL, Transition.STOP]
    assert house.told[0] == "auth: frozen, nobody has touched it for 10 s"


def test_what_could_not_be_put_to_rest_is_tried_again_only_after_a_touch() -> None:
    async def scene(house: House) -> None:
        house.error = HiveError("a process does not stop")
        await house.passes(7)
        assert house.asked == [Transition.FREEZE]
        house.live.activity.touch("hive warm")
        await house.passes(7)

    assert play(scene).asked == [Transition.FREEZE, Transition.FREEZE]


def test_a_lease_holds_as_long_as_its_process_lives() -> None:
    async def scene(house: House) -> None:
        house.births[7] = "b.1"
        assert house.thrift.lease(house.env, "a shell", 7) is not None
        await house.passes(20)
        assert house.asked == []
        house.births[7] = "b.2"  # another process with that number
        await house.passes(7)

    house = play(scene)
    assert house.asked == [Transition.FREEZE]
    assert house.saved[0].leases == (Lease("a shell", 7, "b.1"),)


def test_nobody_is_held_by_a_process_that_is_gone_already() -> None:
    async def scene(house: House) -> None:
        assert house.thrift.lease(house.env, "a shell", 7) is None

    assert play(scene).live.activity.leases == {}


def test_a_commit_is_a_touch_and_a_base_that_moves_is_none() -> None:
    async def scene(house: House) -> None:
        await house.passes(3)
        house.live.git = msgspec.structs.replace(GIT, behind=5)
        await house.passes(1)
        assert house.live.activity.idle_s == 8
        house.live.git = msgspec.structs.replace(GIT, behind=5, ahead=1)
        await house.passes(1)
        assert house.live.activity.idle_s == 2

    play(scene)


def test_a_file_that_git_ignores_is_no_touch() -> None:
    async def scene(house: House) -> None:
        house.ignored = frozenset({"app.log"})
        house.thrift.edited(house.env, frozenset({"app.log", ".git"}))
        await house.passes(2)
        assert house.live.activity.idle_s == 4
        house.thrift.edited(house.env, frozenset({"app.log", "app.py"}))
        await house.passes(2)

    assert play(scene).live.activity.last == "a file changed: app.py"


def test_idle_time_is_written_now_and_then_and_only_what_changed() -> None:
    async def scene(house: House) -> None:
        house.thrift.pin(house.env, True)
        await house.passes(int(SAVE_S / 2))

    house = play(scene)
    assert [(r.idle_s, r.pinned) for r in house.saved] == [(0.0, True), (SAVE_S, True)]
    assert house.asked == []


def test_the_next_daemon_goes_on_counting() -> None:
    house = play(lambda house: house.passes(2), [ActivityRecord("u", 9.0)])
    assert house.asked == [Transition.FREEZE]


def test_pressure_is_told_once_and_so_is_its_end() -> None:
    async def scene(house: House) -> None:
        house.thrift.pin(house.env, True)
        await house.passes(1)
        assert house.thrift.short is None
        house.strain = SHORT
        await house.passes(3)
        assert house.thrift.short == "processes waited for memory 20 % of the last 10 s"
        house.strain = CALM
        await house.passes(3)
        assert house.thrift.short is None

    assert play(scene).told == [
        "memory is short: processes waited for memory 20 % of the last 10 s",
        "memory is not short any more",
    ]


def test_the_kernels_word_is_told_at_once_without_a_pass() -> None:
    async def scene(house: House) -> None:
        await house.passes(1)
        house.felt()
        assert house.told == ["memory is short: processes began to wait for memory"]

    play(scene)


def test_only_a_frozen_env_is_woken() -> None:
    async def scene(house: House) -> None:
        await house.thrift.wake(house.env)
        assert house.asked == []
        house.live.record.wanted = Wanted.FROZEN
        await house.thrift.wake(house.env)

    assert play(scene).asked == [Transition.THAW]
