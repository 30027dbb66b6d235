from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from textual.command import CommandPalette

from hive_tui.app.actions import ACTIONS, AREAS, BY_ID, bindings, key_table, offered, short_table
from hive_tui.app.possible import Situation
from hive_tui.app.screens.base import HiveScreen
from hive_tui.app.state import HiveState
from tests.app.scripted import Driven, driven


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_key_label_help_and_palette_entry(action: object) -> None:
    known = BY_ID[getattr(action, "id", "")]
    assert known.keys
    assert known.label
    assert known.help.endswith(".")
    assert known.palette
    assert known.shown_key
    assert known.where
    assert set(known.where) <= set(AREAS)
    assert known.id.count(".") == 1


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(ACTIONS)


@pytest.mark.parametrize("area", AREAS)
def test_no_key_means_two_things_on_one_screen(area: str) -> None:
    keys = Counter(key for action in offered(area) for key in action.keys)
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("area", AREAS)
def test_every_key_of_a_screen_is_bound(area: str) -> None:
    assert len(bindings(area)) == sum(len(action.keys) for action in offered(area))


def test_without_any_env_no_action_breaks() -> None:
    now = Situation(HiveState())
    for action in ACTIONS:
        why = action.reason(now)
        assert why is None or why


def test_the_keys_in_the_docs_are_those_of_the_registry() -> None:
    page = Path(__file__).parents[2] / "docs" / "screens.md"
    assert key_table() in page.read_text("utf-8")


def test_the_keys_on_the_front_page_are_those_of_the_fleets_foot() -> None:
    page = Path(__file__).parents[2] / "README.md"
    assert short_table() in page.read_text("utf-8")


WAYS: dict[str, tuple[str, ...]] = {
    "fleet": (),
    "env": ("enter",),
    "logs": ("l",),
    "help": ("question_mark",),
}


@pytest.mark.parametrize("area", WAYS)
async def test_every_action_that_a_screen_offers_is_one_that_it_can_do(area: str) -> None:
    async with driven() as it:
        screen = await reach(it, area)
        assert {action.id for action in offered(area)} <= set(screen.deeds())


@pytest.mark.parametrize("area", WAYS)
async def test_the_foot_shows_help_and_quit_at_eighty_columns(area: str) -> None:
    async with driven(size=(80, 24)) as it:
        await reach(it, area)
        assert "? help" in it.rows()[-1]
        assert "q quit" in it.rows()[-1]


async def test_help_explains_keys_and_marks_and_goes_away_again() -> None:
    async with driven(size=(160, 50)) as it:
        await it.press("question_mark")
        await it.until_shown("marks of an env")
        assert "Bring everything up." in it.text()
        await it.press("escape")
        await it.until_shown("needs you (4)")


async def test_the_palette_finds_an_action_by_what_it_does() -> None:
    async with driven(answers={"transition": {"outcome": "unchanged"}}) as it:
        await it.press("ctrl+p")
        await it.until(lambda: isinstance(it.app.screen, CommandPalette))
        await it.press(*"env: stop")
        await it.until_shown("env: stop")
        await it.press("enter")
        await it.until(lambda: bool(it.client.asked("transition")))
        assert it.client.asked("transition")[0]["transition"] == "stop"


async def reach(it: Driven, area: str) -> HiveScreen:
    await it.press(*WAYS[area])
    screen = it.app.screen
    assert isinstance(screen, HiveScreen)
    assert area == screen.AREA
    return screen
