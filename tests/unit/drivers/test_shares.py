from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.drivers.procfs import Entry, ProcessTable, parse_share
from hive_tui.drivers.shares import OLD_S, Shares, _Reading, due, estimate

MB = 1 << 20


class Table:
    """Processes with a cheap figure and a dear one; counts what is read."""

    def __init__(self, **sizes: tuple[int, int | None]) -> None:
        self.sizes = {int(pid[1:]): size for pid, size in sizes.items()}
        self.read: list[int] = []
        self.cheap: list[int] = []

    def memory_bytes(self, pid: int) -> int:
        self.cheap.append(pid)
        return self.sizes[pid][0] if pid in self.sizes else 0

    def share_bytes(self, pid: int) -> int | None:
        self.read.append(pid)
        return self.sizes[pid][1] if pid in self.sizes else None


def entry(pid: int) -> Entry:
    return Entry(pid, 1, pid, pid, pid * 10, "S", 0.0)


class Passes:
    """Passes over the processes of a table, each with its readings done."""

    def __init__(self, table: Table) -> None:
        self.at = 0.0
        self.table = table
        self.shares = Shares(cast("ProcessTable", table), clock=lambda: self.at)

    async def look(self) -> dict[int, int]:
        self.shares.begin()
        found = {pid: self.shares.memory_bytes(entry(pid)) for pid in self.table.sizes}
        self.shares.end()
        await self.shares.close()
        return found


async def test_the_cheap_figure_stands_until_the_dear_one_is_read() -> None:
    passes = Passes(Table(p1=(10 * MB, 30 * MB)))
    assert await passes.look() == {1: 10 * MB}
    assert await passes.look() == {1: 30 * MB}


async def test_growth_shows_at_once_without_a_new_reading() -> None:
    passes = Passes(Table(p1=(10 * MB, 30 * MB)))
    await passes.look()
    passes.table.sizes[1] = (10 * MB + 500_000, None)
    assert await passes.look() == {1: 30 * MB + 500_000}
    assert passes.table.read == [1]


async def test_at_rest_nothing_is_read_again_before_it_is_old() -> None:
    passes = Passes(Table(p1=(MB, MB), p2=(MB, MB)))
    for _ in range(20):
        passes.at += 2.0
        await passes.look()
    assert sorted(passes.table.read) == [1, 2]
    passes.at += OLD_S
    await passes.look()
    assert sorted(passes.table.read) == [1, 1, 2, 2]


async def test_where_the_system_does_not_tell_shares_the_cheap_figure_stays() -> None:
    passes = Passes(Table(p1=(10 * MB, None)))
    await passes.look()
    assert await passes.look() == {1: 10 * MB}
    assert passes.table.read == [1]


async def test_a_number_that_is_used_again_has_no_reading() -> None:
    passes = Passes(Table(p1=(10 * MB, 90 * MB)))
    await passes.look()
    passes.shares.begin()
    again = entry(1)._replace(start_ticks=999)
    assert passes.shares.memory_bytes(again) == 10 * MB


def test_a_process_that_did_nothing_is_not_even_looked_at_cheaply() -> None:
    table = Table(p1=(10 * MB, 30 * MB))
    shares = Shares(cast("ProcessTable", table), clock=lambda: 0.0)
    still = entry(1)._replace(rss_pages=100)
    for one in (still, still, still._replace(rss_pages=101), still._replace(cpu_s=0.01)):
        assert shares.memory_bytes(one) == 10 * MB
    assert table.cheap == [1, 1, 1]


def test_the_most_urgent_is_read_first() -> None:
    known = {
        (2, 0): _Reading(100 * MB, 100 * MB, 199.0),
        (3, 0): _Reading(100 * MB, 100 * MB, 0.0),
        (4, 0): _Reading(100 * MB, 100 * MB, 199.0),
    }
    private = {(1, 0): MB, (2, 0): 150 * MB, (3, 0): 100 * MB, (4, 0): 101 * MB}
    assert due(private, known, 200.0) == ((1, 0), (2, 0), (3, 0))


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_an_estimate_is_never_negative_and_moves_with_the_cheap_figure(
    share: int, private: int, now: int
) -> None:
    found = estimate(_Reading(share, private, 0.0), now)
    assert found >= 0
    assert found == max(0, share + now - private)


@pytest.mark.parametrize(
    ("rollup", "share"),
    [
        (b"55-7f ---p 00000000 00:00 0  [rollup]\nRss:  1812 kB\nPss:   113 kB\n", 113 * 1024),
        (b"55-7f\nRss:  1812 kB\nPss_Dirty:  108 kB\n", None),
        (b"", None),
    ],
    ids=["a line", "none", "gone"],
)
def test_the_share_is_the_line_pss(rollup: bytes, share: int | None) -> None:
    assert parse_share(rollup) == share
