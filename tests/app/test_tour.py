from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from textual.geometry import Region, Size

from hive_tui.app.actions import BY_ID, DEFAULT, PLACE, SCREENS
from hive_tui.app.keymap import parse
from hive_tui.app.tour.card import flowed, stand
from hive_tui.app.tour.steps import STEPS, Seen, onward
from hive_tui.app.views.look import Look
from hive_tui.app.widgets.fleet_grid import FleetGrid
from hive_tui.app.widgets.spotlight import Card, Light
from hive_tui.model.environment import EnvDetail, EnvState, Wanted
from hive_tui.model.wire import Delta
from tests.app import scenes
from tests.app.scripted import Driven, driven

ANSWERS = {"trace": scenes.trace(), "transition": {"outcome": "unchanged"}}


def in_state(env: EnvDetail, state: EnvState) -> EnvDetail:
    return msgspec.structs.replace(env, view=msgspec.structs.replace(env.view, state=state))


def step(it: Driven) -> str | None:
    return it.app.tour.step.id if it.app.tour.step else None


async def at_step(it: Driven, name: str) -> None:
    """Wait until a step is shown, on its screen."""

    def shown() -> bool:
        now = it.app.tour.step
        return (
            now is not None and now.id == name and getattr(it.app.screen, "AREA", "") == now.where
        )

    try:
        await it.until(shown)
    except TimeoutError:
        raise AssertionError(f"{step(it)} instead of {name}\n{it.text()}") from None
    await it.until(lambda: bool(it.app.screen.query(Card)))
    await it.pilot.pause()


async def begin(it: Driven) -> None:
    await it.press("question_mark", "t")
    await at_step(it, "tile")


# --- the steps as data ---------------------------------------------------------------------------


@pytest.mark.parametrize("one", STEPS, ids=lambda one: one.id)
def test_every_key_that_a_step_names_is_an_action_of_its_screen(one: object) -> None:
    each = next(known for known in STEPS if known is one)
    assert each.where in SCREENS
    named = PLACE.findall(each.words)
    assert all(name in BY_ID for name in named)
    assert "{" not in DEFAULT.words(each.words)
    assert (each.asks is None) == (each.done is None)
    if each.asks is not None:
        assert each.asks in named
        assert each.where in BY_ID[each.asks].where
    assert each.words.count(". ") <= 2
    assert each.missing


def test_steps_have_names_of_their_own() -> None:
    assert len({one.id for one in STEPS}) == len(STEPS)


def test_a_step_names_the_keys_that_are_in_force() -> None:
    keys = parse('"env.warm" = "W"').registry
    warm = next(one for one in STEPS if one.id == "warm")
    assert "Press W:" in keys.words(warm.words)


def test_steps_without_a_subject_are_left_out_with_the_reason() -> None:
    cold = scenes.env("a", 0, EnvState.COLD, wanted=Wanted.COLD)
    now = Seen("fleet", {cold.id: cold}, cold.id)
    names, at, reasons = [], -1, set()
    while True:
        to, left_out = onward(STEPS, at, 1, now)
        reasons |= set(left_out)
        if to is None:
            break
        names.append(STEPS[to].id)
        at = to
    assert "verdict" not in names
    assert "needs" not in names
    assert "warm" in names
    assert reasons >= {"no suite has run yet", "nobody needs you", "no env is warm"}
    assert onward(STEPS, 0, -1, now) == (0, ())


# --- the card ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(200, 60), (120, 36), (80, 24), (60, 15), (40, 12), (30, 8)])
def test_no_card_ever_hides_what_it_speaks_of(size: tuple[int, int]) -> None:
    width, height = size
    screen = Size(width, height)
    for one in STEPS:
        for x in range(0, width - 4, 7):
            for y in range(0, height, 3):
                spot = Region(x, y, 4, 1)
                around = Region(max(0, x - 8), max(0, y - 2), 24, 6).intersection(screen.region)
                found = stand(one, (1, 20), (), [spot, around], (), screen, Look())
                assert found is not None
                assert not found.region.overlaps(spot)
                assert screen.region.contains_region(found.region)
                assert len(found.lines) == found.region.height


