"""Finding, ordering and marking envs on the fleet."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from hive_tui.app.actions import BY_ID
from hive_tui.app.ordering import Sort, arranged
from hive_tui.app.possible import Situation
from hive_tui.app.state import HiveState, fold
from hive_tui.app.widgets.fleet_grid import FleetGrid
from hive_tui.model.environment import EnvState
from hive_tui.model.wire import Delta, Snapshot
from tests.app import scenes
from tests.app.scripted import driven

DONE = {"transition": {"env": "x", "transition": "warm", "outcome": "succeeded", "makespan_s": 1.0}}


def hive(snapshot: Snapshot | None = None) -> HiveState:
    return fold(HiveState(), snapshot or scenes.snapshot())


def names(sort: Sort, words: str = "") -> list[str]:
    return [env.view.name for env in arranged(hive(), sort, words).values()]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("auth", ["auth-refactor"]),
        ("FEATURE/", ["auth-refactor"]),
        ("worker", ["search-index"]),
        ("degr sear", ["search-index"]),
        ("e2e", ["auth-refactor"]),
        ("nothing-like-it", []),
    ],
)
def test_a_filter_finds_by_name_branch_state_broken_service_and_red_suite(
    words: str, found: list[str]
) -> None:
    assert names(Sort.MADE, words) == found


def test_orders_put_first_what_they_say() -> None:
    assert names(Sort.NEED)[:3] == ["payments", "upgrade-django", "search-index"]
    assert names(Sort.NEED)[3] == "auth-refactor"
    assert names(Sort.NAME) == sorted(names(Sort.MADE))
    assert names(Sort.MEMORY)[0] == "search-index"
    assert names(Sort.RECENT)[0] == "perf-cache"


def test_the_orders_go_round() -> None:
    sort, seen = Sort.MADE, []
    for _ in Sort:
        seen.append(sort)
        sort = sort.next
    assert seen == list(Sort)
    assert sort is Sort.MADE


async def test_the_fleet_is_filtered_as_it_is_typed_and_escape_shows_all_again() -> None:
    async with driven() as it:
        await it.press("slash", "s", "e", "a")
        await it.until_shown("hold “sea”")
        assert "search-index" in it.text()
        assert "▌ billing-v2" not in it.text()
        await it.press("enter", "enter")
        await it.until_shown("services")
        assert "search-index" in it.rows()[0]
        await it.press("escape", "escape")
        await it.until_shown("billing-v2")
        assert it.app.screen.query_one("#search", Input).value == ""


async def test_a_filter_without_a_match_says_so() -> None:
    async with driven() as it:
        await it.press("slash", *"zzz")
        await it.until_shown("No env holds that.")
        await it.press("escape")
        await it.until_shown("auth-refactor")


async def test_keys_of_the_fleet_are_letters_while_the_filter_is_typed() -> None:
    async with driven(answers=DONE) as it:
        await it.press("slash", "w", "q", "1")
        assert it.app.screen.query_one("#search", Input).value == "wq1"
        assert it.client.asked("transition") == []


async def test_marked_envs_are_warmed_together_and_those_that_are_warm_are_left_alone() -> None:
    async with driven(answers=DONE) as it:
        await it.press("home", "space", "down", "space")  # auth-refactor is warm
        await it.until_shown("2 envs marked")
        grid = it.app.screen.query_one(FleetGrid)
        other = [env for env in grid.marked if env != "shop/auth-refactor"]
        await it.press("w")
        await it.until_asked("transition")
        assert [call["env"] for call in it.client.asked("transition")] == other


async def test_escape_takes_marks_away_before_the_filter() -> None:
    async with driven() as it:
        await it.press("slash", *"sea", "enter", "space")
        await it.until_shown("1 env marked")
        await it.press("escape")
        assert it.app.screen.query_one(FleetGrid).marked == ()
        assert "hold “sea”" in it.text()
        await it.press("escape")
        await it.until_shown("billing-v2")


async def test_a_marked_env_that_goes_away_is_no_longer_marked() -> None:
    async with driven() as it:
        await it.press("home", "space")
        await it.say(Delta(removed=("shop/auth-refactor",)))
        assert it.app.screen.query_one(FleetGrid).marked == ()


async def test_a_marked_tile_has_a_full_block_at_its_edge() -> None:
    async with driven() as it:
        await it.press("home", "space")
        assert it.rows()[2].startswith(" █ auth-refactor")


async def test_freezing_many_thaws_only_where_all_are_frozen() -> None:
    async with driven(answers=DONE) as it:
        await it.press("1", "space", "5", "space")
        grid = it.app.screen.query_one(FleetGrid)
        assert grid.marked == ("shop/auth-refactor", "shop/docs-site")
        await it.press("f")
        await it.until_asked("transition")
        asked = [(call["env"], call["transition"]) for call in it.client.asked("transition")]
        assert asked == [("shop/auth-refactor", "freeze")]


def test_many_are_refused_only_where_none_is_possible() -> None:
    state = hive()
    envs = tuple(state.envs.values())
    warm = tuple(env for env in envs if env.view.state is EnvState.WARM)
    action = BY_ID["env.warm"]
    assert action.refusal(Situation(state, warm[0], None, warm)) == "it is warm already"
    assert action.refusal(Situation(state, warm[0], None, envs)) is None
    targets = action.targets(Situation(state, warm[0], None, envs))
    assert [env for env in targets if env in warm] == []
    assert len(targets) == len(envs) - len(warm)


async def test_a_digit_selects_the_tile_of_that_number() -> None:
    async with driven() as it:
        await it.press("3")
        assert it.app.screen.query_one(FleetGrid).selected == "shop/search-index"
        await it.press("1")
        assert it.app.screen.query_one(FleetGrid).selected == "shop/auth-refactor"


async def test_sorting_says_its_order_in_the_head() -> None:
    async with driven(size=(160, 40)) as it:
        await it.press("S")
        await it.until_shown("needs you first")
        assert it.rows()[2].index("payments") < it.rows()[2].index("upgrade-django")


async def test_a_click_on_a_key_of_the_foot_does_what_the_key_does() -> None:
    async with driven(answers=DONE) as it:
        row = len(it.rows()) - 1
        line = it.rows()[row]
        await it.pilot.click(offset=(line.index("? help"), row))
        await it.until_shown("keys and marks")
        await it.press("escape")
        await it.pilot.click(offset=(line.index("s stop") + 2, row))
        assert (await it.until_asked("transition"))["transition"] == "stop"
        await it.pilot.click(offset=(line.index("s stop") - 1, row))
        assert len(it.client.asked("transition")) == 1


async def test_a_click_selects_a_tile_and_a_second_one_opens_it() -> None:
    async with driven() as it:
        await it.pilot.click(offset=(45, 3))
        assert it.app.screen.query_one(FleetGrid).selected == "shop/billing-v2"
        await it.pilot.click(offset=(45, 3), times=2)
        await it.until_shown("services")
        assert "billing-v2" in it.rows()[0]
