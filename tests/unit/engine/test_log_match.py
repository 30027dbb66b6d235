"""A pattern is found in a log however its bytes arrive."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.log_match import LogMatch, read_grown


@given(cuts=st.lists(st.integers(0, 60), max_size=8))
def test_the_match_does_not_depend_on_where_the_bytes_are_cut(cuts: list[int]) -> None:
    text = b"starting\n\x1b[32mlistening on\x1b[0m port 8080\nGET / 200\n"
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    match = LogMatch(r"^listening on port \d+$")

    found = [match.feed(text[a:b]) for a, b in itertools.pairwise(edges)]

    assert any(found)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("ready", b"not yet\n", False),
        ("ready", b"ready", True),
        ("^ready$", b"is ready\n", False),
        ("^ready$", b"ready\r\n", True),
        ("a.*b", b"a\nb\n", False),
        ("prêt", "prêt\n".encode(), True),
        ("ready", b"\xff\xfe ready \xff\n", True),
        ("ready", b"re\x1b[1mady\n", True),
    ],
)
def test_lines_are_searched_without_escapes_and_ends(
    pattern: str, text: bytes, expected: bool
) -> None:
    assert LogMatch(pattern).feed(text) is expected


def test_a_line_without_end_is_searched_in_bounded_memory() -> None:
    match = LogMatch("needle")

    assert not any(match.feed(b"x" * 65_536) for _ in range(160))
    assert not match.feed(b"x" * 100 + b"nee")
    assert match.feed(b"dle")


def test_a_bad_pattern_is_an_error_at_once() -> None:
    with pytest.raises(re.error):
        LogMatch("(")


def test_growth_is_read_from_the_offset_on(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    assert read_grown(log, 0) == (b"", 0)
    log.write_bytes(b"old\nnew\n")

    assert read_grown(log, 4) == (b"new\n", 8)
    assert read_grown(log, 8) == (b"", 8)
    assert read_grown(log, 100) == (b"old\nnew\n", 8)


def test_a_big_log_is_read_in_parts(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_bytes(b"x" * 600_000)

    offset, sizes = 0, []
    while chunk := read_grown(log, offset):
        if not chunk[0]:
            break
        sizes.append(len(chunk[0]))
        offset = chunk[1]

    assert sum(sizes) == 600_000
    assert max(sizes) == 256 * 1024


def test_a_hole_at_the_head_is_skipped_and_not_read(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with log.open("wb") as file:
        file.truncate(1 << 30)
        file.seek(0, 2)
        file.write(b"after\n")

    chunk, offset = read_grown(log, 0)

    assert chunk.lstrip(b"\0") == b"after\n"
    assert offset == (1 << 30) + 6