def test_a_card_makes_way_for_a_toast_and_stands_over_it_only_without_room() -> None:
    spot = Region(10, 10, 4, 1)
    toast = Region(0, 11, 120, 6)
    found = stand(STEPS[0], (1, 20), (), [spot], [toast], Size(120, 36), Look())
    assert found is not None
    assert not found.region.overlaps(toast)
    everything = Region(0, 0, 120, 36)
    assert stand(STEPS[0], (1, 20), (), [spot], [everything], Size(120, 36), Look()) is not None


def test_a_text_of_several_roles_breaks_between_words() -> None:
    lines = flowed(Look().worded("press {env.warm}, then wait for it"), 12)
    assert ["".join(span.text for span in line) for line in lines] == [
        "press w,",
        "then wait",
        "for it",
    ]


# --- on the screens ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "plain"), [((80, 24), True), ((120, 36), False), ((200, 60), False)]
)
async def test_every_step_lights_something_and_its_card_stands_beside_that(
    size: tuple[int, int], plain: bool
) -> None:
    async with driven(size=size, plain=plain, answers=ANSWERS) as it:
        await begin(it)
        seen = []
        while it.app.tour.step is not None:
            await at_step(it, it.app.tour.step.id)
            seen.append(step(it))
            card, light = it.app.screen.query_one(Card), it.app.screen.query_one(Light)
            assert light.display, step(it)
            assert card.display, step(it)
            assert not card.region.overlaps(light.region), it.text()
            if plain:
                assert [row for row in it.rows() if not row.isascii()] == []
            assert any(sign in it.text() for sign in ("▲", "▼", "◀", "▶", "^", "v", "<", ">"))
            before = step(it)
            await it.press("right")
            await it.until(lambda before=before: step(it) != before)  # type: ignore[misc]
        assert len(seen) == len(STEPS) - 1  # in the scene nothing is broken in the opened env
        assert "that was the tour" in it.app.notices[-1].text


async def test_what_is_lit_is_what_is_drawn_below() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        await it.press("right", "right", "right")
        await at_step(it, "verdict")
        light = it.app.screen.query_one(Light)
        await it.until(lambda: light.size.width > 0)
        assert light.render_line(0).text == "✗ e2e 2/40"


async def test_real_keys_lead_through_the_tour_and_it_goes_on_when_the_effect_is_seen() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        for name in ("state", "thing", "verdict", "dots", "ports", "needs", "keys", "need"):
            await it.press("enter")
            await at_step(it, name)
        grid = it.app.screen.query_one(FleetGrid)
        await it.press("tab")
        await at_step(it, "open")
        assert grid.selected == "shop/payments"
        await it.press("tab", "tab")
        assert step(it) == "open"
        assert grid.selected == "shop/search-index"
        await it.press("enter")
        await at_step(it, "words")
        assert "redis.exceptions" in it.text()
        await it.press("enter")
        await at_step(it, "logs")
        await it.press("l")
        await at_step(it, "followed")
        await it.press("enter")
        await at_step(it, "from_logs")
        await it.press("escape")
        await at_step(it, "from_env")
        await it.press("escape")
        await at_step(it, "warm")
        assert grid.selected == "shop/checkout-flow"
        await it.press("w")
        assert it.client.asked("transition")[-1]["transition"] == "warm"
        assert step(it) == "warm"  # pressed, but nothing is seen yet
        cold = it.app.state.envs["shop/checkout-flow"]
        await it.say(Delta(envs=(in_state(cold, EnvState.WARMING),)))
        await at_step(it, "cool")
        await it.press("c")
        await it.say(Delta(envs=(in_state(cold, EnvState.COOLING),)))
        await at_step(it, "shell")


async def test_going_back_brings_the_screen_of_the_step_in_front() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        for _ in range(9):
            await it.press("right")
        await at_step(it, "open")
        await it.press("right")
        await it.until(lambda: step(it) == "logs")
        await at_step(it, "logs")
        await it.press("left")
        await at_step(it, "open")
        await it.press("left")
        await at_step(it, "need")


