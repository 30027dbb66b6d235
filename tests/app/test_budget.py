"""The bar of memory, and the question where an env does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from hive_tui.app.screens.room import RoomDialog
from hive_tui.app.state import HiveState, fold
from hive_tui.app.views.budget import bar, budget
from hive_tui.app.views.head import needs_line
from hive_tui.app.views.look import Look
from hive_tui.model.errors import RefusedError
from hive_tui.model.wire import HiveView, Snapshot
from tests.app import scenes
from tests.app.scripted import driven, select
from tests.app.test_intents import ended

GB = 10**9


def hive(used: int, forecast: int = 0, limit: int = 12, pressure: str | None = None) -> HiveView:
    return HiveView(
        memory_used_bytes=used * GB,
        memory_forecast_bytes=forecast * GB,
        memory_limit_bytes=limit * GB,
        pressure=pressure,
    )


def text(view: HiveView, width: int, *, plain: bool = False) -> str:
    return "".join(span.text for span in budget(view, width, Look(plain=plain)))


@pytest.mark.parametrize(
    ("view", "width", "shown"),
    [
        (hive(6), 80, "mem 6.0 GB of 12.0 GB"),
        (hive(6), 110, "mem ━━━━━━────── 6.0 GB of 12.0 GB"),
        (hive(6, 9), 110, "mem ━━━━━━╍╍╍─── 6.0 GB of 12.0 GB"),
        (hive(6, 9), 160, "mem ━━━━━━╍╍╍─── 6.0 GB of 12.0 GB, soon 9.0 GB"),
        (hive(6, 6), 160, "mem ━━━━━━────── 6.0 GB of 12.0 GB"),
        (hive(6, 30), 160, "mem ━━━━━━╍╍╍╍╍╍ 6.0 GB of 12.0 GB, soon 30.0 GB"),
        (hive(30, 30), 160, "mem ━━━━━━━━━━━━ 30.0 GB of 12.0 GB"),
        (hive(0), 110, "mem ──────────── 0 kB of 12.0 GB"),
        (hive(6, 9, limit=0), 160, ""),
    ],
)
def test_the_bar_has_what_is_used_what_is_coming_and_what_is_free(
    view: HiveView, width: int, shown: str
) -> None:
    assert text(view, width) == shown


def test_an_ascii_terminal_gets_the_same_bar() -> None:
    assert text(hive(6, 9), 110, plain=True) == "mem ######+++--- 6.0 GB of 12.0 GB"


@pytest.mark.parametrize("used", range(0, 40, 3))
@pytest.mark.parametrize("coming", [0, 1, 7, 40])
def test_the_bar_is_always_as_long_as_it_should_be(used: int, coming: int) -> None:
    assert sum(len(span.text) for span in bar(used, coming, 12, 10)) == 10


@pytest.mark.parametrize(
    ("view", "role"),
    [
        (hive(6), "muted"),
        (hive(10), "warning"),
        (hive(12), "bad"),
        (hive(1, pressure="3 % of the memory is available"), "warning"),
    ],
)
def test_the_colour_says_how_near_the_limit_is(view: HiveView, role: str) -> None:
    assert budget(view, 80, Look())[-1].role == role


def test_what_would_go_over_the_limit_is_marked_before_it_does() -> None:
    assert [span.role for span in bar(6, 8, 12, 12)] == ["muted", "warning", "dim"]


def test_short_memory_needs_a_person_although_no_env_does() -> None:
    view = hive(6, pressure="processes waited for memory 14 % of the last 10 s")
    state = fold(HiveState(), Snapshot(view, (), ()))
    line = "".join(span.text for span in needs_line(state, 120, Look()))
    assert line == (
        " needs you (1)   ▲ memory is short: processes waited for memory 14 % of the last 10 s"
    )


# --- the question ------------------------------------------------------------------------------

REFUSED = RefusedError("checkout-flow: needs ~3.9 GB, 2.1 GB free of 12.0 GB", code="no_room")
ROOM: dict[str, Any] = {
    "fits": False,
    "words": "needs ~3.9 GB, 2.1 GB free of 12.0 GB",
    "relief": [
        {"name": "old-idea", "transition": "cool", "frees_bytes": 2 * GB, "idle_s": 7300.0},
        {"name": "docs-site", "transition": "stop", "frees_bytes": GB, "idle_s": 90.0},
    ],
    "kept": [],
}
NOBODY: dict[str, Any] = {**ROOM, "relief": [], "kept": ["auth-refactor (pinned)"]}


async def test_a_warm_that_does_not_fit_shows_who_would_make_room() -> None:
    async with driven(answers={"transition": REFUSED, "room": ROOM}) as it:
        await select(it, "checkout-flow")
        await it.press("w")
        await it.until_shown("No room for checkout-flow")
        shown = it.text()
        assert "It needs ~3.9 GB, 2.1 GB free of 12.0 GB." in shown
        assert "cool old-idea  idle 2h, frees 2.0 GB" in shown
        assert "stop docs-site  idle 1m, frees 1.0 GB" in shown
        await it.press("escape")
        assert len(it.client.asked("transition")) == 1


@pytest.mark.parametrize(("key", "way"), [("m", "make"), ("w", "wait"), ("o", "over")])
async def test_the_answer_is_what_the_daemon_is_asked_for(key: str, way: str) -> None:
    async with driven(answers={"transition": REFUSED, "room": ROOM}) as it:
        await select(it, "checkout-flow")
        await it.press("w")
        await it.until(lambda: isinstance(it.app.screen, RoomDialog))
        it.client.answers["transition"] = ended("warm")
        await it.press(key)
        await it.until_shown("checkout-flow: warm (8.1 s)")
        asked = it.client.asked("transition")[-1]
        assert asked == {
            "env": "shop/checkout-flow",
            "transition": "warm",
            "wait": True,
            "room": way,
        }


async def test_where_nobody_can_make_room_that_is_said_and_not_offered() -> None:
    async with driven(answers={"transition": REFUSED, "room": NOBODY}) as it:
        await select(it, "checkout-flow")
        await it.press("w")
        await it.until_shown("Nothing that may be put to rest would do:")
        assert "auth-refactor (pinned)" in it.text()
        assert " does it" not in it.text()
        await it.press("m")
        assert isinstance(it.app.screen, RoomDialog)
        assert len(it.client.asked("transition")) == 1


def test_the_head_of_the_sample_fleet_has_the_bar() -> None:
    assert "of 12.0 GB" in text(scenes.snapshot().hive, 120)
