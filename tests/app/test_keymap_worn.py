"""The user's keys on the screens: shown everywhere, taken up live, told where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandPalette

from hive_tui.app.actions import AREAS, DEFAULT
from tests.app.scripted import driven

ANSWERS = {"transition": {"outcome": "unchanged"}}


def keymap(folder: Path, text: str) -> Path:
    file = folder / "keymap.toml"
    file.write_text(text, "utf-8")
    return file


async def test_foot_help_and_palette_show_the_users_key_and_it_works(tmp_path: Path) -> None:
    file = keymap(tmp_path, '"env.stop" = ["ctrl+x", "f9"]')
    async with driven(size=(160, 50), keys=file, answers=ANSWERS) as it:
        assert "ctrl+x stop" in it.rows()[-1]
        await it.press("s")
        assert it.client.asked("transition") == []
        await it.press("ctrl+x", "f9")
        assert [one["transition"] for one in it.client.asked("transition")] == ["stop", "stop"]
        await it.press("question_mark")
        await it.until_shown("ctrl+x f9")
        await it.press("escape", "ctrl+p")
        await it.until(lambda: isinstance(it.app.screen, CommandPalette))
        await it.press(*"env: stop")
        await it.until_shown("ctrl+x  Stop all of it.")


async def test_the_palette_itself_moves_to_another_key(tmp_path: Path) -> None:
    async with driven(keys=keymap(tmp_path, '"app.palette" = ":"')) as it:
        await it.press("ctrl+p")
        assert not isinstance(it.app.screen, CommandPalette)
        await it.press("colon")
        await it.until(lambda: isinstance(it.app.screen, CommandPalette))


async def test_a_keymap_that_clashes_is_one_toast_and_the_usual_key_works(tmp_path: Path) -> None:
    file = keymap(tmp_path, '"env.warm" = "W"\n"env.stop" = "W"')
    async with driven(keys=file, answers=ANSWERS) as it:
        assert len(it.app.notices) == 1
        assert "env.stop and env.warm are both on 'W'" in it.app.notices[0].text
        await it.press("right", "W", "s")
        asked = [one["transition"] for one in it.client.asked("transition")]
        assert asked == ["warm", "stop"]


async def test_the_file_is_taken_up_as_it_is_saved_broken_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "keymap.toml"
    async with driven(keys=file, answers=ANSWERS) as it:
        keymap(tmp_path, '"env.stop" = "Z"')
        it.app.own_files.reload()
        await it.until_shown("Z stop")
        keymap(tmp_path, '"env.stop" = "Z')
        it.app.own_files.reload()
        await it.until_shown("s stop")
        assert len(it.app.notices) == 1
        assert "keymap.toml" in it.app.notices[0].text
        it.app.own_files.reload()
        assert len(it.app.notices) == 1
        keymap(tmp_path, '"env.stop" = "f7"')
        it.app.own_files.reload()
        await it.until_shown("f7 stop")
        file.unlink()
        it.app.own_files.reload()
        await it.until_shown("s stop")
        await it.press("s")
        assert it.client.asked("transition")[0]["transition"] == "stop"


async def test_many_problems_are_still_one_toast(tmp_path: Path) -> None:
    file = keymap(tmp_path, "\n".join(f'"no.such{at}" = "x"' for at in range(30)))
    async with driven(keys=file) as it:
        assert len(it.app.notices) == 1
        assert "and 27 more; `hive doctor` names them all" in it.app.notices[0].text


async def test_a_toast_shows_and_can_be_read_again_with_the_users_key(tmp_path: Path) -> None:
    async with driven(keys=keymap(tmp_path, '"env.undo" = "U"\n"app.messages" = "M"')) as it:
        assert it.app.intents._words("{env.undo} takes it back") == "U takes it back"
        it.app.notify("hello")
        await it.press("M")
        await it.until_shown("hello")


WAYS: dict[str, tuple[str, ...]] = {
    "fleet": (),
    "env": ("enter",),
    "logs": ("l",),
    "help": ("question_mark",),
    "messages": ("m",),
}


@pytest.mark.parametrize("area", WAYS)
async def test_every_key_that_is_not_possible_says_why(area: str) -> None:
    assert area in AREAS
    async with driven() as it:
        await it.press(*WAYS[area])
        it.client.link("reconnecting", "gone")
        await it.until(lambda: it.app.state.out_of_date)
        screen = it.app.screen
        for action in DEFAULT.offered(area):
            why = action.refusal(screen.situation())  # type: ignore[attr-defined]
            if why is None:
                continue
            await it.press(action.keys[0])
            assert it.app.notices[-1].text == DEFAULT.words(why), action.id
            assert it.app.screen is screen
        assert it.client.asked("transition") == []
