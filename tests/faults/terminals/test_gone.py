"""An env that goes away while a person looks at it, from each of the places where one can be."""

from __future__ import annotations

import pytest

from tests.conftest import OnTerminal
from tests.hives import Yard
from tests.terminals import Terminal


@pytest.fixture
def fleet(hive: Yard, on_terminal: OnTerminal) -> Terminal:
    """The fleet on a terminal, `auth` selected."""
    terminal = on_terminal()
    terminal.until_shown("▌▸auth", "billing", "q quit")
    return terminal


@pytest.mark.parametrize(("key", "shown"), [("\r", "services"), ("l", "nothing written yet")])
def test_a_screen_of_an_env_says_that_it_is_gone_and_leads_back(
    hive: Yard, fleet: Terminal, key: str, shown: str
) -> None:
    fleet.press(key)
    fleet.until_shown(shown)
    hive.hive("destroy", "auth")
    fleet.until_shown("This env is gone", "esc goes back")
    for each in ("w", "x", "t", "D"):
        fleet.press(each)
    fleet.press("esc")
    fleet.until_shown("enter open", "▌▸billing")
    assert hive.names() == ["billing"]


def test_the_destroy_question_of_an_env_that_is_gone_harms_no_other(
    hive: Yard, fleet: Terminal
) -> None:
    fleet.press("D")
    fleet.until_shown("Destroy auth?", "Nothing would be lost")
    hive.hive("destroy", "auth")
    fleet.until_gone("Destroy auth?")
    fleet.until_shown("auth is gone already", "▌▸billing")
    assert hive.names() == ["billing"]


def test_a_shell_in_an_env_that_goes_away_comes_back_to_the_others(
    hive: Yard, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal(environ={"SHELL": "/bin/sh", "PS1": "here$ "})
    terminal.until_shown("▌▸auth", "q quit")
    terminal.press("x")
    terminal.until_shown("`exit` comes back", "here$")
    hive.hive("destroy", "auth", "--force")
    terminal.press("echo still $((40+2))\r")
    terminal.until_shown("still 42")
    terminal.press("exit\r")
    terminal.until_shown("▌▸billing", "enter open")
    assert hive.names() == ["billing"]
