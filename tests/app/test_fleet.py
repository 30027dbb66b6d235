from __future__ import annotations

import msgspec
import pytest

from hive_tui.app import figures
from hive_tui.app.app import HiveApp
from hive_tui.app.state import HiveState, Link, aged, fold, relink, silenced
from hive_tui.app.widgets.fleet_grid import FleetGrid, arrange
from hive_tui.model.environment import (
    EnvState,
    ProgressView,
    ServiceDetail,
    ServiceState,
    ServiceView,
    TransitionSummary,
)
from hive_tui.model.wire import Delta, HiveView
from tests.app import scenes
from tests.app.scripted import Driven, ScriptedClient, driven

SIZES = [(80, 24), (120, 36), (200, 60), (20, 5)]


@pytest.mark.parametrize("size", SIZES)
async def test_every_row_fits_the_terminal(size: tuple[int, int]) -> None:
    async with driven(size=size) as it:
        rows = it.rows()
        assert len(rows) == size[1]
        assert "auth" in it.text()


async def test_a_tile_says_state_in_shape_and_word_with_branch_verdict_and_ports() -> None:
    async with driven() as it:
        text = it.text()
        for shown in (
            "● warm",
            "feature/auth",
            "↑3 ±12",
            "✗ e2e 2/40",
            "web 10000",
            "◓ warming",
            "5/9  ~4 s",
            "▲ degraded",
            "✗ worker  exit 1",
            "◌ ✓ unit 198",
            "◇ frozen",
            "✗ failed",
            "○ cold",
            "· stopped",
            "may I run npm test?",
        ):
            assert shown in text, shown


async def test_the_head_counts_and_says_who_needs_a_person() -> None:
    async with driven() as it:
        head = it.rows()[0]
        for shown in ("hive  shop", "9 envs", "2 warm", "4 need you", "9.1 GB of 12.0 GB", "cpu"):
            assert shown in head
        assert "needs you (4)" in it.text()


async def test_the_status_line_says_what_runs_and_what_waits_for_what() -> None:
    async with driven(size=(200, 60)) as it:
        line = it.rows()[-2]
        assert "billing-v2 5/9 ~4 s migrate, build · api waits for migrate" in line
        assert "perf-cache 1/4 ~1 s checkout" in line


async def test_an_eta_runs_down_between_two_words_of_the_daemon() -> None:
    state = fold(HiveState(), scenes.snapshot([scenes.billing(), scenes.auth()]), now=100.0)
    later = aged(state, 103.0)
    running = later.envs["shop/billing-v2"].view.progress
    assert running is not None
    assert running.eta_s is not None
    assert figures.left(running.eta_s) == "~1 s"
    overdue = aged(state, 200.0).envs["shop/billing-v2"].view.progress
    assert overdue is not None
    assert overdue.eta_s is not None
    assert figures.left(overdue.eta_s) == "overdue"
    assert figures.left(0.0) == "any moment"
    assert later.envs["shop/auth-refactor"] is state.envs["shop/auth-refactor"]
    lost = relink(state, Link.LOST)
    assert aged(lost, 200.0) is lost


async def test_a_crash_shows_at_once_while_the_env_still_moves() -> None:
    worker = ServiceView("worker", "process", ServiceState.BACKOFF, restarts=2)
    moving = scenes.env(
        "search",
        0,
        EnvState.WARMING,
        has=(worker,),
        progress=ProgressView("warm", 1, 5, 4.0, ("build",)),
        services=(ServiceDetail("worker", "warm", (), "exit 3, 2 times in 1 s", tail=("boom",)),),
    )
    async with driven(scenes.snapshot([moving])) as it:
        assert "✗ worker  exit 3, 2 times in 1 s  build" in it.text()
        await it.press("enter")
        await it.until_shown("warming   ✗ worker  exit 3, 2 times in 1 s")


async def test_a_failed_tile_has_the_last_words_of_its_log() -> None:
    async with driven() as it:
        assert "│ django.db.utils.OperationalError" in it.text()


async def test_a_tile_tells_for_a_while_how_long_it_took_against_path_and_last_time() -> None:
    last = TransitionSummary("warm", "succeeded", 8.1, 7.9, 8.4, scenes.ago(20))
    fresh = msgspec.structs.replace(scenes.auth(), last=last)
    async with driven(scenes.snapshot([fresh])) as it:
        assert "warm 8.1 s  path 7.9 s  before 8.4 s" in it.text()
    async with driven(scenes.snapshot([scenes.auth()])) as it:
        assert "warm 8.1 s  path" not in it.text()


