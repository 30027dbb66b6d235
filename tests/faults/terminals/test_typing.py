"""Keys that come faster than they are worked off, and text that is pasted."""

from __future__ import annotations

import pytest

from tests.conftest import OnTerminal
from tests.hives import Yard
from tests.terminals import Terminal


@pytest.fixture
def fleet(hive: Yard, on_terminal: OnTerminal) -> Terminal:
    """The fleet on a terminal."""
    terminal = on_terminal()
    terminal.until_shown("auth", "billing", "q quit")
    return terminal


def test_what_is_typed_in_one_breath_after_the_filter_key_is_text(
    hive: Yard, fleet: Terminal
) -> None:
    fleet.press("/swDq1")
    fleet.until_shown("hold “swDq1”")
    assert [env["state"] for env in (hive.env("auth"), hive.env("billing"))] == ["cold", "cold"]


def test_a_paste_outside_of_a_field_presses_no_key(hive: Yard, fleet: Terminal) -> None:
    fleet.paste("sqD\rw\nnew")
    fleet.press("j")
    fleet.press("?")
    fleet.until_shown("keys and marks")
    fleet.press("esc")
    fleet.until_shown("enter open")
    assert hive.names() == ["auth", "billing"]
    assert [env["state"] for env in (hive.env("auth"), hive.env("billing"))] == ["cold", "cold"]


def test_a_paste_into_the_form_is_its_first_line_and_sends_nothing_off(
    hive: Yard, fleet: Terminal
) -> None:
    fleet.press("n")
    fleet.until_shown("New env of shop")
    fleet.paste("third\nrm -rf *\n")
    fleet.until_shown("third", "New env of shop")
    assert "rm -rf" not in fleet.text()
    assert hive.names() == ["auth", "billing"]
    fleet.press("\r")
    fleet.until_gone("New env of shop")
    fleet.until_shown("▌ third")


@pytest.mark.parametrize("text", ["x" * 300_000, "\ta b\x07", "\u202e機能🏳\n", "\n\n"])
def test_whatever_is_pasted_the_form_says_what_is_wrong_and_can_be_left(
    hive: Yard, fleet: Terminal, text: str
) -> None:
    fleet.press("n")
    fleet.until_shown("New env of shop")
    fleet.paste(text)
    fleet.press("\x01")
    fleet.press("\r")
    fleet.until_shown("a to z, 0 to 9" if text.strip() else "a name is needed")
    fleet.press("esc")
    fleet.until_gone("New env of shop")
    assert hive.names() == ["auth", "billing"]


def test_a_name_pasted_into_the_destroy_question_destroys_only_after_enter(
    hive: Yard, fleet: Terminal
) -> None:
    fleet.press("D")
    fleet.until_shown("Destroy auth?", "Nothing would be lost")
    fleet.paste("auth\n")
    fleet.until(lambda: "type auth to confirm" not in fleet.text(), "it is pasted")
    assert hive.names() == ["auth", "billing"]
    fleet.press("\r")
    fleet.until_gone("Destroy auth?")
    fleet.until_gone("▌▸auth")
    assert hive.names() == ["billing"]
