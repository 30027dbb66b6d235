from __future__ import annotations

import asyncio

from hive_tui.engine.watching import Reruns, matched
from hive_tui.model.project import TestSuite
from tests.unit.engine.virtual_time import run as run_virtual

SUITES = {
    "unit": TestSuite("unit", "pytest", watch=("**/*.py",)),
    "web": TestSuite("web", "npm test", watch=("web/**",)),
    "slow": TestSuite("slow", "e2e"),
}


def test_a_change_reruns_the_suites_that_watch_it() -> None:
    assert matched(SUITES, frozenset({"shop/api.py"})) == {"unit"}
    assert matched(SUITES, frozenset({"web/app.py", "README.md"})) == {"unit", "web"}
    assert matched(SUITES, frozenset({".git", "notes.txt"})) == frozenset()


class Room:
    """Counts runs, which end when told."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.go = asyncio.Event()
        self.reruns = Reruns(quiet_s=0.3)
        self.reruns.follow("e", lambda: SUITES, self.run)

    async def run(self, suite: str) -> None:
        self.began.append(suite)
        await self.go.wait()

    def touch(self) -> None:
        self.reruns.changed("e", frozenset({"a.py"}))


def test_a_burst_of_changes_is_one_run() -> None:
    async def scene() -> list[str]:
        room = Room()
        room.go.set()
        for _ in range(5):
            room.touch()
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        await room.reruns.close()
        return room.began

    assert run_virtual(scene) == ["unit"]


def test_a_worktree_that_is_never_quiet_is_tested_all_the_same() -> None:
    async def scene() -> int:
        room = Room()
        room.go.set()
        for _ in range(110):
            room.touch()
            await asyncio.sleep(0.1)
        await room.reruns.close()
        return len(room.began)

    assert run_virtual(scene) == 2


def test_changes_during_a_run_are_one_more_run_after_it() -> None:
    async def scene() -> tuple[list[str], list[str]]:
        room = Room()
        room.touch()
        await asyncio.sleep(1.0)
        for _ in range(3):
            room.touch()
            await asyncio.sleep(0.5)
        during = list(room.began)
        room.go.set()
        await asyncio.sleep(2.0)
        await room.reruns.close()
        return during, room.began

    assert run_virtual(scene) == (["unit"], ["unit", "unit"])


def test_an_env_that_left_reruns_nothing() -> None:
    async def scene() -> list[str]:
        room = Room()
        room.touch()
        room.reruns.leave("e")
        await asyncio.sleep(1.0)
        return room.began

    assert run_virtual(scene) == []


def test_the_files_of_a_fresh_checkout_rerun_nothing_but_later_changes_do() -> None:
    async def scene() -> tuple[list[str], list[str]]:
        room = Room()
        room.go.set()
        room.reruns.hold("e")
        for _ in range(10):
            await asyncio.sleep(0.9)
            room.touch()
            room.reruns.hold("e")
        await asyncio.sleep(2.0)
        fresh = list(room.began)
        room.touch()
        await asyncio.sleep(1.0)
        await room.reruns.close()
        return fresh, room.began

    assert run_virtual(scene) == ([], ["unit"])
