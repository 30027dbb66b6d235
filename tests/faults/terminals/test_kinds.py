"""Terminals that can do less: no colour, sixteen of them, no Unicode, nothing at all."""

from __future__ import annotations

import re

import pytest

from tests.conftest import OnTerminal
from tests.faults.terminals.screens import WAYS
from tests.hives import Yard
from tests.terminals import Terminal

THEMES = ("hive-dark", "hive-light", "hive-contrast")

EDGES = " ▔▁▌"
"""Signs of which a half is meant to be seen, or nothing."""

DEEP = re.compile(rb"[;\[][34]8[;:][25][;:]")
"""A colour beyond the sixteen."""


def walk(terminal: Terminal) -> None:
    """Look at every screen; everything on it can be read."""
    terminal.until_shown("auth", "billing", "q quit")
    assert terminal.hidden(EDGES) == []
    for way in WAYS.values():
        way.go(terminal)
        assert terminal.hidden(EDGES) == []
        way.leave(terminal)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("term", ["xterm", "xterm-256color"])
def test_with_few_colours_every_word_stands_out_on_every_screen(
    hive: Yard, on_terminal: OnTerminal, theme: str, term: str
) -> None:
    terminal = on_terminal(environ={"TERM": term, "HIVE_THEME": theme})
    walk(terminal)
    assert bool(DEEP.search(terminal.drawn)) == (term == "xterm-256color")


def test_with_no_colour_all_of_it_is_grey(hive: Yard, on_terminal: OnTerminal) -> None:
    terminal = on_terminal(environ={"NO_COLOR": "1", "COLORTERM": "truecolor"})
    walk(terminal)
    drawn = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", terminal.drawn)
    assert drawn
    assert {colour for colour in drawn if len(set(colour)) > 1} == set()
    rest = re.sub(rb"[34]8;2;\d+;\d+;\d+", b"", terminal.drawn)
    assert re.findall(rb"\x1b\[(?:\d*;)*(?:[349][1-6]|10[1-6]|[34]8)(?:;\d*)*m", rest) == []


@pytest.mark.parametrize("name", ["LANG", "LC_ALL"])
def test_without_unicode_nothing_but_ascii_is_drawn(
    hive: Yard, on_terminal: OnTerminal, name: str
) -> None:
    terminal = on_terminal(environ={"LANG": "", name: "C"})
    walk(terminal)
    assert [row for row in terminal.drawn.splitlines() if not row.isascii()] == []
    assert "o cold" in terminal.text()


def test_a_terminal_without_colour_mouse_and_unicode_does_all_by_keys(
    hive: Yard, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal(
        environ={"TERM": "vt100", "NO_COLOR": "1", "LANG": "C"}, columns=80, rows=24
    )
    terminal.until_shown("o cold", "q quit")
    terminal.press("2w")
    terminal.until_shown("@ warm")
    terminal.press("s")
    terminal.until_shown(". stopped")
    terminal.press("n")
    terminal.until_shown("New env of shop", "[x] bring it up")
    terminal.press("third")
    terminal.until_shown("third")
    terminal.press_and_see("\t")
    terminal.press_and_see("\t")
    terminal.press(" ")
    terminal.until_shown("[ ] bring it up")
    terminal.press_and_see("\t")
    terminal.press("\r")
    terminal.until_gone("New env")
    terminal.until_shown("third", "o cold")
    terminal.press("q")
    assert terminal.ended() == 0


def test_a_dumb_terminal_is_told_what_to_do_instead(hive: Yard, on_terminal: OnTerminal) -> None:
    terminal = on_terminal(environ={"TERM": "dumb"})
    assert terminal.ended() == 2
    assert b"TERM is dumb; `hive list` prints the envs" in terminal.drawn
    assert b"\x1b" not in terminal.drawn
