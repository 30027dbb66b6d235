"""The screen that is kept of a program without tmux."""

from __future__ import annotations

import pytest

from hive_tui.drivers.terminals.emulation import Emulator


def shown(emulator: Emulator) -> list[str]:
    """Rows with something on them."""
    return [row.decode().strip() for row in emulator.lines() if row.strip()]


@pytest.mark.parametrize(
    ("printed", "left"),
    [
        (b"one\r\ntwo\r\n> ", ["one", "two", ">"]),
        (b"".join(b"%d\r\n" % at for at in range(20)) + b"> ", ["17", "18", "19", ">"]),
        (b"one\x1b[6;1Hsix\x1b[2;1H> ", ["one", ">"]),
    ],
)
def test_a_lower_window_keeps_the_rows_down_to_the_cursor(printed: bytes, left: list[str]) -> None:
    emulator = Emulator(40, 30)
    emulator.take(printed)
    emulator.resize(40, 4)
    assert shown(emulator) == left
    emulator.take(b"x")
    assert shown(emulator)[-1] == "> x"
