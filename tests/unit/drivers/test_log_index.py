"""The time index of a log: appended, read, thinned and survived."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from hive_tui.drivers.log_index import LogIndex, LogTimes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "api.idx"


def test_a_line_has_the_time_by_which_the_log_had_grown_past_it(path: Path) -> None:
    index = LogIndex(path)
    index.append(10, 1.0)
    index.append(30, 2.0)

    times = LogTimes(path, last=9.0)

    assert [times.at(end) for end in (1, 10, 11, 30, 31)] == [1.0, 1.0, 2.0, 2.0, 9.0]


def test_without_an_index_everything_has_the_time_of_the_last_change(path: Path) -> None:
    assert LogTimes(path, last=5.0).at(100) == 5.0


def test_an_index_goes_on_where_it_ended(path: Path) -> None:
    LogIndex(path).append(10, 1.0)

    assert LogIndex(path).end == 10


def test_what_lies_before_a_hole_is_forgotten_and_the_rest_keeps_its_times(path: Path) -> None:
    index = LogIndex(path)
    for number in range(1, 101):
        index.append(number * 10, float(number))

    index.compact(500, 1 << 20)

    times = LogTimes(path, last=-1.0)
    assert times.at(505) == 51.0
    assert times.at(1000) == 100.0
    assert index.size_bytes() == 52 * 16


def test_an_index_that_is_too_big_is_thinned_but_keeps_its_end(path: Path) -> None:
    index = LogIndex(path)
    for number in range(1, 1001):
        index.append(number * 10, float(number))

    index.compact(0, 2000)

    assert index.size_bytes() <= 2000
    assert LogTimes(path, last=-1.0).at(10_000) == 1000.0
    assert LogIndex(path).end == 10_000


@pytest.mark.parametrize("order", [1, -1, 7919])
def test_a_long_index_is_read_in_windows_from_either_side(path: Path, order: int) -> None:
    pairs = array("d", (n for at in range(1, 5001) for n in (at * 10.0, float(at))))
    path.write_bytes(pairs.tobytes())
    times = LogTimes(path, last=-1.0)

    asked = [(at * order) % 50_000 + 1 for at in range(50_000)]

    assert [times.at(end) for end in asked] == [float((end + 9) // 10) for end in asked]
    assert times.at(50_001) == -1.0
    assert times.at(1) == 1.0


def test_half_a_pair_at_the_end_is_ignored_and_written_over(path: Path) -> None:
    LogIndex(path).append(10, 1.0)
    with path.open("ab") as file:
        file.write(b"\1\2\3")

    index = LogIndex(path)
    assert index.end == 10
    index.append(20, 2.0)

    assert LogTimes(path, last=-1.0).at(15) == 2.0


def test_an_index_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    index = LogIndex(tmp_path / "gone" / "api.idx")

    index.append(10, 1.0)
    index.compact(0, 16)
    index.clear()

    assert index.size_bytes() == 0
