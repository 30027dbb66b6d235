"""tmux's control mode: how its lines are read, and how words are written."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.drivers.terminals.control import Block, Notice, OutOfStepError, Reader, quote

_TALK = (
    b"%begin 100 1 0\nstarted with\n%end 100 1 0\n"
    b"%sessions-changed\n"
    b"%begin 101 2 1\na line\n%end 1 2 1\n%begin 5 5 1\n\n%end 101 2 1\n"
    b"%subscription-changed hive $0 - - - : a value : b\n"
    b"%begin 102 3 1\nno such window\n%error 102 3 1\n"
)
_READ = [
    Notice(b"sessions-changed", b""),
    Block(True, [b"a line", b"%end 1 2 1", b"%begin 5 5 1", b""]),
    Notice(b"subscription-changed", b"hive $0 - - - : a value : b"),
    Block(False, [b"no such window"]),
]


def _read(parts: Iterable[bytes]) -> list[Block | Notice]:
    reader = Reader()
    return [found for part in parts for found in reader.feed(part)]


def test_a_block_ends_with_the_stamp_that_it_began_with_and_with_no_other() -> None:
    assert _read([_TALK]) == _READ


@given(st.lists(st.integers(0, len(_TALK)), max_size=20))
def test_it_does_not_matter_where_the_bytes_are_cut(cuts: list[int]) -> None:
    at = sorted({0, len(_TALK), *cuts})
    parts = [_TALK[a:b] for a, b in pairwise(at)]
    assert _read(parts) == _READ


def test_an_end_without_a_beginning_is_out_of_step() -> None:
    with pytest.raises(OutOfStepError):
        _read([b"%end 100 1 1\n"])


@given(st.text())
def test_a_word_is_one_line_between_quotes_whatever_is_in_it(text: str) -> None:
    word = quote(text)
    assert "\n" not in word
    inner = word[1:-1]
    at = 0
    while at < len(inner):  # what is special stands behind a backslash
        if inner[at] == "\\":
            at += 4 if inner[at + 1].isdigit() else 2
        else:
            assert inner[at] not in '"$~'
            assert inner[at] >= " "
            at += 1
