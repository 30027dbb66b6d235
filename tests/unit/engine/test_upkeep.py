from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hive_tui.engine.live import LiveEnv
from hive_tui.engine.protocols import Trees
from hive_tui.engine.upkeep import TICK_S, Upkeep
from hive_tui.engine.watching import Reruns
from hive_tui.engine.world import World
from hive_tui.model.errors import HiveError
from tests.unit.engine.virtual_time import LoopClock
from tests.unit.engine.virtual_time import run as run_virtual


class Room:
    """One env whose worktree, git and processes answer what the test says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[Exception | str] = []
        self.passes = 0
        self.trouble: Exception | None = None
        self.watched: dict[str, Callable[[frozenset[str]], None]] = {}
        self.live = SimpleNamespace(
            id="shop/auth",
            record=SimpleNamespace(uid="u", worktree="/trees/auth", base="main"),
            project=SimpleNamespace(root="/shop", tests={}),
            operation=None,
            trouble=None,
            verdicts={},
            git=None,
            check_worktree=lambda: None,
            changed=lambda: None,
            sessions=lambda: {},
        )
        world = SimpleNamespace(
            worktrees=self, folders=self, processes=SimpleNamespace(), clock=LoopClock()
        )
        trees = SimpleNamespace(watch=self.watch, unwatch=lambda key: None)

        async def tested(live: LiveEnv, suite: str) -> None:
            raise AssertionError("no suite is watched")

        self.upkeep = Upkeep(
            cast("World", world), cast("Trees", trees), Reruns(), tested, self.told
        )

    def watch(
        self,
        key: str,
        folder: str,
        changed: Callable[[frozenset[str]], None],
        *,
        files: bool = True,
    ) -> None:
        self.watched[key] = changed

    def told(self) -> None:
        self.passes += 1
        if self.trouble is not None:
            raise self.trouble

    async def status(self, worktree: str, base: str) -> Any:
        self.asked.append(worktree)
        answer = self.answers.pop(0) if self.answers else "clean"
        if isinstance(answer, Exception):
            raise answer
        return answer

    def follow(self) -> None:
        self.upkeep.follow(cast("LiveEnv", self.live))


@pytest.mark.parametrize("error", [HiveError("git is busy"), ValueError("unforeseen")])
def test_an_env_is_looked_at_again_after_a_look_that_failed(error: Exception) -> None:
    async def scene() -> tuple[Any, Any]:
        room = Room()
        room.answers = [error]
        room.follow()
        await asyncio.sleep(1.0)
        before = room.live.git
        room.watched["u"](frozenset({"a.py"}))
        await asyncio.sleep(1.0)
        await room.upkeep.close()
        return before, room.live.git

    assert run_virtual(scene) == (None, "clean")


def test_the_passes_go_on_after_one_that_broke() -> None:
    async def scene() -> int:
        room = Room()
        room.trouble = OSError("no process table")
        room.upkeep.start()
        await asyncio.sleep(3.5 * TICK_S)
        await room.upkeep.close()
        return room.passes

    assert run_virtual(scene) == 4


def test_a_worktree_that_is_never_quiet_is_looked_at_all_the_same() -> None:
    async def scene() -> int:
        room = Room()
        room.follow()
        await asyncio.sleep(1.0)
        for _ in range(100):
            room.watched["u"](frozenset({"busy.log"}))
            await asyncio.sleep(0.1)
        await room.upkeep.close()
        return len(room.asked)

    assert run_virtual(scene) > 2
