"""May a prompt be given now, and was it taken: one row for each situation that is known."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hive_tui.engine.agents.prompt_rules import Mark, Situation, chosen, hurdle, took
from hive_tui.engine.agents.prompts import LONGEST, Prompt, clean, is_command
from hive_tui.model.agent import AgentState as S
from hive_tui.model.errors import UsageError

IDLE = Situation(S.IDLE, "waits for a prompt", 100.0)
LOOKED = replace(IDLE, looked=True)
GENERIC = Situation(S.WORKING, "its program runs", tells=False, looked=True)


@pytest.mark.parametrize(
    "now",
    [
        IDLE,
        replace(IDLE, state=S.DONE),
        replace(IDLE, state=S.ERROR, reason="overloaded"),
        LOOKED,
        replace(LOOKED, attached=True),
        replace(LOOKED, moving=True),  # it draws, and nobody is there
        replace(IDLE, by_interface=True, looked=True, line="a draft", attached=True, moving=True),
        GENERIC,
        replace(GENERIC, attached=True),
    ],
)
def test_nothing_stands_in_the_way(now: Situation) -> None:
    assert hurdle(now) is None


@pytest.mark.parametrize(
    ("now", "why", "again"),
    [
        (replace(IDLE, running=False, state=S.GONE, reason="it was stopped"), "not run: it", False),
        (replace(IDLE, running=False, state=S.ERROR, reason="killed"), "not run: killed", False),
        (replace(IDLE, state=S.WAITING, asks=True), "an answer first", False),
        (replace(IDLE, state=S.WAITING), "an answer first", False),
        (replace(IDLE, asks=True), "an answer first", False),
        (replace(IDLE, state=S.WAITING, asks=True, by_interface=True), "an answer first", False),
        (replace(IDLE, state=S.WORKING), "the end of its turn", False),
        (replace(IDLE, state=S.WORKING, by_interface=True), "the end of its turn", False),
        (replace(IDLE, state=S.STUCK), "the end of its turn", False),
        (replace(IDLE, state=S.STARTING), "starting", False),
        (replace(IDLE, state=S.UNKNOWN, reason="hooks off?"), "hooks off?", False),
        (replace(IDLE, state=S.NONE), "nobody knows", False),
        (replace(LOOKED, attached=True, moving=True), "somebody is at its terminal", True),
        (replace(LOOKED, line=None), "not on its screen", True),
        (replace(LOOKED, line=None, attached=True), "not on its screen", True),
        (replace(LOOKED, line="half a tho\nught"), "'half a tho'", False),
        (replace(LOOKED, line="half", attached=True), "written in its prompt line", True),
        (replace(GENERIC, attached=True, moving=True), "somebody is at its terminal", True),
        (replace(GENERIC, state=S.WAITING, asks=True), "an answer first", False),
        (replace(GENERIC, line="half"), "'half'", False),
    ],
)
def test_a_prompt_waits_and_the_reason_is_told(now: Situation, why: str, again: bool) -> None:
    found = hurdle(now)
    assert found is not None
    assert why in found.reason
    assert (found.again_s is not None) is again


OLD, NEW = Prompt("1", "old", 50.0), Prompt("2", "new", 150.0)


@pytest.mark.parametrize(
    ("queue", "now", "id"),
    [
        ((), IDLE, None),
        ((OLD, NEW), IDLE, "1"),
        ((OLD.failed("no turn began"), NEW), IDLE, "2"),
        ((replace(OLD, tried_at=60.0), NEW), IDLE, "2"),
        ((OLD, NEW), replace(IDLE, state=S.ERROR), "2"),
        ((OLD,), replace(IDLE, state=S.ERROR), None),
        ((OLD, NEW), GENERIC, "1"),
    ],
)
def test_the_oldest_that_may_be_given_comes_next(
    queue: tuple[Prompt, ...], now: Situation, id: str | None
) -> None:
    found = chosen(queue, now)
    assert (found.id if found is not None else None) == id


BEFORE = Mark(S.DONE, 100.0, prompted_at=90.0, heard_at=100.0)


@pytest.mark.parametrize(
    ("now", "text", "taken"),
    [
        (BEFORE, "fix it", False),
        (replace(BEFORE, state=S.WORKING, since=101.0), "fix it", True),
        (replace(BEFORE, prompted_at=101.0, heard_at=102.0), "fix it", True),  # a quick turn
        (replace(BEFORE, state=S.ERROR, since=101.0), "fix it", True),
        (replace(BEFORE, state=S.WAITING, since=101.0), "fix it", True),
        (replace(BEFORE, state=S.IDLE), "fix it", False),  # a person looked at it
        (replace(BEFORE, heard_at=101.0), "fix it", False),
        (replace(BEFORE, heard_at=101.0), "/clear", True),
        (replace(BEFORE, state=S.IDLE), "/clear", False),
    ],
)
def test_a_prompt_was_taken_when_a_turn_began(now: Mark, text: str, taken: bool) -> None:
    assert took(BEFORE, now, text) is taken


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("fix it", "fix it"),
        ("one\r\ntwo\rthree\n\n", "one\ntwo\nthree"),
        ("a\x1b[201~\x03b", "ab"),
        ("\x1b]0;title\x07x\x1b[31m y\x1b", "x y"),
        ("\ttab\x7f\x9b", "\ttab"),
        ("  kept indent", "  kept indent"),
        ("é🙂漢", "é🙂漢"),
        ("\ud800x", "?x"),
    ],
)
def test_control_codes_are_taken_out(text: str, kept: str) -> None:
    assert clean(text) == kept


@pytest.mark.parametrize("text", ["", " \n", "\x1b[31m\x07", "x" * (LONGEST + 1)])
def test_what_is_no_prompt_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        clean(text)


def test_a_prompt_is_known_again_where_a_hook_cut_it() -> None:
    text = "word " * 5000
    tried = replace(Prompt("1", text, 1.0), tried_at=10.0)
    assert tried.is_told(text[:2000] + "… (23000 characters left out)", 11.0)
    assert not tried.is_told(text, 5.0)
    assert not tried.is_told("", 11.0)
    assert not tried.is_told("another", 11.0)
    assert not Prompt("1", text, 1.0).is_told(text, 11.0)


@pytest.mark.parametrize(
    ("text", "typed"), [("/clear", True), ("/a\nb", False), ("x /y", False), ("/" * 999, False)]
)
def test_a_command_of_the_agents_own_is_one_short_line(text: str, typed: bool) -> None:
    assert is_command(text) is typed
