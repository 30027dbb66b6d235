from __future__ import annotations

import pytest

from hive_tui.app.lines import width_of
from hive_tui.app.screens.fleet import FleetScreen
from hive_tui.app.views.look import Look
from hive_tui.app.views.preview import LEAST, preview
from hive_tui.app.views.waterfall import parse
from hive_tui.model.wire import LogLine
from tests.app import scenes
from tests.app.scripted import driven, select

LOOK = Look(scenes.NOW)


def text(name: str, size: tuple[int, int] = (118, 16), *, traced: bool = False) -> list[str]:
    detail = next(env for env in scenes.fleet() if env.view.name == name)
    trace = parse(scenes.trace()) if traced else None
    lines = preview(detail, scenes.events(), trace, size, LOOK)
    return ["".join(span.text for span in line) for line in lines]


@pytest.mark.parametrize("size", [(118, 16), (198, 30), (76, LEAST), (40, 8)])
@pytest.mark.parametrize("name", [env.view.name for env in scenes.fleet()])
def test_it_takes_exactly_the_room_that_it_is_given(name: str, size: tuple[int, int]) -> None:
    detail = next(env for env in scenes.fleet() if env.view.name == name)
    lines = preview(detail, scenes.events(), parse(scenes.trace()), size, LOOK)
    assert [width_of(line) for line in lines] == [size[0]] * size[1]


def test_what_is_broken_comes_first_with_its_last_words_and_the_keys_that_help() -> None:
    rows = text("search-index")
    assert "▲ degraded   worker crash-loops" in rows[0]
    assert "worker, last lines" in rows[2]
    shown = "\n".join(rows)
    assert shown.index("ConnectionError") < shown.index("l logs  w warm") < shown.index("services")


def test_a_red_suite_comes_before_the_services_with_place_and_assertion() -> None:
    shown = "\n".join(text("auth-refactor"))
    assert shown.index("e2e/test_login.py:41") < shown.index("services")
    assert "assert 500 == 200" in shown


def test_a_healthy_env_shows_its_services_first() -> None:
    assert "services" in text("checkout-flow")[2]


def test_the_last_transition_stands_beside_it_as_a_waterfall() -> None:
    assert "longest path 8.0 s" in "\n".join(text("auth-refactor", traced=True))


def test_where_there_is_no_room_for_two_columns_the_left_one_stays() -> None:
    shown = "\n".join(text("search-index", (76, 12), traced=True))
    assert "ConnectionError" in shown
    assert "longest path" not in shown


def test_the_last_words_give_way_so_that_the_services_are_seen() -> None:
    rows = text("search-index", (118, 12))
    assert any("services" in row for row in rows)


async def test_the_room_that_the_tiles_leave_shows_the_selected_env() -> None:
    answers = {"trace": scenes.trace()}
    async with driven(size=(120, 50), answers=answers) as it:
        await select(it, "search-index")
        await it.until_shown("worker, last lines")
        await select(it, "checkout-flow")
        await it.until(lambda: "worker, last lines" not in it.text())


async def test_the_selection_is_asked_about_only_where_it_comes_to_rest() -> None:
    answers = {"trace": scenes.trace()}
    async with driven(size=(120, 50), answers=answers) as it:
        await it.until(lambda: bool(it.client.asked("trace")))
        before = len(it.client.asked("trace"))
        await it.press("right", "right", "right", "right", "right")
        await it.until(lambda: len(it.client.asked("trace")) > before)
        asked = [params["env"] for params in it.client.asked("trace")[before:]]
        assert asked[-1] == "shop/upgrade-django"
        assert len(asked) < 5


async def test_tiles_that_need_the_room_have_it_until_a_key_asks_for_the_preview() -> None:
    async with driven(size=(80, 24)) as it:
        screen = it.app.screen
        assert isinstance(screen, FleetScreen)
        assert not screen.query_one("#preview").display
        await it.press("v")
        await it.until(lambda: bool(screen.query_one("#preview").display))
        await it.press("v")
        await it.until(lambda: not screen.query_one("#preview").display)


async def test_a_terminal_too_small_for_tiles_has_no_preview() -> None:
    async with driven(size=(38, 11)) as it:
        await it.press("v")
        await it.until_shown("too small")
        assert not it.app.screen.query_one("#preview").display


def line(at: float, source: str, text: str) -> LogLine:
    return LogLine(scenes.NOW + at, source, text.encode())


def test_what_is_left_of_the_room_shows_the_newest_words_of_all_logs() -> None:
    words = [line(at, "api", f"GET /orders/{at}") for at in range(30)]
    words += [line(31, "web", "\x1b[31mcompiled\x1b[0m\x1b]0;title\x07"), line(32, "web", "done")]
    detail = scenes.fleet()[3]
    lines = preview(detail, scenes.events(), None, (118, 22), LOOK, words)
    rows = ["".join(span.text for span in each)[3:60].rstrip() for each in lines]
    assert rows[-2].endswith("web │ compiled")
    assert rows[-1].endswith("    │ done")
    assert any("GET /orders/29" in row for row in rows)
    assert not any("GET /orders/0" in row for row in rows)


def test_a_line_that_tells_an_error_stands_out_among_the_last_words() -> None:
    detail = scenes.fleet()[3]
    words = [line(1, "api", "ok"), line(2, "api", "ERROR: no database")]
    lines = preview(detail, scenes.events(), None, (118, 22), LOOK, words)
    roles = {span.text: span.role for each in lines for span in each}
    assert roles["ok"] == "muted"
    assert roles["ERROR: no database"] == "bad"
