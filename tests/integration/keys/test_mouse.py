"""The mouse, as terminals report it."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.integration.keys.effects import NAMES
from tests.integration.keys.stage import Stage

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None and not os.environ.get("CI"), reason="bash is not installed"
)


STEPS = 40
"""Of the wheel: more than it takes from one end of all tiles to the other."""


def test_a_click_selects_and_a_second_one_opens(fleet: Stage) -> None:
    terminal = fleet.terminal
    terminal.click("docs-site")
    terminal.press("enter")
    terminal.until_match("shop . docs-site")
    terminal.press("esc")
    terminal.until_shown("enter open")
    terminal.click("checkout-flow", times=2)
    terminal.until_match("shop . checkout-flow")


def test_a_key_at_the_foot_can_be_clicked(fleet: Stage) -> None:
    terminal = fleet.terminal
    terminal.click("? help")
    terminal.until_shown("keys and marks")
    terminal.click("esc back")
    terminal.until_shown("enter open")
    terminal.press("1")
    terminal.click("c cool")
    terminal.until_shown("auth-refactor: cool")


def test_the_wheel_scrolls_the_tiles(fleet: Stage) -> None:
    terminal = fleet.terminal
    terminal.resize(60, 20)
    terminal.until_gone(NAMES[-1])
    terminal.until_shown(NAMES[0], "? help")
    for _ in range(STEPS):
        terminal.wheel("▌", down=True)
    terminal.until(
        lambda: NAMES[0] not in _tiles(terminal.rows()) and NAMES[-1] in terminal.text(),
        "the last tile has come, the first one has gone",
    )
    for _ in range(STEPS):
        terminal.wheel("▌", down=False)
    terminal.until(lambda: NAMES[0] in _tiles(terminal.rows()), "the first tile is back")


def test_the_wheel_scrolls_a_page(fleet: Stage) -> None:
    terminal = fleet.terminal
    terminal.press("?")
    terminal.until_shown("Bring everything up.")
    while "Show everything about the env." in terminal.text():
        terminal.wheel("fleet", down=True)
        terminal.until_shown("keys and marks")


def _tiles(rows: list[str]) -> str:
    """The screen without its foot, which names envs too."""
    return "\n".join(rows[:-3])
