"""Ten envs of the demo's stack at once: what they take is shown as the kernel counts it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests import engines, heads, kernel_memory
from tests.stack_demo import NAMES, home, listed, show
from tests.stacks import Stack

ALL = [*NAMES, *(f"more-{number}" for number in range(10 - len(NAMES)))]


@pytest.fixture(scope="module")
def ten() -> Iterator[Stack]:
    """Ten warm envs."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the kernel's own figures are Linux's")
    engines.need()
    with home() as stack:
        show(stack)
        for name in ALL[len(NAMES) :]:
            stack.yard.hive("spawn", name)
        stack.yard.hive("warm", *ALL)
        yield stack


def test_all_are_warm_and_nothing_of_two_is_the_same(ten: Stack) -> None:
    envs = listed(ten)
    assert [env["state"] for env in envs] == ["warm"] * 10
    own = [env["ports"]["names"][name] for env in envs for name in ("api", "redis")]
    assert len(set(own)) == 20
    assert len({env["ports"]["names"]["pg"] for env in envs}) == 1
    found = ten.left()
    assert (len(found["containers"]), len(found["networks"])) == (11, 11)


def test_the_memory_bar_is_what_the_kernel_says(ten: Stack) -> None:
    def share() -> float:
        return heads.of(ten.yard).memory_used_bytes / kernel_memory.of(ten)

    ten.yard.until(lambda: 0.9 < share() < 1.1, "the bar is true within a tenth")


def test_the_forecast_of_one_more_counts_its_own_part_alone(ten: Stack) -> None:
    ten.yard.hive("spawn", "eleven")
    try:
        need = ten.yard.hive("plan", "eleven", "--json").json["memory"]["need_bytes"]
        each = heads.of(ten.yard).memory_used_bytes / 10
        assert 0 < need < each * 2
    finally:
        ten.yard.hive("destroy", "eleven", "--force")


def test_a_reset_leaves_nothing_of_all_ten(ten: Stack) -> None:
    ten.yard.repo = ten.yard.folder
    ten.yard.hive("demo", "--containers", "--reset")
    assert not any(ten.left().values())
    assert listed(ten) == []