async def test_few_envs_on_a_wide_terminal_get_wider_tiles() -> None:
    assert arrange(3, 196, 50, (200, 60)).width == 60
    assert arrange(2, 80, 20, (80, 24)).columns == 2
    assert arrange(500, 196, 50, (200, 60)).columns == 5


async def test_when_nothing_moves_the_status_line_says_how_long_it_took() -> None:
    async with driven(scenes.snapshot([scenes.auth()])) as it:
        line = it.rows()[-2]
        assert "warm took 8.1 s · longest path 7.9 s · time before 8.4 s" in line


async def test_on_eighty_columns_ports_and_cost_go_first() -> None:
    async with driven(size=(80, 24)) as it:
        assert "web 10000" not in it.text()
        assert "✗ e2e 2/40" in it.text()


async def test_on_a_tiny_terminal_the_fleet_is_a_table() -> None:
    async with driven(size=(38, 11)) as it:
        row = next(row for row in it.rows() if "search-index" in row)
        assert "▲" in row
        assert "worker" in row


async def test_arrows_and_letters_move_the_selection() -> None:
    async with driven() as it:
        grid = it.app.screen.query_one(FleetGrid)
        assert grid.selected == "shop/auth-refactor"
        await it.press("right")
        assert grid.selected == "shop/billing-v2"
        await it.press("j")
        assert grid.selected == "shop/docs-site"
        await it.press("k", "h")
        assert grid.selected == "shop/auth-refactor"
        await it.press("up", "left")
        assert grid.selected == "shop/auth-refactor"
        await it.press("G")
        assert grid.selected == "shop/perf-cache"


async def test_tab_goes_from_one_that_needs_a_person_to_the_next() -> None:
    async with driven() as it:
        grid = it.app.screen.query_one(FleetGrid)
        seen = []
        for _ in range(5):
            await it.press("tab")
            seen.append(grid.selected)
        assert seen == [
            "shop/payments",
            "shop/upgrade-django",
            "shop/search-index",
            "shop/auth-refactor",
            "shop/payments",
        ]


async def test_a_click_selects_and_a_second_one_opens() -> None:
    async with driven() as it:
        grid = it.app.screen.query_one(FleetGrid)
        await it.pilot.click(FleetGrid, offset=(45, 2))
        assert grid.selected == "shop/billing-v2"
        await it.pilot.click(FleetGrid, offset=(45, 2), times=2)
        await it.until(lambda: "billing-v2" in it.rows()[0])


async def test_a_change_of_one_env_is_shown_and_keeps_the_selection() -> None:
    async with driven() as it:
        await it.press("right", "right")
        old = scenes.search()
        view = msgspec.structs.replace(old.view, state=EnvState.WARM, reason=None)
        await it.say(Delta(envs=(msgspec.structs.replace(old, view=view, failure=None),)))
        await it.until_shown("3 need you")
        assert it.app.screen.query_one(FleetGrid).selected == "shop/search-index"


