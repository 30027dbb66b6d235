"""A stretch of logs in memory: grown at both ends, bounded, and always between two true places."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hive_tui.app.log_find import kept, nearest
from hive_tui.app.ring import Page, Ring
from hive_tui.model.levels import Level
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.wire import LogLine

SOURCES = ("api", "web")


def lines(first: int, past: int) -> tuple[LogLine, ...]:
    """Lines of two sources by turns, ten bytes each."""
    return tuple(
        LogLine(float(at), SOURCES[at % 2], b"row%05d" % at, (at // 2 + 1) * 10)
        for at in range(first, past)
    )


def place(number: int) -> dict[str, int]:
    """The place before the line of this number."""
    return {"api": (number + 1) // 2 * 10, "web": number // 2 * 10}


def page(first: int, past: int, size: int) -> Page:
    return Page(lines(first, past), place(first), place(past), place(0), place(size))


def rows(ring: Ring) -> list[int]:
    return [int(line.text[3:]) for line in ring.shown]


def test_it_keeps_the_newest_lines_and_counts_all() -> None:
    ring = Ring(100)
    ring.replace(page(0, 0, 0), live=True)
    for at in range(1000):
        ring.follow(page(at, at + 1, at + 1), None)
    assert ring.total == 1000
    assert 100 <= len(ring.shown) <= 125
    assert rows(ring)[-1] == 999
    assert ring.last == 1000
    assert ring.start == place(1000 - len(ring.shown))
    assert ring.live


@given(st.lists(st.sampled_from(["older", "newer", "follow"]), max_size=60))
def test_whatever_grows_it_is_one_whole_stretch_between_its_places(moves: list[str]) -> None:
    size = 9000
    ring = Ring(500)
    ring.replace(page(4000, 4300, size), live=False)
    start, end = 4000, 4300
    for move in moves:
        window = (ring.first + 10, ring.first + 40)
        if move == "older":
            ring.prepend(page(max(0, start - 400), start, size), window)
        elif move == "newer":
            window = (ring.last - 40, ring.last - 10)
            ring.append(page(end, min(size, end + 400), size), window)
        elif end == size or ring.live:
            size += 3
            ring.live = True
            ring.follow(page(size - 3, size, size), window)
        numbers = rows(ring)
        start, end = numbers[0], numbers[-1] + 1
        assert numbers == list(range(start, end))
        assert ring.start == place(start)
        assert ring.end == place(end)
        assert ring.place(ring.first + 7) == place(start + 7)
        assert len(numbers) <= 625 + 2 * 2000 + 400


def test_its_bytes_are_bounded_too() -> None:
    ring = Ring(1000, most_bytes=100_000)
    ring.replace(Page(), live=True)
    for _ in range(100):
        ring.follow(Page((LogLine(1.0, "api", b"x" * 16_000, 1),)), None)
    assert sum(len(line.text) for line in ring.shown) <= 125_000


def test_narrowing_keeps_the_number_of_the_place_one_looks_at() -> None:
    ring = Ring()
    ring.replace(page(0, 100, 100), live=True)
    end = ring.narrow(LogFilter(("7",)), frozenset({"web"}), 50)
    assert rows(ring) == [70, 72, 74, 76, 78]
    assert end == ring.first
    assert ring.covers(LogFilter(("7", "2")), frozenset(SOURCES))
    assert not ring.covers(LogFilter(), frozenset(SOURCES))


def test_the_nearest_line_is_found_on_either_side() -> None:
    every = [LogLine(0.0, "api", b"ERROR" if at % 1500 == 0 else b"fine") for at in range(4000)]
    errors = LogFilter((), Level.ERROR)
    assert kept(every, errors) == [0, 1500, 3000]
    assert nearest(every, errors, 3000, -1) == 1500
    assert nearest(every, errors, 4000, -1) == 3000
    assert nearest(every, errors, 0, -1) is None
    assert nearest(every, errors, -1, 1) == 0
    assert nearest(every, errors, 1500, 1) == 3000
    assert nearest(every, errors, 3000, 1) is None
