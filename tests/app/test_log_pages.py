"""The log pane over real files: paged, filtered and searched to their start, and to their end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key, MouseScrollUp

from tests.app import scenes
from tests.app.logged import logged

MANY = 30_000


async def test_scrolling_up_goes_past_what_it_was_opened_with(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.number("api", 6000)
        view = await it.open("row0005999")
        for _ in range(4000):
            view.scroll_lines(-1)
            if view.first == view._ring.first:
                await it.pilot.pause(0.005)
        await it.until_shown("row0001999")
        assert "held" in it.text()
        assert "% of" in it.text()


async def test_home_is_the_real_start_and_end_the_real_end(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.number("api", MANY)
        await it.open(f"row{MANY - 1:07d}")
        await it.press("home")
        await it.until_shown("row0000000")
        assert "at 0% of" in it.text()
        await it.press("pagedown")
        assert "row0000031" in it.text()
        await it.press("end")
        await it.until_shown(f"row{MANY - 1:07d}")
        assert "following" in it.text()


async def test_from_the_start_down_to_the_end_every_line_comes_once_and_it_follows_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hive_tui.app.log_feed.FIRST_LINES", 100)
    monkeypatch.setattr("hive_tui.app.log_feed.PAGE", 50)
    async with logged(tmp_path) as it:
        it.number("api", 800)
        view = await it.open("row0000799")
        await it.press("home")
        await it.until_shown("row0000000")
        seen: list[str] = []
        for _ in range(99):
            for row in it.rows():
                at = row.find("row0")
                if at >= 0 and row[at : at + 10] not in seen[-80:]:
                    seen.append(row[at : at + 10])
            if view.following:
                break
            await it.press("pagedown")
        assert seen == [f"row{at:07d}" for at in range(800)]
        it.write("api", b"and on")
        await it.until_shown("and on")


async def test_what_is_searched_is_found_far_before_what_is_held_in_memory(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"the Needle")
        it.number("api", MANY)
        view = await it.open(f"row{MANY - 1:07d}")
        await it.press("slash", *"needle", "enter")
        await it.until_shown("the Needle")
        await it.until_shown("1+ lines with “needle”")
        assert not view.following
        await it.press("n")
        await it.until_shown("no match above")


async def test_searching_down_from_the_start_finds_what_is_not_read_yet(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.number("api", MANY)
        it.write("api", b"the Needle")
        it.number("api", 3000)
        await it.open("row0002999")
        await it.press("home")
        await it.until_shown("row0000000")
        await it.press("slash", *"needle", "enter")
        await it.until_shown("no match above")
        await it.press("N")
        await it.until_shown("the Needle")
        await it.press("N")
        await it.until_shown("no match below")


async def test_e_goes_to_errors_that_were_never_on_the_screen(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"ERROR the first")
        it.number("api", MANY)
        await it.open(f"row{MANY - 1:07d}")
        await it.press("e")
        await it.until_shown("ERROR the first")
        await it.press("E")
        await it.until_shown("no error below")


async def test_a_long_search_tells_how_far_it_is_and_esc_ends_it_where_one_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hive_tui.daemon.log_pages.LOOK_S", 0.0)  # a region a page
    async with logged(tmp_path) as it:
        it.number("api", 200_000)
        view = await it.open("row0199999")
        it.pages.budget = asyncio.Semaphore(12)
        await it.press("slash", *"nowhere", "enter")
        await it.until_shown("searching back … 3 of 15 MB, esc cancels")
        await it.press("escape")
        await it.until(lambda: "searching" not in it.text())
        assert view.following
        assert "row0199999" in it.text()
        asked = len(it.client.asked("logs.page"))
        it.write("api", b"it goes on")
        await it.until_shown("it goes on")
        assert len(it.client.asked("logs.page")) == asked


async def test_a_filter_shows_as_one_types_only_lines_with_the_text(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"GET /old")
        it.number("api", MANY)
        it.write("api", b"GET /new", b"\x1b[32mG\x1b[0mET /colour", b"POST")
        await it.open("POST")
        await it.press("ampersand", *"get")
        await it.until_shown("GET /old")
        text = it.text()
        assert "GET /new" in text
        assert "GET /colour" in text
        assert "POST" not in text
        assert "row00" not in text
        await it.press("enter")
        await it.until_shown("only “get”")
        it.write("api", b"quiet", b"get on")
        await it.until_shown("get on")
        assert "quiet" not in it.text()
        await it.press("escape")
        await it.until_shown("quiet")
        assert f"row{MANY - 1:07d}" in it.text()


async def test_esc_while_a_filter_is_typed_takes_the_one_before_back(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"one red", b"one blue", b"two red")
        await it.open("two red")
        await it.press("ampersand", *"one", "enter")
        await it.until(lambda: "two red" not in it.text())
        await it.press("ampersand", *" red")
        await it.until(lambda: "one blue" not in it.text())
        await it.press("escape")
        await it.until_shown("one blue")
        assert "only “one”" in it.text()


async def test_a_filter_keeps_the_place_one_looks_at(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", *(b"row%05d %s" % (n, b"odd" if n % 2 else b"even") for n in range(4000)))
        view = await it.open("row03999")
        view.scroll_lines(-1000)
        await it.until_shown("row02999")
        await it.press("ampersand", *"odd", "enter")
        await it.until_shown("row02999 odd")
        assert "row02998" not in it.text()
        await it.press("escape")
        await it.until_shown("row02998")
        assert "row02999" in it.text()
        assert "row03001" not in it.text()


async def test_search_within_a_filter_finds_only_what_the_filter_shows(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"keep needle one", b"needle two")
        it.number("api", 4000)
        it.write("api", b"keep last")
        await it.open("keep last")
        await it.press("ampersand", *"keep", "enter")
        await it.until_shown("keep needle one")
        await it.press("slash", *"needle", "enter")
        await it.until_shown("1 line with “needle”")
        await it.press("n")
        await it.until_shown("no match above")


async def test_levels_hide_what_is_less_grave_and_come_round(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"calm", b"WARN slow", b"ERROR boom")
        await it.open("boom")
        await it.press("v")
        await it.until_shown("warnings and errors")
        assert "calm" not in it.text()
        assert "slow" in it.text()
        await it.press("v")
        await it.until_shown("errors only")
        assert "slow" not in it.text()
        it.write("api", b"quiet", b"fatal: late")
        await it.until_shown("late")
        assert "quiet" not in it.text()
        await it.press("v")
        await it.until_shown("calm")
        assert "quiet" in it.text()


async def test_a_service_is_hidden_and_shown_by_its_number(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"from api", at=1000.0)
        it.write("web", b"from web", at=1001.0)
        await it.open("from web")
        await it.press("1")
        await it.until_shown("api off")
        assert "from api" not in it.text()
        await it.press("2")
        await it.until_shown("web off")
        assert "from web" not in it.text()
        await it.press("1", "2")
        await it.until_shown("from api")
        assert "from web" in it.text()


async def test_services_are_merged_by_time_however_far_one_scrolls(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        for at in range(3000):
            it.write(("api", "web", "db")[at % 3], b"row%07d" % at, at=1000.0 + at)
        view = await it.open("row0002999")
        await it.press("home")
        await it.until_shown("row0000000")
        shown = [row[row.find("row0") :][:10] for row in it.rows() if "row0" in row]
        assert shown == [f"row{at:07d}" for at in range(len(shown))]
        view.scroll_lines(1500)
        await it.pilot.pause()
        shown = [row[row.find("row0") :][:10] for row in it.rows() if "row0" in row]
        assert len(shown) > 20
        assert [int(row[3:]) for row in shown] == list(
            range(int(shown[0][3:]), int(shown[0][3:]) + len(shown))
        )


async def test_a_line_that_is_not_finished_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"whole")
        await it.open("whole")
        it.write("api", b"password: ", end=b"")
        await it.until_shown("password:")
        it.write("api", b"given")
        await it.until_shown("password: given")
        assert it.text().count("password") == 1


async def test_held_it_keeps_its_lines_however_much_is_written_below(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.number("api", 100)
        view = await it.open("row0000099")
        view._ring._most = 1000
        await it.press("f")
        before = [row for row in it.rows() if "row00" in row]
        for _ in range(4):
            it.write("api", *(b"later%07d" % at for at in range(3000)))
        await it.until_shown("kB below")
        assert [row for row in it.rows() if "row00" in row] == before
        await it.press("f")
        await it.until_shown("later0002999")


async def test_resizing_keeps_the_place(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.number("api", 1000)
        view = await it.open("row0000999")
        view.scroll_lines(-500)
        await it.pilot.pause()
        first = view.first
        for size in ((80, 12), (200, 50), (20, 5), (120, 36)):
            await it.pilot.resize_terminal(*size)
            await it.pilot.pause()
            assert view.first == first
        await it.press("slash", *"row0000123", "enter")
        await it.until_shown("1 line with")
        for size in ((80, 12), (200, 50), (40, 14)):
            await it.pilot.resize_terminal(*size)
            await it.pilot.pause()
            assert "row0000123" in it.text()


async def test_a_match_far_to_the_right_is_brought_into_sight(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"x" * 9000 + b"needle" + b"y" * 900, b"short")
        await it.open("short")
        await it.press("slash", *"needle", "enter")
        await it.until_shown("xneedley")
        await it.press("n")
        await it.until_shown("no match above")


ODD = [
    "日本語のログ" * 40,
    "e\u0301" * 90 + "z",
    "Z" + "\u0316\u0317\u0318\u0319" * 400,
    "שלום עולם مرحبا",
    "👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽 🇩🇪" * 9,
    "\u1100\u1161\u11a8" * 30,
    "a\u202eb\u2066c\u2028d\ufeff",
    "\t\ttabs\tand\ttabs",
]


@pytest.mark.parametrize("size", [(120, 36), (61, 20), (20, 8)])
async def test_no_line_breaks_the_alignment(tmp_path: Path, size: tuple[int, int]) -> None:
    async with logged(tmp_path, size=size) as it:
        it.write("api", *(line.encode() for line in ODD))
        it.write(
            "api",
            b"\xff\xfe\xc3(\xf0\x9f",
            b"nul \x00\x00 nul",
            b"\x1b[31",
            b"\x1b]0;t",
            b"\x1b[999C\x1b[2Jx",
            b"m" * 1_000_000,
            bytes(1_000_000),
        )
        it.write("api", b"last")
        view = await it.open("last")
        for _ in range(16):
            for y in range(view.size.height):
                strip = view.render_line(y)
                assert strip.cell_length == view.size.width
                assert strip.text.isprintable()
            await it.press("right")
            view.scroll_lines(-10)


async def test_a_flood_of_long_lines_stays_within_its_bound(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        await it.press("l")
        for at in range(60):
            it.write("api", b"%d" % at * 500_000)
        it.write("api", b"the end")
        await it.until_shown("the end")
        ring = it.view._ring
        assert sum(len(line.text) for line in ring.shown) <= 15_000_000


async def test_after_the_daemon_came_back_it_goes_on_where_it_was(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.number("api", 100)
        await it.open("row0000099")
        await it.press("f")
        it.client.link("reconnecting", "the daemon ended")
        await it.until_shown("reconnecting")
        assert "row0000099" in it.text()
        it.client.hang_up()
        it.write("api", b"meanwhile")
        await it.say(scenes.snapshot())

        def followed() -> list[dict[str, Any]]:
            return [asked for asked in it.client.asked("logs") if asked["follow"]]

        await it.until(lambda: len(followed()) == 2)
        assert followed()[-1]["from"]["api"] in (7200, 7210)
        await it.press("f")
        await it.until_shown("meanwhile")
        assert it.text().count("row0000099") == 1


async def test_what_is_typed_ahead_of_the_field_belongs_to_it(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.write("api", b"the first needle", b"last")
        view = await it.open("last")
        for key in ("slash", *"first"):
            it.app.post_message(Key(key, key if len(key) == 1 else "/"))
        await it.until(lambda: view.needle == "first")
        assert view.following


async def test_the_wheel_moves_the_log(tmp_path: Path) -> None:
    async with logged(tmp_path) as it:
        it.number("api", 100)
        view = await it.open("row0000099")
        await it.pilot._post_mouse_events([MouseScrollUp], "#log")
        assert not view.following
