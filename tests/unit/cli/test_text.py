"""Text for people: harmless, aligned, humanised."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.cli.text import Ink, cells, clip, log_text, pad, plain, seconds, size, table


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("plain", "plain"),
        ("a\x1b[2Jb", "a·b"),
        ("a\x1b]0;title\x07b", "a·b"),
        ("a\x1b]8;;http://x\x1b\\b", "a·b"),
        ("a\x1b[31mred", "a·red"),
        ("a\x1bcb", "a·b"),
        ("a\x9b2Jb", "a·2Jb"),
        ("a\x1b", "a·"),
        ("a\nb\r\x00\x7f", "a·b···"),
        ("a\tb", "a b"),
        ("a\u202eb\u2028", "a·b·"),
        ("\ud800", "·"),
        ("naïve 日本 ✓", "naïve 日本 ✓"),
    ],
)
def test_control_codes_become_dots(text: str, harmless: str) -> None:
    assert plain(text) == harmless


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", plain(text))


@given(st.text())
def test_a_log_line_keeps_no_sequence_but_colours(text: str) -> None:
    left = re.sub(r"\x1b\[[0-9;:]*m", "", log_text(text, colour=True))
    assert not re.search("[\x00-\x1f\x7f-\x9f]", left)


def test_a_log_line_keeps_its_colours_and_ends_them() -> None:
    assert log_text("\x1b[31mred\x1b[2J\n", colour=True) == "\x1b[31mred·\x1b[0m"


def test_a_log_line_loses_its_colours_where_there_are_none() -> None:
    assert log_text("\x1b[1;31mred\x1b[0m x\r\n", colour=False) == "red x"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.04, "40 ms"),
        (0.0996, "0.1 s"),
        (8.12, "8.1 s"),
        (59.97, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (-2.0, "-2.0 s"),
    ],
)
def test_times_are_said_as_people_say_them(value: float | None, words: str) -> None:
    assert seconds(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "-"), (0, "0 B"), (999, "999 B"), (412_000_000, "412 MB"), (1_234_000_000, "1.2 GB")],
)
def test_sizes_are_said_as_people_say_them(value: int | None, words: str) -> None:
    assert size(value) == words


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("\x1b[31mab\x1b[0m", 2)]
)
def test_width_is_counted_in_cells(text: str, columns: int) -> None:
    assert cells(text) == columns


def test_clipping_never_halves_a_wide_character() -> None:
    assert clip("日本語", 4) == "日…"
    assert clip("abc", 3) == "abc"
    assert clip("abc", 0) == ""


@given(st.text(alphabet="ab日e\u0301", max_size=20), st.integers(0, 12))
def test_clipped_text_fits(text: str, width: int) -> None:
    assert cells(clip(text, width)) <= width


def test_padding_counts_cells() -> None:
    assert pad("日", 4) == "日  "


def test_a_table_aligns_and_drops_empty_columns() -> None:
    rows = [("a", "", "\x1b[31mx\x1b[0m"), ("long", "", "y")]
    assert table(rows, header=("N", "E", "V")) == ["N     V", "a     \x1b[31mx\x1b[0m", "long  y"]
    assert table([]) == []


def test_ink_is_invisible_when_off() -> None:
    assert Ink(False)("red", "x") == "x"
    assert Ink(True)("red", "x") == "\x1b[31mx\x1b[0m"
    assert Ink(True).source("api") == Ink(True).source("api")
