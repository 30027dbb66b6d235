"""The daemon dies while room is made or waited for; the next one goes on with it."""

from __future__ import annotations

import pytest

from tests.hives import Yard
from tests.integration.whole.test_memory import PROJECT, room, size_of, states, waits

MB = 1 << 20


@pytest.fixture
def full(yard: Yard) -> Yard:
    """A warm and measured env `a`, and a cold one `b` that does not fit beside it."""
    yard.make_repo(PROJECT.replace("200MB", "130MB"))
    yard.hive("spawn", "a", "--warm")
    yard.hive("spawn", "b")
    yard.until(lambda: room(yard, "b")["need_bytes"] > 80 * MB, "a is measured")
    yard.hive("warm", "b", status=4)
    return yard


@pytest.mark.parametrize(
    "point",
    ["room:decided", "journalled:cool", "concluded:cool", "room:made", "journalled:warm"],
)
def test_killed_while_room_is_made(full: Yard, point: str) -> None:
    full.hive("daemon", "stop")
    full.extra = {"HIVE_FAULT_KILL_AT": point}
    full.until(lambda: size_of(full, "a") > 80 * MB, "the new daemon has measured a")
    full.hive("warm", "b", "--make-room", status=None)
    full.extra = {}
    full.until(lambda: states(full) == {"a": "cold", "b": "warm"}, "it went on")
    assert len(full.runs()) == 3, "two watchers and one big service, nothing doubled"


def test_killed_while_one_waits(full: Yard) -> None:
    waiting = full.start("warm", "b", "--wait")
    full.until(lambda: waits(full, "b"), "b waits")
    full.kill_daemon()
    waiting.communicate(timeout=60)
    full.until(lambda: waits(full, "b"), "it waits again")
    assert states(full) == {"a": "warm", "b": "cold"}
    full.hive("cool", "a")
    full.until(lambda: states(full) == {"a": "cold", "b": "warm"}, "it came in")
