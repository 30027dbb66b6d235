from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.app.actions import AREAS, DEFAULT
from hive_tui.app.keymap import Keymap, load, parse
from hive_tui.app.keynames import key_of, named, shown


def keys(found: Keymap, action: str) -> tuple[str, ...]:
    return found.registry.by_id[action].keys


def test_a_line_gives_an_action_other_keys() -> None:
    found = parse('"env.warm" = "W"\n"env.logs" = ["ctrl+e", "f5", "?"]\nenv.stop = "%"')
    assert found.problems == ("env.logs and app.help are both on '?' (fleet); env.logs keeps 'l'",)
    assert keys(found, "env.warm") == ("W",)
    assert keys(found, "env.logs") == ("l",)
    assert keys(found, "env.stop") == ("percent_sign",)
    assert found.registry.key("env.stop") == "%"
    assert keys(found, "env.cool") == ("c",)


def test_an_unknown_action_is_told_with_the_one_that_may_be_meant() -> None:
    found = parse('"env.wram" = "W"\n"env.cool" = "C"')
    assert found.problems == ("there is no action 'env.wram'; did you mean 'env.warm'?",)
    assert keys(found, "env.cool") == ("C",)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('"pgdwn"', "there is no key 'pgdwn'; did you mean 'pgdown'?"),
        ('"hyper+w"', "ctrl, shift and alt go before a key"),
        ('"ctrl+"', "there is no key 'ctrl+'"),
        ('"shift+1"', "write the character that it makes"),
        ('""', "a key in quotes is wanted"),
        ("3", "a key in quotes is wanted"),
        ("[]", "a key in quotes is wanted"),
        ("[1]", "a key in quotes is wanted"),
        ('"\\u0007"', "a control character is no name of a key"),
        ('"ctrl+c"', "ctrl+c cannot be had"),
        ('"ctrl+q"', "ctrl+q cannot be had"),
    ],
)
def test_what_is_no_key_is_told_and_the_usual_one_stays(value: str, told: str) -> None:
    found = parse(f'"env.warm" = {value}')
    assert len(found.problems) == 1
    assert found.problems[0].startswith("env.warm: ")
    assert told in found.problems[0]
    assert keys(found, "env.warm") == ("w",)


def test_a_keymap_that_clashes_with_itself_is_told_by_name_and_its_later_line_falls_back() -> None:
    found = parse('"env.warm" = "W"\n"env.cool" = "W"')
    assert found.problems == ("env.cool and env.warm are both on 'W' (fleet); env.cool keeps 'c'",)
    assert (keys(found, "env.warm"), keys(found, "env.cool")) == (("W",), ("c",))


def test_a_line_that_falls_back_takes_its_key_back_from_another_line() -> None:
    found = parse('"env.warm" = "c"\n"env.cool" = "D"')
    assert [problem.split(" ")[0] for problem in found.problems] == ["env.cool", "env.warm"]
    assert (keys(found, "env.warm"), keys(found, "env.cool")) == (("w",), ("c",))


def test_two_actions_may_swap_their_keys() -> None:
    found = parse('"env.warm" = "c"\n"env.cool" = "w"')
    assert found.problems == ()
    assert (keys(found, "env.warm"), keys(found, "env.cool")) == (("c",), ("w",))


def test_actions_of_different_screens_may_share_a_key() -> None:
    found = parse('"logs.hold" = "w"\n"service.restart" = "n"')
    assert found.problems == ()


@pytest.mark.parametrize(
    "text", ['"env.warm" = "c"\n"env.cool" = "t"', '"app.quit"="w"', '"tour.next"="escape"']
)
def test_whatever_is_written_no_key_of_a_screen_means_two_things(text: str) -> None:
    registry = parse(text).registry
    for area in AREAS:
        every = [key for action in registry.offered(area) for key in action.keys]
        assert len(every) == len(set(every))


@pytest.mark.parametrize(
    "text", ['"env.warm" = "W', '"env.warm" =', "= 3", "\x00", '"env.warm" = "W"\n"env.warm" = "X"']
)
def test_a_broken_or_half_written_file_is_told_once_and_nothing_of_it_is_used(text: str) -> None:
    found = parse(text)
    assert len(found.problems) == 1
    assert '"env.warm" = "W"' in found.problems[0]
    assert found.registry is DEFAULT


def test_a_file_that_cannot_be_read_is_told_and_one_that_is_not_there_is_fine(
    tmp_path: Path,
) -> None:
    assert load(tmp_path / "keymap.toml") == Keymap()
    assert load(None) == Keymap()
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in load(tmp_path / "folder").problems[0]
    (tmp_path / "latin").write_bytes(b'"env.warm" = "\xe4"')
    assert "UTF-8" in load(tmp_path / "latin").problems[0]


def test_the_digits_stay_where_they_are() -> None:
    assert "stay so" in parse('"fleet.jump" = "F"').problems[0]


def test_every_key_that_a_keyboard_has_can_be_written_as_it_is_shown() -> None:
    from textual.keys import _character_to_key

    for char in map(chr, range(33, 127)):
        assert named(char) == key_of(char) == _character_to_key(char)
        assert shown(named(char)) == char
    assert shown(named("§")) == "§"
    for name in ("escape", "pageup", "f5", "ctrl+e", "shift+tab", "space", "enter"):
        assert key_of(name) == name
    assert key_of("esc") == "escape"
    assert key_of("Shift+W") == "W"
    assert key_of("Ctrl+Alt+E") == "ctrl+alt+e"


def test_texts_name_the_keys_that_are_in_force() -> None:
    registry = parse('"env.warm" = "W"').registry
    assert registry.words("press {env.warm}, {no.such} {}") == "press W, {no.such} {}"
    assert "W, c, s, f and t" in registry.by_id["fleet.mark"].help


def test_the_example_in_the_docs_is_a_keymap_without_problems() -> None:
    page = (Path(__file__).parents[2] / "docs" / "screens.md").read_text("utf-8")
    example = page.partition("## Your own keys")[2].partition("```toml")[2].partition("```")[0]
    found = parse(example)
    assert found.problems == ()
    assert found.changed == 3
