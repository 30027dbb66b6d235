"""Windows that are made larger and smaller, down to hardly anything."""

from __future__ import annotations

import re
import signal

import pytest

from tests.conftest import OnTerminal
from tests.faults.terminals.screens import WAYS
from tests.hives import Yard
from tests.terminals import Terminal

STORM = [(20, 5), (300, 100), (1, 1), (80, 24), (2, 60), (250, 70), (200, 2), (39, 11), (40, 12)]


ALL = ("auth", "billing", "worktree", "◂ longest path", "q quit")
"""What stands there when the selected env's own picture has come too."""


def body(terminal: Terminal) -> list[str]:
    """All rows but the head, without ages: figures that change by themselves."""
    return [re.sub(r" +\d+[sm]$", "", row) for row in terminal.rows()[1:]]


def test_after_a_storm_of_sizes_it_looks_as_if_there_had_been_none(
    hive: Yard, on_terminal: OnTerminal
) -> None:
    calm = on_terminal()
    calm.until_shown(*ALL)
    stormy = on_terminal()
    stormy.until_shown(*ALL)
    for size in STORM * 20:
        stormy.resize(*size)
    stormy.resize(120, 36)
    stormy.until(lambda: body(stormy) == body(calm), "both look the same\n" + calm.text())


def test_a_window_that_is_back_at_its_size_before_anyone_looked_is_painted_anew(
    hive: Yard, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal()
    terminal.until_shown(*ALL)
    before = body(terminal)
    terminal.process.send_signal(signal.SIGSTOP)
    for size in ((20, 5), (1, 1), (120, 36)):
        terminal.resize(*size)
    terminal.process.send_signal(signal.SIGCONT)
    terminal.until(lambda: body(terminal) == before, "it looks as before")


@pytest.mark.parametrize("name", WAYS)
def test_every_screen_can_be_opened_small_made_huge_and_left_again(
    hive: Yard, on_terminal: OnTerminal, name: str
) -> None:
    terminal = on_terminal(columns=20, rows=5)
    terminal.until_shown("auth", "billing")
    way = WAYS[name]
    way.go(terminal)
    for size in ((300, 100), (1, 1), (300, 100)):
        terminal.resize(*size)
    terminal.until_match(way.shown)
    terminal.resize(20, 5)
    terminal.until_match(way.shown)
    way.leave(terminal)
    terminal.resize(120, 36)
    terminal.until_shown("auth", "billing", "enter open", "q quit")
    terminal.press("q")
    assert terminal.ended() == 0