async def test_escape_leaves_at_once_and_nothing_stays() -> None:
    async with driven(answers=ANSWERS) as it:
        tiles = it.rows()[:20]
        await begin(it)
        await it.press("escape")
        await it.until(lambda: not it.app.screen.query("Card, Light"))
        assert step(it) is None
        assert not it.app.screen.has_class("-touring")
        assert it.rows()[:20] == tiles
        await it.press("right")
        assert it.app.screen.query_one(FleetGrid).selected == "shop/billing-v2"


async def test_an_env_that_vanishes_midway_gives_way_to_another_and_the_last_ends_it() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        await it.press("right")
        await at_step(it, "state")
        gone = it.app.screen.query_one(FleetGrid).selected
        assert gone is not None
        await it.say(Delta(removed=(gone,)))
        await it.pilot.pause()
        await at_step(it, "state")
        assert it.app.screen.query_one(FleetGrid).selected not in (gone, None)
        await it.say(Delta(removed=tuple(it.app.state.envs)))
        await it.until(lambda: step(it) is None)
        assert "no env any more" in it.app.notices[-1].text


async def test_an_env_that_vanishes_while_its_screen_is_open_harms_nothing() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        for _ in range(10):
            await it.press("right")
        await it.until(lambda: step(it) == "logs")
        await at_step(it, "logs")
        opened = it.app.screen.env()  # type: ignore[attr-defined]
        await it.say(Delta(removed=(opened.id,)))
        for _ in range(12):
            await it.press("right")
        await it.until(lambda: step(it) is None)


async def test_resizing_while_it_runs_keeps_the_card_beside_its_subject() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        await it.press("right")
        await at_step(it, "state")
        for size in ((20, 5), (300, 100), (1, 1), (38, 11), (200, 60), (80, 24)):
            await it.pilot.resize_terminal(*size)
            await it.pilot.pause()
            await it.until(lambda: it.app.screen.is_mounted)
            card, light = it.app.screen.query_one(Card), it.app.screen.query_one(Light)
            assert not (card.display and light.display and card.region.overlaps(light.region))
        await it.until_shown("Its state.")
        await it.press("escape")
        assert step(it) is None


async def test_what_is_typed_goes_to_the_field_and_a_question_hides_the_tours_keys() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        await it.press("slash", *"auth", "left", "enter")
        assert step(it) == "tile"
        assert it.app.screen.query_one(FleetGrid).count == 1
        await it.press("n")
        await it.until_shown("New env")
        await it.press("escape")
        await at_step(it, "tile")


async def test_the_tour_waits_where_the_person_went_elsewhere_and_comes_back() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        await it.press("m")
        await it.until_shown("The tour waits on another screen")
        await it.press("right")
        await at_step(it, "state")


async def test_the_tour_can_be_what_the_dashboard_begins_with() -> None:
    async with driven(answers=ANSWERS, tour=True) as it:
        await at_step(it, "tile")


async def test_the_card_shows_the_users_keys_and_they_work(tmp_path: Path) -> None:
    file = tmp_path / "keymap.toml"
    file.write_text('"tour.next" = "N"\n"fleet.next_need" = "f2"\n', "utf-8")
    async with driven(answers=ANSWERS, keys=file) as it:
        await begin(it)
        assert "N next" in it.text()
        for _ in range(8):
            await it.press("N")
        await at_step(it, "need")
        assert "Press f2:" in it.text()
        await it.press("f2")
        await at_step(it, "open")


async def test_without_an_env_the_tour_says_why_not() -> None:
    async with driven(scenes.snapshot([], project=False)) as it:
        await it.press("question_mark", "t")
        assert step(it) is None
        assert it.app.notices[-1].text == "there is no env yet"


async def test_a_click_on_the_card_goes_on_and_one_on_the_light_goes_through() -> None:
    async with driven(answers=ANSWERS) as it:
        await begin(it)
        await it.pilot.click(Card)
        await at_step(it, "state")
        light = it.app.screen.query_one(Light)
        await it.until(lambda: light.size.width > 0)
        await it.pilot.click(Light, times=2)
        await it.until(lambda: getattr(it.app.screen, "AREA", "") == "env")
