"""What a terminal without tmux shows: once it was made larger or smaller, and of dim text."""

from __future__ import annotations

import pytest

from hive_tui.drivers.terminals.emulation import Emulator

LINES = b"one\r\ntwo\r\nthree\r\n> "


@pytest.mark.parametrize(
    ("rows", "shown", "cursor"),
    [
        (8, [b"one", b"two", b"three", b">"], (2, 3)),
        (6, [b"one", b"two", b"three", b">"], (2, 3)),
        (4, [b"one", b"two", b"three", b">"], (2, 3)),
        (2, [b"three", b">"], (2, 1)),
        (1, [b">"], (2, 0)),
    ],
)
def test_what_is_below_the_cursor_goes_first(
    rows: int, shown: list[bytes], cursor: tuple[int, int]
) -> None:
    emulator = Emulator(20, 6)
    emulator.take(LINES)
    emulator.resize(20, rows)
    lines = [line.rstrip() for line in emulator.lines()]
    assert lines == shown + [b""] * (rows - len(shown))
    assert emulator.cursor == cursor
    emulator.take(b"fix")
    emulator.resize(20, rows)  # it looks at once, although it has just looked
    assert emulator.lines()[cursor[1]].rstrip() == b"> fix"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (b"\x1b[2mdim\x1b[0m", b"\x1b[2mdim"),
        (b"\x1b[2mdim\x1b[22m on", b"\x1b[2mdim\x1b[m on"),
        (b"\x1b[1;2mboth\x1b[22m on", b"\x1b[1;2mboth\x1b[m on"),
        (b"\x1b[5mblink\x1b[0m", b"blink"),
        (b"\x1b[2;5;6mdim\x1b[25m still", b"\x1b[2mdim still"),
        (b"\x1b[38;2;2;5;2mred\x1b[m", b"\x1b[38;2;2;5;2mred"),
        (b"\x1b[48;5;2;2mdim\x1b[m", b"\x1b[2;48;2;0;205;0mdim"),
        (b"\x1b[2m\x1b[mnone", b"none"),
    ],
)
def test_dim_text_is_dim_and_nothing_blinks(printed: bytes, shown: bytes) -> None:
    emulator = Emulator(20, 2)
    emulator.take(printed)
    assert emulator.lines()[0].startswith(shown)
