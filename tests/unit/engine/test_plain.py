"""Text that comes out of logs can do nothing to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.plain import plain, strip_escapes


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"as it is", "as it is"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b[2J\x1b[Hgone", "gone"),
        (b"\x1b[?1049h\x1b[38;2;1;2;3mx", "x"),
        (b"\x1b]0;title\x07text", "text"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1bP+q\x1b\\dcs", "dcs"),
        (b"\x1b(Bset\x1b=\x1b7", "set"),
        (b"cut \x1b[31", "cut "),
        (b"cut \x1b", "cut "),
        (b"bell\x07 back\x08 nul\x00 del\x7f", "bell back nul del"),
        (b"tab\tkept", "tab\tkept"),
        (b"\xc2\x9b31m c1", "31m c1"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("grün ✓ 日本".encode(), "grün ✓ 日本"),
        ("turned \u202etxt.exe".encode(), "turned txt.exe"),
    ],
)
def test_only_what_can_be_read_is_left(line: bytes, expected: str) -> None:
    assert plain(line) == expected


def test_the_limit_counts_characters_that_are_seen() -> None:
    assert plain(b"\x1b[31m" + "é".encode() * 10, 3) == "ééé"


@given(st.binary(max_size=200))
def test_no_control_code_is_ever_left(line: bytes) -> None:
    text = plain(line)

    assert not any(ord(c) < 32 and c != "\t" for c in text)
    assert not any(0x7F <= ord(c) < 0xA0 for c in text)
    assert b"\x1b" not in strip_escapes(line)
