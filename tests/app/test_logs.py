from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import pytest

from hive_tui.app.ansi import decode
from hive_tui.app.ring import parse_lines
from hive_tui.app.screens.logs import LogsScreen
from hive_tui.app.widgets.log_view import LogView
from hive_tui.model.levels import Level, level_of
from tests.app import scenes
from tests.app.scripted import Driven, driven


def event(lines: Iterable[tuple[str, bytes]], at: float = scenes.NOW) -> dict[str, Any]:
    return {
        "lines": [[at, source, base64.b64encode(text).decode()] for source, text in lines],
    }


def many(count: int, source: str = "api", start: int = 0) -> dict[str, Any]:
    return event((source, f"line {at}".encode()) for at in range(start, start + count))


async def open_logs(it: Driven) -> LogView:
    await it.press("l")
    await it.until(lambda: isinstance(it.app.screen, LogsScreen) and bool(it.client.listeners))
    return it.app.screen.query_one(LogView)


async def tell(it: Driven, what: dict[str, Any], shown: str) -> None:
    it.client.listeners[-1](what)
    await it.until_shown(shown)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (20, 5)])
async def test_it_follows_the_end_of_all_services(size: tuple[int, int]) -> None:
    async with driven(size=size) as it:
        await open_logs(it)
        (asked,) = (call for call in it.client.asked("logs") if call["follow"])
        assert (asked["env"], asked["sources"]) == ("shop/auth-refactor", [])
        await tell(it, many(500), "line 499")
        await tell(it, many(1, start=500), "line 500")


async def test_from_the_env_screen_the_chosen_service_alone_is_followed() -> None:
    async with driven() as it:
        await it.press("enter", "j")
        await open_logs(it)
        assert it.client.asked("logs")[-1]["sources"] == ["api"]


async def test_from_one_service_to_all_and_back() -> None:
    async with driven() as it:
        await it.press("enter")
        await open_logs(it)
        assert "nothing written yet" in it.text()
        await it.press("a")
        await it.until(lambda: len(it.client.listeners) == 2)
        followed = [asked["sources"] for asked in it.client.asked("logs") if asked["follow"]]
        assert followed == [["db"], []]


async def test_held_it_stays_where_it_is_and_says_how_far_behind() -> None:
    async with driven() as it:
        await open_logs(it)
        await tell(it, many(100), "line 99")
        await it.press("f")
        await tell(it, many(50, start=100), "50 lines below")
        assert "held" in it.text()
        assert "line 99" in it.text()
        assert "line 149" not in it.text()
        await it.press("f")
        await it.until_shown("line 149")
        assert "following" in it.text()


async def test_scrolling_up_holds_and_the_end_follows_again() -> None:
    async with driven() as it:
        view = await open_logs(it)
        await tell(it, many(100), "line 99")
        await it.press("pageup")
        assert not view.following
        assert "line 99" not in it.text()
        await it.press("home")
        assert "line 0" in it.text()
        await it.press("end")
        assert view.following


async def test_searching_marks_counts_and_goes_to_the_match_above() -> None:
    async with driven() as it:
        await open_logs(it)
        await tell(it, event([("api", b"boot"), ("api", b"Needle one")]), "Needle one")
        await tell(it, many(100), "line 99")
        await it.press("slash", *"needle", "enter")
        await it.until_shown("1 line with “needle”")
        assert "Needle one" in it.text()
        await it.press("n")
        await it.until_shown("no match above")
        await it.press("escape")
        assert "with “needle”" not in it.text()


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b"GET / 200", Level.ALL),
        (b"12:00 ERROR boom", Level.ERROR),
        (b"\x1b[31merror\x1b[0m: expected `;`", Level.ERROR),
        (b"ValueError: 3", Level.ERROR),
        (b"Traceback (most recent call last):", Level.ERROR),
        (b"thread 'main' panicked at src/main.rs", Level.ERROR),
        (b"level=warning msg=slow", Level.WARNING),
        (b"compiled with 0 errors", Level.ALL),
        (b"terror in the night", Level.ALL),
        (b"x" * 100_000 + b" error", Level.ALL),
    ],
)
def test_the_level_of_a_line_is_in_its_words(line: bytes, level: Level) -> None:
    assert level_of(line) is level


async def test_e_goes_from_error_to_error_and_lifts_the_line() -> None:
    async with driven() as it:
        view = await open_logs(it)
        await tell(it, many(100), "line 99")
        await tell(it, event([("api", b"ERROR second")]), "ERROR second")
        await tell(it, many(100, start=200), "line 299")
        await it.press("e")
        await it.until_shown("ERROR second")
        assert not view.following
        await it.press("e")
        await it.until_shown("no error above")
        await it.press("end")
        assert view.following


async def test_a_window_moved_to_the_right_says_its_column() -> None:
    async with driven() as it:
        await open_logs(it)
        await tell(it, event([("api", b"0123456789abcdef")]), "0123456789")
        await it.press("right")
        await it.until_shown("from column 9")
        assert "01234567" not in it.text()


async def test_what_steers_terminals_is_neutralised_and_colours_are_kept() -> None:
    async with driven() as it:
        await open_logs(it)
        raw = b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m \x9b5n \xff\xfe bell\x07 [bold]x[/bold]"
        await tell(it, event([("api", raw)]), "red")
        text = it.text()
        assert "title" not in text
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[bold]x[/bold]" in text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain", "plain"),
        (b"10%\r50%\r100%", "100%"),
        (b"done\r", "done"),
        (b"a\tb", "a       b"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b[8mhidden\x1b[0m", "hidden"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1bPdevice\x1b\\after", "after"),
        ("\u202eabc".encode(), "·abc"),
        (b"\xff", "\ufffd"),
        (b"", ""),
    ],
)
def test_one_line_as_it_is_shown(raw: bytes, shown: str) -> None:
    assert decode(raw).plain == shown


def test_hidden_and_blinking_text_is_shown_still() -> None:
    line = decode(b"\x1b[8;5mx")
    styles = [span.style for span in line.spans]
    assert any(getattr(style, "conceal", None) is False for style in styles)


def test_a_line_of_a_megabyte_is_cut() -> None:
    assert len(decode(b"x" * 1_000_000).plain) < 5000


def test_what_is_not_a_line_is_left_out() -> None:
    odd = {"lines": [[1, "a", "YQ=="], [1, "a"], ["x", "a", "YQ=="], None, [1, "a", "%"]]}
    assert [line.text for line in parse_lines(odd)][:1] == [b"a"]
    assert parse_lines(None) == []


async def test_lines_of_several_services_may_come_a_little_out_of_order() -> None:
    async with driven() as it:
        await open_logs(it)
        await tell(it, event([("api", b"later")], scenes.NOW), "later")
        await tell(it, event([("web", b"earlier")], scenes.NOW - 0.04), "earlier")
