from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.costs import Costs, Forecast, Seen, forecast, usual
from hive_tui.engine.state import Cost, Store

MB = 1 << 20


class Kept:
    """The store's part, in memory; counts the writes."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str, str, float], Cost] = {}
        self.writes = 0

    def put_costs(self, costs: Sequence[Cost]) -> None:
        self.writes += 1
        for cost in costs:
            key = (cost.project, cost.state, cost.service, cost.env_uid, cost.began)
            self.rows[key] = cost

    def costs(self, project: str) -> tuple[Cost, ...]:
        found = [cost for cost in self.rows.values() if cost.project == project]
        return tuple(sorted(found, key=lambda cost: cost.began))


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        self.at += 1
        return self.at

    def monotonic(self) -> float:
        return self.at


class House:
    """A history with a store that survives it."""

    def __init__(self, kept: Kept | None = None) -> None:
        self.kept = kept or Kept()
        self.costs = Costs(cast("Store", self.kept), Clock())

    def see(self, uid: str, state: str | None, **memory: int) -> None:
        self.costs.note([Seen(uid, "shop", state, memory)])


@pytest.mark.parametrize(
    ("services", "now", "known", "expected"),
    [
        ({"api", "db"}, {}, {"api": 300, "db": 100}, Forecast(400)),
        ({"api", "db"}, {"db": 40}, {"api": 300, "db": 100}, Forecast(360)),
        ({"api", "db"}, {"db": 140}, {"api": 300, "db": 100}, Forecast(300)),
        ({"api", "db"}, {}, {"db": 100}, Forecast(100, ("api",))),
        ({"api", "db"}, {"api": 50}, {}, Forecast(0, ("db",))),
        (set(), {"api": 50}, {"api": 300}, Forecast(0)),
    ],
    ids=["from nothing", "partly up", "grown beyond", "one unknown", "runs unknown", "none"],
)
def test_a_forecast_is_what_is_missing_to_what_is_usual(
    services: set[str], now: dict[str, int], known: dict[str, int], expected: Forecast
) -> None:
    assert forecast(services, now, known) == expected


amounts = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1000))


@given(st.sets(st.sampled_from("abcdef")), amounts, amounts)
def test_a_forecast_never_takes_memory_away_and_names_only_what_has_to_start(
    services: set[str], now: Mapping[str, int], known: Mapping[str, int]
) -> None:
    found = forecast(services, now, known)
    assert 0 <= found.need_bytes <= sum(known.get(name, 0) for name in services)
    assert set(found.unknown) == services - known.keys() - now.keys()


@given(st.sets(st.sampled_from("abcdef")), amounts, amounts)
def test_what_runs_already_never_makes_a_forecast_larger(
    services: set[str], now: Mapping[str, int], known: Mapping[str, int]
) -> None:
    assert forecast(services, now, known).need_bytes <= forecast(services, {}, known).need_bytes


def test_usual_is_the_median_of_the_peaks_in_that_state() -> None:
    costs = [Cost("shop", "warm", "api", f"u{at}", at, peak) for at, peak in enumerate((9, 3, 4))]
    cold = Cost("shop", "cold", "api", "u0", 0, 1)
    assert usual([*costs, cold], "warm") == {"api": 4}
    assert usual([*costs, cold], "cold") == {"api": 1}
    assert usual(costs[:2], "warm") == {"api": 9}, "the upper one of two"


def test_the_peak_of_a_stay_counts_and_not_what_it_takes_in_the_end() -> None:
    house = House()
    for size in (100, 500, 200):
        house.see("u", "warm", api=size * MB)
    assert house.costs.usual("shop", "warm") == {"api": 500 * MB}


def test_each_stay_counts_once_and_a_break_begins_a_new_one() -> None:
    house = House()
    house.see("u", "warm", api=100)
    house.see("u", None, api=900)
    house.see("u", "warm", api=300)
    house.see("u", "warm", api=310)
    assert sorted(cost.peak_bytes for cost in house.kept.rows.values()) == [100, 300]


def test_an_env_at_rest_causes_no_writes() -> None:
    house = House()
    for _ in range(100):
        house.see("u", "warm", api=100 * MB, db=40 * MB)
    assert house.kept.writes == 1


def test_the_next_daemon_goes_on_with_the_stay_that_it_finds() -> None:
    first = House()
    first.see("u", "warm", api=500)
    second = House(first.kept)
    second.see("u", "warm", api=200)
    second.see("u", "warm", api=800)
    assert [cost.peak_bytes for cost in first.kept.rows.values()] == [800]


def test_the_history_of_an_env_that_is_gone_stays_its_projects() -> None:
    house = House()
    house.see("u", "warm", api=500)
    house.costs.forget("u")
    assert house.costs.usual("shop", "warm") == {"api": 500}
    assert house.costs.usual("other", "warm") == {}
