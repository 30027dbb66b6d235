"""Lines are found backwards and forwards alike, wherever blocks and pieces end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.drivers import log_following, log_lines, log_regions
from hive_tui.drivers.log_following import blocks
from hive_tui.drivers.log_index import LogTimes
from hive_tui.drivers.log_lines import Line, backwards, grown, last_whole

LOGS = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=12)


@contextmanager
def log(data: bytes) -> Iterator[int]:
    """A file that holds the bytes."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.fileno()


def forwards(fd: int, offset: int, most_bytes: int) -> tuple[list[Line], int]:
    """Finished lines from an offset on, and the offset past them."""
    begin, data = grown(fd, offset, most_bytes)
    found = blocks("api", begin, data, LogTimes(Path("/nowhere"), 0.0))
    lines = [
        line
        for block in found
        for line in zip(block.offsets(block.texts()), block.texts(), strict=True)
    ]
    return lines, begin + len(data)


def expected(lines: list[bytes]) -> list[tuple[int, bytes]]:
    """The lines with the offsets past them."""
    found, at = [], 0
    for line in lines:
        at += len(line) + 1
        found.append((at, line))
    return found


@given(lines=LOGS, block=st.integers(1, 30))
def test_every_line_is_found_once_whatever_the_size_of_the_blocks(
    lines: list[bytes], block: int
) -> None:
    texts = [line.replace(b"\0", b"-") for line in lines]
    data = b"".join(line + b"\n" for line in texts)
    with log(data) as fd, mock.patch.object(log_lines, "_BLOCK", block):
        assert list(backwards(fd, 0, len(data)))[::-1] == expected(texts)
        assert forwards(fd, 0, 1 << 20) == (expected(texts), len(data))


@given(lines=LOGS, rest=st.binary(min_size=1, max_size=9), block=st.integers(1, 30))
def test_the_unfinished_line_counts_backwards_and_waits_forwards(
    lines: list[bytes], rest: bytes, block: int
) -> None:
    texts = [line.replace(b"\0", b"-") for line in lines]
    rest = rest.replace(b"\n", b"-").replace(b"\0", b"-")
    whole = b"".join(line + b"\n" for line in texts)
    end = len(whole) + len(rest)
    with log(whole + rest) as fd, mock.patch.object(log_lines, "_BLOCK", block):
        assert list(backwards(fd, 0, end))[::-1] == [*expected(texts), (end, rest)]
        assert forwards(fd, 0, 1 << 20) == (expected(texts), len(whole))
        assert last_whole(fd, 0, end) == len(whole)


@given(sizes=st.lists(st.integers(0, 40), max_size=6), longest=st.integers(1, 12))
def test_long_lines_are_split_at_the_same_places_both_ways(sizes: list[int], longest: int) -> None:
    data = b"".join(b"x" * size + b"\n" for size in sizes)
    with log(data) as fd, ExitStack() as stack:
        for module in (log_lines, log_regions, log_following):
            stack.enter_context(mock.patch.object(module, "LONGEST", longest))
        there, _ = forwards(fd, 0, 1 << 20)
        back = list(backwards(fd, 0, len(data)))[::-1]

    assert back == there
    assert b"".join(text for _, text in there) == data.replace(b"\n", b"")
    assert all(len(text) <= longest for _, text in there)


def test_an_offset_in_the_middle_starts_there() -> None:
    with log(b"one\ntwo\nthree\n") as fd:
        assert list(backwards(fd, 4, 14)) == [(14, b"three"), (8, b"two")]
        assert forwards(fd, 8, 1 << 20) == ([(14, b"three")], 14)


def test_a_file_that_became_shorter_is_read_from_its_start() -> None:
    with log(b"new\n") as fd:
        assert forwards(fd, 100, 1 << 20) == ([(4, b"new")], 4)


@pytest.mark.parametrize("length", [64 * 1024, 1 << 20])
def test_a_line_cut_by_a_hole_is_left_out(length: int) -> None:
    with log(b"") as fd:
        os.ftruncate(fd, length)
        os.pwrite(fd, b"rest of a line\nwhole\n", length)
        end = length + 21

        assert list(backwards(fd, 0, end)) == [(end, b"whole")]
        assert forwards(fd, 0, 1 << 21)[0] == [(end, b"whole")]


def test_an_empty_log_has_no_lines() -> None:
    with log(b"") as fd:
        assert list(backwards(fd, 0, 0)) == []
        assert forwards(fd, 0, 1 << 20) == ([], 0)
        assert last_whole(fd, 0, 0) == 0
