"""What is shown of a terminal's lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.drivers.terminals.keys import check, pasteable, sequence
from hive_tui.drivers.terminals.picture import clean
from hive_tui.drivers.terminals.tmux_program import new_enough
from hive_tui.model.errors import UsageError


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"plain", b"plain"),
        (b"\x1b[38;2;1;2;3mred\x1b[4:3mcurl\x1b[m", b"\x1b[38;2;1;2;3mred\x1b[4:3mcurl\x1b[m"),
        (b"a\x1b[2Jb\x1b[10;20Hc\x1b[?1049hd", b"abcd"),
        (b"\x1b]0;title\x07x\x1b]8;;http://y\x1b\\link\x1b]8;;\x1b\\", b"xlink"),
        (b"\x0elqk\x0f lqk", "┌─┐ lqk".encode()),
        (b"\x0e\x1b[1mqm\x0f", b"\x1b[1m" + "─└".encode()),
        (b"\x1bPsixel\x1b\\\x1b(0\x1bcx\x07\x08", b"x"),
        ("ü⠼".encode(), "ü⠼".encode()),
        (b"\x1b[31", b"31"),
        (b"half\x1b", b"half"),
    ],
)
def test_lines_keep_text_and_colours(line: bytes, shown: bytes) -> None:
    assert clean(line) == shown


@given(st.binary())
def test_nothing_but_colours_is_left_that_could_steer(line: bytes) -> None:
    import re

    left = re.sub(rb"\x1b\[[0-9;:]*m", b"", clean(line))
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", left)


@given(st.text())
def test_a_paste_has_no_control_codes_but_tabs_and_newlines(text: str) -> None:
    import re

    left = pasteable(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", left)
    assert not left.endswith("\n")


@pytest.mark.parametrize(
    ("key", "sent"), [("Enter", b"\r"), ("C-c", b"\x03"), ("C-[", b"\x1b"), ("ü", "ü".encode())]
)
def test_keys_send_what_a_terminal_sends(key: str, sent: bytes) -> None:
    check((key,))
    assert sequence(key) == sent


@pytest.mark.parametrize("key", ["", "Entr", "C-", "C-cc", "\x03", "ab"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(UsageError):
        check((key,))


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("3.2", True),
        ("3.3a", True),
        ("next-3.6", True),
        ("master", True),
        ("openbsd-7.4", True),
        ("3.1c", False),
        ("2.9", False),
        ("of an unknown version", False),
    ],
)
def test_versions_of_tmux(version: str, enough: bool) -> None:
    assert new_enough(version) is enough
