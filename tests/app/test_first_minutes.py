"""A hive with nothing in it: how it begins, and the form for its first env."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.events import Paste
from textual.widgets import Checkbox, Input

from hive_tui.app.beginning import repository_without_toml
from hive_tui.app.screens.fleet import FleetScreen
from hive_tui.app.screens.new_environment import Branches, NewEnvironmentDialog, wrong_with
from hive_tui.app.screens.welcome import WelcomeScreen
from hive_tui.app.widgets.field import LONGEST, one_line
from hive_tui.model.errors import HiveError
from hive_tui.model.wire import Delta, HiveView, Snapshot
from tests.app import scenes
from tests.app.scripted import Driven, driven

NOTHING = scenes.snapshot([], project=False)
NO_ENV = scenes.snapshot([])
BRANCHES: dict[str, Any] = {
    "branches": ["main", "feature/old", "feature/taken"],
    "checked_out": ["main", "feature/taken"],
    "base": "main",
    "branch": "feature/{env}",
}


def a_program(folder: Path, text: str) -> tuple[str, ...]:
    """A stand-in for `hive`: a program of Python that gets its words."""
    file = folder / "program.py"
    file.write_text(text, "utf-8")
    return (sys.executable, str(file))


async def form(it: Driven) -> NewEnvironmentDialog:
    await it.until(lambda: isinstance(it.app.screen, NewEnvironmentDialog))
    assert isinstance(it.app.screen, NewEnvironmentDialog)
    return it.app.screen


# --- no project ----------------------------------------------------------------------------------


async def test_a_key_makes_the_demo_and_shows_what_it_does(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    program = (
        "import pathlib, sys, time\n"
        "print(*sys.argv[1:], file=sys.stderr, flush=True)\n"
        f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
        "print('\\x1b[31mevil\\x1b[0m', 'x' * 100000, file=sys.stderr, flush=True)\n"
    )
    async with driven(NOTHING) as it:
        it.app.demo.command = a_program(tmp_path, program)
        await it.press("d")
        await it.until_shown("demo --no-dashboard")
        assert "making it" in it.text()
        await it.press("d")
        assert it.app.notices[-1].text == "the demo is being made"
        await it.say(Delta(hive=scenes.snapshot().hive))
        await it.until(lambda: isinstance(it.app.screen, FleetScreen))
        gate.touch()
        await it.until(lambda: not it.app.demo.running)
        assert all(notice.severity != "error" for notice in it.app.notices)


async def test_a_demo_that_could_not_be_made_is_told_with_its_last_words(tmp_path: Path) -> None:
    async with driven(NOTHING) as it:
        it.app.demo.command = a_program(tmp_path, "raise SystemExit('a project of your own')")
        await it.press("d")
        await it.until(lambda: bool(it.app.notices))
        assert "the demo could not be made" in it.app.notices[-1].text
        assert "a project of your own" in it.app.notices[-1].text
        assert isinstance(it.app.screen, WelcomeScreen)
        it.app.demo.command = (str(tmp_path / "nowhere"),)
        await it.press("d")
        await it.until(lambda: "cannot be started" in it.app.notices[-1].text)


async def test_leaving_while_the_demo_is_made_interrupts_it(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    program = (
        "import signal, sys\n"
        "def end(*_):\n"
        f"    open({str(ended)!r}, 'w').close()\n"
        "    sys.exit(130)\n"
        "signal.signal(signal.SIGINT, end)\n"
        "print('ready', file=sys.stderr, flush=True)\n"
        "signal.pause()\n"
    )
    async with driven(NOTHING) as it:
        it.app.demo.command = a_program(tmp_path, program)
        await it.press("d")
        await it.until_shown("ready")
        it.app.workers.cancel_group(it.app, "demo")
        await it.until(ended.exists)


@pytest.mark.parametrize("where", [".", "src/deep"])
def test_a_repository_without_toml_is_found_from_any_of_its_folders(
    tmp_path: Path, where: str
) -> None:
    (tmp_path / "repo" / "src" / "deep").mkdir(parents=True)
    assert repository_without_toml(tmp_path / "repo" / where) is None
    (tmp_path / "repo" / ".git").touch()  # a file, as in a worktree
    assert repository_without_toml(tmp_path / "repo" / where) == tmp_path / "repo"
    (tmp_path / "repo" / "hive.toml").touch()
    assert repository_without_toml(tmp_path / "repo" / where) is None
    assert repository_without_toml(None) is None


async def test_a_key_writes_the_hive_toml_of_the_repository_here(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    answers = {"init": {"path": "/r/hive.toml", "text": ""}, "register": {"project": "r"}}
    async with driven(NOTHING, folder=tmp_path, answers=answers) as it:
        await it.until_shown("writes a hive.toml for")
        await it.press("i")
        asked = await it.until_asked("register")
        assert asked == {"cwd": str(tmp_path)}
        assert it.client.asked("init") == [{"cwd": str(tmp_path), "force": False}]
        assert any("wrote /r/hive.toml" in notice.text for notice in it.app.notices)


async def test_without_a_repository_the_key_says_what_to_do() -> None:
    async with driven(NOTHING) as it:
        await it.press("i")
        assert "cd there, then `hive`" in it.app.notices[-1].text
        assert it.client.asked("init") == []


# --- a project without an env --------------------------------------------------------------------


async def test_without_an_env_the_form_comes_up_once_and_esc_leaves_to_what_to_do() -> None:
    async with driven(NO_ENV) as it:
        await form(it)
        await it.press("escape")
        await it.until_shown("No env yet.")
        assert "n makes one" in it.text()
        await it.say(NO_ENV)
        assert isinstance(it.app.screen, FleetScreen)


async def test_the_form_gives_way_to_an_env_from_elsewhere_unless_something_was_typed() -> None:
    async with driven(NO_ENV) as it:
        await form(it)
        await it.say(Delta(envs=(scenes.auth(),)))
        await it.until(lambda: isinstance(it.app.screen, FleetScreen))
    async with driven(NO_ENV) as it:
        await form(it)
        await it.press("a")
        await it.say(Delta(envs=(scenes.auth(),)))
        assert isinstance(it.app.screen, NewEnvironmentDialog)


async def test_after_the_last_env_was_destroyed_no_form_comes_up() -> None:
    async with driven(scenes.snapshot([scenes.auth()])) as it:
        await it.say(Delta(removed=("shop/auth-refactor",)))
        await it.until_shown("No env yet.")
        assert isinstance(it.app.screen, FleetScreen)


# --- the form ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reuse", "told"),
    [
        ("new", False, None),
        ("old", False, "branch feature/old exists: tick below to work on it"),
        ("old", True, None),
        ("taken", True, "branch feature/taken is checked out in a worktree"),
        ("Bad name", False, "a to z"),
        ("", False, "a name is needed"),
        ("x" * 33, False, "at most 32"),
        ("there", False, "there exists already"),
    ],
)
def test_a_name_is_judged_by_envs_and_branches(name: str, reuse: bool, told: str | None) -> None:
    known = msgspec.convert(BRANCHES, Branches)
    wrong = wrong_with(name, frozenset({"there"}), known, reuse)
    assert (told is None and wrong is None) or (told or "-") in (wrong or "")


async def test_an_existing_branch_is_worked_on_once_that_was_ticked() -> None:
    async with driven(answers={"branches": BRANCHES}) as it:
        await it.press("n")
        dialog = await form(it)
        await it.until(lambda: dialog.query_one("#base", Input).placeholder == "main")
        await it.press(*"old")
        await it.until_shown("branch feature/old exists: tick below")
        await it.press("enter")
        assert it.client.asked("spawn") == []
        dialog.query_one("#reuse", Checkbox).toggle()
        await it.until_shown("none: the branch is as it is")
        await it.press("enter")
        asked = await it.until_asked("spawn")
        assert asked["reuse_branch"] is True
        assert "base" not in asked


async def test_the_base_is_completed_from_the_branches_and_a_stranger_is_told() -> None:
    async with driven(answers={"branches": BRANCHES}) as it:
        await it.press("n")
        dialog = await form(it)
        await it.until(lambda: dialog.query_one("#base", Input).suggester is not None)
        await it.press(*"new", "tab", *"feat")
        await it.until_shown("no local branch: a commit or a tag?")
        await it.until_shown("feature/old")
        await it.press("right", "enter")
        assert (await it.until_asked("spawn"))["base"] == "feature/old"


@pytest.mark.parametrize("answer", [HiveError("no"), {"branches": 3}, {}])
async def test_without_the_branches_the_form_works_all_the_same(answer: Any) -> None:
    async with driven(answers={"branches": answer}) as it:
        await it.press("n")
        await it.press(*"new", "enter")
        assert (await it.until_asked("spawn"))["name"] == "new"


@pytest.mark.parametrize(
    "pasted",
    [
        "one\ntwo\nthree",
        "\r\n\r\n  one\r\n",
        "\x1b[2J\x1b]0;title\x07\x00one",
        "x" * 10_000,
        "\n" * 10_000,
        "",
        "\u202eabc\u2028def",
        "\N{HONEYBEE}" * 3000,
    ],
)
async def test_whatever_is_pasted_is_one_short_line_and_breaks_nothing(pasted: str) -> None:
    async with driven() as it:
        await it.press("n")
        dialog = await form(it)
        field = dialog.query_one("#name", Input)
        field.post_message(Paste(pasted))
        await it.pilot.pause()
        assert len(field.value) <= LONGEST
        assert "\x1b" not in it.text()
        assert all(char.isprintable() for char in field.value)
        await it.press("enter", "escape")
        assert isinstance(it.app.screen, FleetScreen)


def test_a_paste_is_its_first_line_that_says_something() -> None:
    assert one_line("\n \n\tauth-refactor \nrest") == "auth-refactor"
    assert one_line("a\x1b[31mb") == "a·[31mb"
    assert one_line("\n\n") == ""


def test_the_scenes_are_those_that_are_meant() -> None:
    assert isinstance(NO_ENV, Snapshot)
    assert NO_ENV.hive.projects
    assert NOTHING.hive.projects == HiveView().projects
