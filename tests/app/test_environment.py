from __future__ import annotations

import msgspec
import pytest

from hive_tui.app.screens.environment import EnvironmentScreen
from hive_tui.model.environment import EnvState, Failure
from hive_tui.model.errors import HiveError
from hive_tui.model.wire import Delta
from tests.app import scenes
from tests.app.scripted import Driven, driven

TRACE = {"trace": scenes.trace()}


async def open_search(it: Driven) -> None:
    await it.press("right", "right", "enter")
    await it.until(lambda: isinstance(it.app.screen, EnvironmentScreen))
    await it.until(lambda: bool(it.client.asked("trace")))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60), (20, 5)])
async def test_it_opens_at_every_size(size: tuple[int, int]) -> None:
    async with driven(size=size, answers=TRACE) as it:
        await it.press("enter")
        await it.until_shown("hive" if size[0] < 30 else "auth-refactor")
        assert len(it.rows()) == size[1]


async def test_the_reason_stands_in_the_head_and_the_last_lines_of_what_is_broken_below() -> None:
    async with driven(answers=TRACE) as it:
        await open_search(it)
        head = it.rows()[0]
        assert "search-index" in head
        assert "▲ degraded: worker crash-loops" in head
        assert "Traceback (most recent call last)" in it.text()


async def test_services_show_state_port_pid_and_restarts() -> None:
    async with driven(answers=TRACE) as it:
        await open_search(it)
        rows = it.rows()
        db = next(row for row in rows if row.startswith("  ● db"))
        assert db.split()[:7] == ["●", "db", "ready", "12000", "4200", "90", "MB"]
        worker = next(row for row in rows if "✗ worker" in row)
        assert "backoff" in worker
        assert "5" in worker.split()


async def test_tests_show_counts_commit_and_staleness() -> None:
    async with driven(answers=TRACE) as it:
        await open_search(it)
        assert "✓ unit  198 passed  3.1 s  on 4f2c11a" in it.text()
        assert "◌ stale" in it.text()


async def test_failed_tests_show_name_message_and_place() -> None:
    async with driven(answers=TRACE) as it:
        await it.press("enter")
        await it.until_shown("test_login")
        assert "e2e/test_login.py:41" in it.text()
        assert "assert 500 == 200" in it.text()


async def test_the_last_transition_is_a_waterfall() -> None:
    async with driven(answers=TRACE) as it:
        await open_search(it)
        await it.until_shown("longest path 8.0 s")
        rows = it.rows()
        build = next(row for row in rows if "build" in row and "━" in row)
        web = next(row for row in rows if "web" in row and "━" in row)
        assert build.index("━") < web.index("━")


async def test_the_events_of_the_env_are_listed_newest_first() -> None:
    async with driven(answers=TRACE) as it:
        await open_search(it)
        text = it.text()
        assert text.index("worker exited 1 (5th)") < text.index("worker started, pid 5120")


async def test_a_service_is_chosen_and_restarted() -> None:
    answer = {"env": "search-index", "transition": "restart", "outcome": "succeeded"}
    async with driven(answers={**TRACE, "service": answer}) as it:
        await open_search(it)
        await it.press("k", "r")
        asked = await it.until_asked("service")
        assert asked["services"] == ["web"]
        assert asked["action"] == "restart"


async def test_opening_tells_the_scheduler_where_the_person_looks() -> None:
    async with driven(answers=TRACE) as it:
        await it.press("enter")
        await it.until(lambda: {"env": "shop/auth-refactor"} in it.client.asked("focus"))
        await it.press("escape")
        await it.until(lambda: {"env": None} in it.client.asked("focus"))


async def test_changes_are_shown_while_it_is_open() -> None:
    async with driven(answers=TRACE) as it:
        await open_search(it)
        old = scenes.search()
        view = msgspec.structs.replace(old.view, state=EnvState.WARM, reason=None)
        await it.say(Delta(envs=(msgspec.structs.replace(old, view=view),)))
        await it.until_shown("● warm")


async def test_an_env_that_goes_away_while_open_says_so() -> None:
    async with driven(answers=TRACE) as it:
        await open_search(it)
        await it.say(Delta(removed=("shop/search-index",)))
        await it.until_shown("This env is gone.")
        await it.press("w")
        await it.until_shown("no env is selected")
        await it.press("escape")
        await it.until_shown("8 envs")


async def test_without_a_trace_the_page_is_drawn_all_the_same() -> None:
    async with driven(answers={"trace": HiveError("nothing ran yet", code="not_found")}) as it:
        await open_search(it)
        assert "services" in it.text()


async def test_logs_and_failures_never_steer_the_terminal() -> None:
    old = scenes.search()
    assert old.failure is not None
    failure = msgspec.structs.replace(old.failure, tail=("\x1b[2Jboo [bold]x[/bold]\x07",))
    async with driven(scenes.snapshot([msgspec.structs.replace(old, failure=failure)])) as it:
        await it.press("enter")
        await it.until_shown("boo [bold]x[/bold]")
        assert "\x1b" not in it.text()


async def test_the_worst_service_is_chosen_at_first() -> None:
    async with driven(answers=TRACE) as it:
        await open_search(it)
        assert isinstance(it.app.screen, EnvironmentScreen)
        assert it.app.screen.service() == "worker"


async def test_the_last_lines_of_a_broken_service_are_fetched_without_asking() -> None:
    old = scenes.search()
    snapshot = scenes.snapshot([msgspec.structs.replace(old, failure=None)])
    async with driven(snapshot, answers={**TRACE, "logs": {}}) as it:
        it.client.events["logs"] = {"lines": [[scenes.NOW, "worker", "Ym9vbQ=="]]}
        await it.press("enter")
        await it.until_shown("│ boom")
        assert ["worker"] in [asked["sources"] for asked in it.client.asked("logs")]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_last_words_of_what_is_broken_are_seen_without_scrolling(
    size: tuple[int, int],
) -> None:
    old = scenes.search()
    failure = Failure("worker", "exit 1", tuple(f"line {at}" for at in range(20)))
    snapshot = scenes.snapshot([msgspec.structs.replace(old, failure=failure)])
    async with driven(snapshot, size=size, answers=TRACE) as it:
        await it.press("enter")
        await it.until_shown("│ line 19")
        await it.until_shown("r restart")
