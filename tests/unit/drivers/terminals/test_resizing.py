"""What a terminal without tmux still shows once it was made larger or smaller."""

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
    assert emulator.lines()[cursor[1]].rstrip() == b"> fix"
