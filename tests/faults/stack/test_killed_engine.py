"""The engine is killed in a warm, a snapshot or a restore of a whole stack: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import engines, images, private_engine
from tests.private_engine import PrivateEngine
from tests.stack_demo import NAMES, home, order, show, tickets
from tests.stacks import Stack

ENV = NAMES[0]


@pytest.fixture(scope="module")
def engine() -> Iterator[PrivateEngine]:
    """An engine that may be killed, with the images of the stack."""
    private_engine.need()
    made = PrivateEngine()
    try:
        for image in (images.postgres(), engines.redis()):
            made.take(image)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def shown(engine: PrivateEngine) -> Iterator[Stack]:
    """The demo on that engine."""
    with home(host=engine.host) as stack:
        show(stack)
        yield stack


def killed_at(stack: Stack, engine: PrivateEngine, said: str, *command: str) -> tuple[int, str]:
    """A command under which the engine is killed once it has said something, and comes back."""
    process = stack.yard.start(*command)
    assert process.stderr is not None
    before = []
    for line in process.stderr:
        before.append(line)
        if said in line:
            break
    engine.kill()
    engine.start()
    _, after = process.communicate(timeout=60)
    told = "".join(before) + after
    assert said in told
    return process.returncode, told


def enlarge(stack: Stack) -> None:
    """Give the volume of the env something that takes a while to move."""
    stack.inside("redis", "sh", "-c", "head -c 20000000 /dev/urandom >/data/junk", env=ENV)


def assert_sound(stack: Stack) -> None:
    """The env works, and no copying has left anything."""
    stack.yard.hive("warm", ENV)  # a worker without its database may have given up meanwhile
    stack.yard.hive("test", ENV)

    def helpers() -> str:
        return engines.docker("images", "-q", f"hive-empty:{stack.tag}", host=stack.host)

    stack.yard.until(lambda: not helpers(), "the copying has left nothing")
    assert len(stack.left()["containers"]) == len(NAMES) + 1


def test_in_a_warm(shown: Stack, engine: PrivateEngine) -> None:
    kept = order(shown, ENV)
    shown.yard.hive("stop", *NAMES)  # and with the last of them PostgreSQL
    killed_at(shown, engine, "step redis", "warm", ENV)
    again = shown.yard.hive("warm", ENV, status=None)
    if again.status:  # an engine killed in a start keeps its port to itself until it ends in order
        assert "restart the engine" in again.err, again
        engine.stop()
        engine.start()
        shown.yard.hive("warm", ENV)
    assert_sound(shown)
    assert kept in tickets(shown, ENV)


def test_in_a_snapshot(shown: Stack, engine: PrivateEngine) -> None:
    kept = order(shown, ENV)
    enlarge(shown)
    status, told = killed_at(shown, engine, "copying the volume", "snapshot", ENV, "cut")
    assert status == 1, told
    assert not shown.yard.hive("snapshots", ENV, "--json").json["snapshots"]
    assert_sound(shown)
    assert kept in tickets(shown, ENV)


def test_in_a_restore(shown: Stack, engine: PrivateEngine) -> None:
    kept = order(shown, ENV)
    enlarge(shown)
    shown.yard.hive("snapshot", ENV, "good")
    later = order(shown, ENV)
    status, told = killed_at(shown, engine, "filling the volume", "restore", ENV, "good")
    assert (status, "waiting for it" in told) == (0, True), told
    assert_sound(shown)
    assert kept in tickets(shown, ENV)
    assert later not in tickets(shown, ENV)
    shown.yard.hive("restore", ENV, "before-restore")
    assert later in tickets(shown, ENV)
