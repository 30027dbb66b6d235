"""`hive tour` in a real terminal: the demo is made, real keys lead through it, escape leaves."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hives import Yard
from tests.terminals import Terminal

ESC = ("\x1b[27u",)
"""Escape as terminals send it that can tell it from the beginning of another key."""


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """`hive tour` at a home of its own, in a shell that can be opened."""
    yard = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
    yard.repo.mkdir()
    yard.extra = {"SHELL": "/bin/sh"}
    shown = Terminal(
        [sys.executable, "-m", "hive_tui", "tour"],
        environ=yard.environ,
        cwd=yard.repo,
        columns=100,
        rows=30,
    )
    try:
        yield shown
    finally:
        shown.close()
        yard.close()


def test_a_newcomer_is_led_through_the_demo_by_real_keys(terminal: Terminal) -> None:
    terminal.until_shown("1/20")
    terminal.resize(80, 24)
    for at in range(2, 9):
        terminal.press("right")
        terminal.until_shown(f" {at}/20")
    terminal.press("enter")
    terminal.until_shown("Press tab:", "needs you (2)", "crash-loops")
    terminal.press("tab")
    terminal.until_shown("Press enter")
    terminal.press("enter")
    terminal.until_shown("with its last words")
    assert "search.index" in terminal.text()
    terminal.press("right")
    terminal.until_shown("Press l ")
    terminal.press("l")
    terminal.until_shown("Lines as they are written.")
    terminal.press("right")
    terminal.until_shown("Press esc:")
    terminal.press(*ESC)
    terminal.until_shown("And esc once more")
    terminal.press(*ESC)
    terminal.until_shown("Press w:")
    terminal.press("w")
    terminal.until_shown("Press c:")
    terminal.press("c")
    terminal.until_shown("Press x ")
    terminal.press("x")
    terminal.until_gone("18/20")
    terminal.press("exit", "enter")
    terminal.until_shown("D removes an env")
    terminal.press(*ESC)
    terminal.until_gone("/20")
    terminal.press("q")
    assert terminal.ended() == 0