async def test_time_repaints_only_tiles_that_say_another_age(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with driven(size=(200, 60)) as it:
        grid = it.app.screen.query_one(FleetGrid)
        state, look = it.app.state, it.app.look()
        grid.put(state.envs, state.history, look)
        await it.pilot.pause()
        repainted: list[object] = []
        monkeypatch.setattr(grid, "refresh", lambda *regions: repainted.extend(regions))
        grid.put(state.envs, state.history, msgspec.structs.replace(look, now=look.now + 0.1))
        assert repainted == []
        grid.put(state.envs, state.history, msgspec.structs.replace(look, now=look.now + 3600))
        assert 0 < len(repainted) < len(state.envs)


async def test_after_the_selected_env_went_its_neighbour_is_selected() -> None:
    async with driven() as it:
        await it.press("right")
        await it.say(Delta(removed=("shop/billing-v2",)))
        grid = it.app.screen.query_one(FleetGrid)
        await it.until(lambda: grid.selected == "shop/search-index")
        assert "billing-v2" not in it.text()


async def test_five_hundred_envs_are_one_widget_and_the_last_can_be_reached() -> None:
    envs = [scenes.env(f"e{at:03d}", at, EnvState.COLD) for at in range(500)]
    async with driven(scenes.snapshot(envs)) as it:
        await it.press("end")
        assert "e499" in it.text()
        assert len(it.app.screen.query("*")) < 20


async def test_names_and_branches_are_data_and_never_steer_the_terminal() -> None:
    evil = scenes.env(
        "evil", 0, EnvState.WARM, branch="[red]x[/] \x1b[2J\x1b]0;t\x07 \u202eabc", reason="[b]"
    )
    async with driven(scenes.snapshot([evil])) as it:
        text = it.text()
        assert "[red]x[/]" in text
        assert "\x1b" not in text
        assert "\u202e" not in text


async def test_wide_and_combining_characters_keep_the_columns() -> None:
    wide = scenes.env("a", 0, EnvState.WARM, branch="機能/認証システムの全面的な書き直し作業中です")
    accents = scenes.env("b", 1, EnvState.WARM, branch="cafe\u0301-" * 9)
    async with driven(scenes.snapshot([wide, accents])) as it:
        strips = it.app.screen._compositor.render_strips()
        assert {strip.cell_length for strip in strips} == {120}


async def test_with_a_lost_daemon_the_values_stay_and_a_banner_says_so() -> None:
    async with driven() as it:
        it.client.link("reconnecting", "the daemon ended")
        await it.until_shown("reconnecting: the daemon ended.")
        assert "auth-refactor" in it.text()
        await it.press("w")
        assert it.client.asked("transition") == []
        await it.say(scenes.snapshot())
        await it.until(lambda: "reconnecting:" not in it.text())


async def test_a_daemon_that_hangs_is_told_with_its_last_word_and_nothing_is_asked_of_it() -> None:
    async with driven() as it:
        live = it.app.state
        it.app.post_message(HiveApp.Changed(silenced(live, scenes.NOW - 12)))
        since = figures.time_of_day(scenes.NOW - 12)
        await it.until_shown(f"the daemon does not answer since {since} (12s).")
        assert "auth-refactor" in it.text()
        await it.press("w")
        assert it.client.asked("transition") == []
        assert "the daemon does not answer" in it.app.notices[-1].text
        it.app.post_message(HiveApp.Changed(live))
        await it.until(lambda: "does not answer since" not in it.text())


async def test_without_a_project_it_says_how_to_start_and_gives_way_to_the_first() -> None:
    async with driven(scenes.snapshot([], project=False)) as it:
        await it.until_shown("hive demo")
        assert "hive init" in it.text()
        hive: HiveView = scenes.snapshot().hive
        await it.say(Delta(hive=hive))
        await it.until_shown("No env yet.")


async def test_with_two_projects_names_carry_their_project() -> None:
    envs = [scenes.auth(), scenes.env("api", 0, EnvState.WARM, project="bank")]
    async with driven(scenes.snapshot(envs)) as it:
        assert "bank/api" in it.text()
        assert "shop/auth-refactor" in it.text()


async def test_a_terminal_without_unicode_gets_ascii_marks() -> None:
    async with driven(plain=True) as it:
        body = "\n".join(it.rows()[2:-5])
        assert "! degraded" in body
        assert "@ warm" in body
        assert body.replace("…", "").isascii()


@pytest.mark.parametrize(
    ("screen", "columns", "rows"),
    [((80, 24), 2, 4), ((120, 36), 3, 6), ((200, 60), 5, 6), ((39, 30), 1, 1), ((120, 11), 1, 1)],
)
def test_columns_and_lines_follow_the_size_of_the_terminal(
    screen: tuple[int, int], columns: int, rows: int
) -> None:
    plan = arrange(40, screen[0] - 2, screen[1] - 6, screen)
    assert (plan.columns, plan.rows) == (columns, rows)


def test_few_envs_get_whole_tiles_on_a_small_terminal_too() -> None:
    assert arrange(4, 78, 18, (80, 24)).rows == 6


async def test_resizing_down_and_up_again_breaks_nothing() -> None:
    async with driven() as it:
        for size in ((20, 5), (300, 100), (1, 1), (80, 24), (120, 36)):
            await it.pilot.resize_terminal(*size)
            await it.pilot.pause()
        assert "● warm" in it.text()


@pytest.mark.parametrize("keys", [(), ("enter",), ("question_mark",), ("m",), ("l",)])
async def test_a_terminal_without_unicode_gets_ascii_alone(keys: tuple[str, ...]) -> None:
    async with driven(plain=True) as it:
        await it.press(*keys)
        assert [row for row in it.rows() if not row.isascii()] == []


async def test_before_the_daemon_answered_nothing_is_counted() -> None:
    client = ScriptedClient()
    app = HiveApp(client, clock=lambda: scenes.NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        it = Driven(app, client, pilot)
        await it.until_shown("connecting to the daemon")
        assert "0 envs" not in it.text()
