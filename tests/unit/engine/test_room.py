from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.costs import Forecast
from hive_tui.engine.room import Tenant, decide, free_bytes, make_room
from hive_tui.model.plan import Transition

COOL, STOP = Transition.COOL, Transition.STOP


def tenant(
    name: str, idle_s: float, cool: int, stop: int | None = None, kept: str | None = None
) -> Tenant:
    return Tenant(f"shop/{name}", name, idle_s, kept, cool, cool if stop is None else stop)


OLD, NEW, BUSY = (
    tenant("old", 9000, 300, 400),
    tenant("new", 60, 500, 600),
    tenant("busy", 99_999, 900, 900, kept="unit runs"),
)


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        (100, [("old", COOL)]),
        (300, [("old", COOL)]),
        (301, [("new", COOL)]),
        (800, [("old", COOL), ("new", COOL)]),
        (801, [("old", STOP), ("new", COOL)]),
        (1000, [("old", STOP), ("new", STOP)]),
        (1001, []),
    ],
)
def test_the_longest_idle_makes_room_first_and_all_are_cooled_before_one_is_stopped(
    short: int, expected: list[tuple[str, Transition]]
) -> None:
    found = make_room(short, [NEW, BUSY, OLD])
    assert [(relief.name, relief.transition) for relief in found] == expected


tenants = st.lists(
    st.builds(
        tenant,
        st.sampled_from("abcdefgh"),
        st.floats(0, 1e6),
        st.integers(0, 100),
        st.none(),
        st.sampled_from([None, None, None, "pinned", "unit runs"]),
    ).flatmap(
        lambda one: st.integers(one.cool_bytes, one.cool_bytes + 100).map(
            lambda stop: Tenant(one.env, one.name, one.idle_s, one.kept, one.cool_bytes, stop)
        )
    ),
    unique_by=lambda one: one.env,
    max_size=8,
)


@given(st.integers(1, 900), tenants)
def test_who_may_not_be_touched_never_is(short: int, some: list[Tenant]) -> None:
    kept = {one.env for one in some if one.kept is not None}
    assert not kept & {relief.env for relief in make_room(short, some)}


@given(st.integers(1, 900), tenants)
def test_room_is_made_exactly_where_it_can_be(short: int, some: list[Tenant]) -> None:
    most = sum(one.stop_bytes for one in some if one.kept is None)
    found = make_room(short, some)
    assert bool(found) == (most >= short)
    if found:
        assert sum(relief.frees_bytes for relief in found) >= short


@given(st.integers(1, 900), tenants)
def test_nobody_is_put_to_rest_without_whom_it_would_do(short: int, some: list[Tenant]) -> None:
    found = make_room(short, some)
    total = sum(relief.frees_bytes for relief in found)
    assert all(total - relief.frees_bytes < short for relief in found)


@given(st.integers(1, 900), tenants)
def test_nobody_is_stopped_while_cooling_all_would_do(short: int, some: list[Tenant]) -> None:
    if sum(one.cool_bytes for one in some if one.kept is None) >= short:
        assert all(relief.transition is COOL for relief in make_room(short, some))


@pytest.mark.parametrize(
    ("need", "free", "starts", "fits"),
    [
        (Forecast(100), 100, True, True),
        (Forecast(101), 100, True, False),
        (Forecast(101), 100, False, True),
        (Forecast(0, ("api",)), 1, True, True),
        (Forecast(0, ("api",)), 0, True, False),
        (Forecast(0), -5, False, True),
    ],
    ids=[
        "exactly",
        "too much",
        "all is up",
        "unknown, some free",
        "unknown, full",
        "over, at rest",
    ],
)
def test_what_fits(need: Forecast, free: int, starts: bool, fits: bool) -> None:
    assert decide(need, free, 1000, [], starts=starts).fits is fits


def test_a_room_says_what_is_needed_what_is_free_and_what_is_not_known() -> None:
    room = decide(Forecast(3_900_000_000, ("search",)), 2_100_000_000, 12_000_000_000, [])
    assert room.words == (
        "needs ~3.9 GB and what search will take (never measured), 2.1 GB free of 12.0 GB"
    )
    first = decide(Forecast(0, ("api",)), 2_100_000_000, 12_000_000_000, [])
    assert first.words == "needs an unknown amount (never measured), 2.1 GB free of 12.0 GB"


def test_where_nothing_would_do_the_ones_that_are_kept_are_named_with_the_reason() -> None:
    room = decide(Forecast(5000), 100, 6000, [OLD, BUSY])
    assert room.relief == ()
    assert room.kept == ("busy (unit runs)",)


@pytest.mark.parametrize(
    ("limit", "used", "promised", "available", "free"),
    [(1000, 400, 0, 9000, 600), (1000, 400, 100, 9000, 500), (1000, 400, 0, 300, 300)],
    ids=["limit", "let in already", "other programs"],
)
def test_what_is_free_is_what_limit_and_machine_leave(
    limit: int, used: int, promised: int, available: int, free: int
) -> None:
    assert free_bytes(limit, used, promised, available) == free
