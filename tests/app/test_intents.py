from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hive_tui.app.app import farewell
from hive_tui.app.screens.destroy import DestroyDialog
from hive_tui.app.screens.new_environment import NewEnvironmentDialog, wrong_with
from hive_tui.app.state import HiveState, fold
from hive_tui.model.errors import HiveError
from tests.app import scenes
from tests.app.scripted import driven, select


def ended(transition: str, outcome: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {
        "env": "e",
        "transition": transition,
        "outcome": outcome,
        "makespan_s": 8.1,
        "error": None,
        **more,
    }


@pytest.mark.parametrize(
    ("to", "key", "transition"),
    [
        ("checkout-flow", "w", "warm"),
        ("auth-refactor", "c", "cool"),
        ("old-idea", "c", "start"),
        ("auth-refactor", "s", "stop"),
        ("auth-refactor", "f", "freeze"),
        ("docs-site", "f", "thaw"),
    ],
)
async def test_a_key_asks_for_its_transition(to: str, key: str, transition: str) -> None:
    async with driven(answers={"transition": ended(transition)}) as it:
        await select(it, to)
        await it.press(key)
        asked = await it.until_asked("transition")
        assert asked == {"env": f"shop/{to}", "transition": transition, "wait": True}
        await it.until_shown(f"{to}: {transition} (8.1 s)")


@pytest.mark.parametrize(
    ("to", "key", "why"),
    [
        ("auth-refactor", "w", "it is warm already"),
        ("old-idea", "s", "it is stopped already"),
        ("old-idea", "f", "only a warm env can be frozen"),
        ("docs-site", "t", "hive.toml has no [tests] for it"),
        ("billing-v2", "D", "a transition is under way"),
    ],
)
async def test_a_key_that_is_not_possible_says_why_and_asks_nothing(
    to: str, key: str, why: str
) -> None:
    async with driven() as it:
        await select(it, to)
        await it.press(key)
        await it.until_shown(why)
        looking = {"focus", "trace", "logs"}
        assert [name for name, _ in it.client.calls if name not in looking] == []


async def test_an_error_shows_its_message_and_its_hint() -> None:
    error = HiveError("port 10000 is taken by nginx", hint="stop it, or hive doctor [x]")
    async with driven(answers={"transition": error}) as it:
        await select(it, "checkout-flow")
        await it.press("w")
        await it.until_shown("port 10000 is taken by nginx")
        assert "hive doctor [x]" in it.text()


async def test_a_transition_that_failed_shows_the_error_of_its_result() -> None:
    error = {"code": "failed", "message": "build failed", "hint": None, "env": "x"}
    answer = ended("warm", "failed", error=error)
    async with driven(answers={"transition": answer}) as it:
        await select(it, "checkout-flow")
        await it.press("w")
        await it.until_shown("checkout-flow: build failed")


async def test_tests_are_run_and_the_verdict_is_told() -> None:
    tests = [{"name": "unit", "state": "passed"}, {"name": "e2e", "state": "failed"}]
    async with driven(answers={"test": {"tests": tests, "outcome": "failed"}}) as it:
        await it.press("t")
        await it.until_shown("auth-refactor: e2e red")


async def test_a_new_env_is_asked_for_and_spawned_in_its_project() -> None:
    async with driven(answers={"spawn": ended("spawn")}) as it:
        await it.press("n")
        await it.until(lambda: isinstance(it.app.screen, NewEnvironmentDialog))
        await it.press(*"fix-7", "tab", *"dev", "enter")
        asked = await it.until_asked("spawn")
        assert asked == {
            "cwd": "/src/shop",
            "name": "fix-7",
            "base": "dev",
            "reuse_branch": False,
            "warm": True,
            "wait": True,
        }


async def test_a_name_that_will_not_do_is_refused_at_once() -> None:
    async with driven() as it:
        await it.press("n")
        await it.press(*"payments", "enter")
        await it.until_shown("payments exists already")
        assert it.client.asked("spawn") == []
        await it.press("escape")
        await it.until_shown("needs you (4)")


@pytest.mark.parametrize("name", ["", "A", "../x", "a b", "-a", "a" * 33, "é", "taken"])
def test_names_that_the_contract_does_not_allow(name: str) -> None:
    assert wrong_with(name, frozenset({"taken"})) is not None


async def test_destroy_shows_what_would_be_lost_and_wants_the_name() -> None:
    losses = {"nothing": False, "lines": ["2 commits on no other branch"]}
    answers = {"losses": losses, "destroy": ended("destroy", recovery="refs/hive/recovery/a")}
    async with driven(answers=answers) as it:
        await it.press("D")
        await it.until_shown("2 commits on no other branch")
        await it.press(*"auth", "enter")
        assert isinstance(it.app.screen, DestroyDialog)
        await it.press(*"-refactor", "enter")
        asked = await it.until_asked("destroy")
        assert asked["env"] == "shop/auth-refactor"
        assert asked["force"] is True
        await it.until_shown("refs/hive/recovery/a")


async def test_destroying_what_loses_nothing_is_not_forced() -> None:
    answers = {"losses": {"nothing": True, "lines": []}, "destroy": ended("destroy")}
    async with driven(answers=answers) as it:
        await it.press("D")
        await it.until_shown("Nothing would be lost")
        await it.press(*"auth-refactor", "enter")
        assert (await it.until_asked("destroy"))["force"] is False
        await it.until_shown("u takes it back")


async def test_while_losses_are_unknown_nothing_can_be_destroyed() -> None:
    async with driven(answers={"losses": HiveError("git does not answer")}) as it:
        await it.press("D")
        await it.until_shown("git does not answer")
        await it.press(*"auth-refactor", "enter")
        assert it.client.asked("destroy") == []
        await it.press("escape")


async def test_pasting_into_a_dialog_stays_in_its_field() -> None:
    async with driven(answers={"losses": {"nothing": True, "lines": []}}) as it:
        await it.press("D")
        await it.press("q", "w", "D")
        assert isinstance(it.app.screen, DestroyDialog)
        assert it.client.asked("transition") == []


async def test_the_last_destroyed_env_is_taken_back() -> None:
    async with driven(answers={"undo": {"env": "shop/old", "notes": ["port 1 was taken"]}}) as it:
        await it.press("u")
        await it.until_shown("shop/old is back, stopped;")
        await it.until_shown("port 1 was")


async def test_a_url_is_copied() -> None:
    async with driven(answers={"url": {"url": "http://127.0.0.1:10000"}}) as it:
        await it.press("y")
        await it.until_shown("copied http://127.0.0.1:10000")
        assert it.app.clipboard == "http://127.0.0.1:10000"


async def test_q_leaves_and_says_that_services_go_on() -> None:
    async with driven() as it:
        await it.press("q")
        assert it.app._exit
    told = farewell(fold(HiveState(), scenes.snapshot()))
    assert told.startswith("7 envs go on, 2 of them in transition.")
    assert farewell(HiveState()).startswith("Nothing runs.")


async def test_a_wrong_name_destroys_nothing_and_says_so() -> None:
    answers = {"losses": {"lines": [], "nothing": True}}
    async with driven(answers=answers) as it:
        await it.press("D")
        await it.until_shown("Nothing would be lost")
        await it.press(*"billing", "enter")
        await it.until_shown("that is not its name; type auth-refactor")
        assert it.client.asked("destroy") == []


async def test_the_palette_does_not_open_over_a_question() -> None:
    async with driven(answers={"losses": {"lines": [], "nothing": True}}) as it:
        await it.press("D", "ctrl+p")
        assert "Find an action" not in it.text()
        await it.press("escape", "ctrl+p")
        await it.until_shown("env: open")


async def test_without_a_terminal_to_give_the_shell_says_what_to_do_instead() -> None:
    found = {"variables": {"PORT": "10000"}, "secrets": [], "worktree": "/src"}
    async with driven(size=(200, 60), answers={"environ": found}) as it:
        await it.press("x")
        await it.until_shown("there is no terminal to give")
        assert it.app.notices[-1].text.startswith("there is no terminal to give; `hive run auth")


async def test_without_a_terminal_to_give_going_in_says_what_to_do_instead() -> None:
    found = {"command": ["true"], "window": "shell"}
    async with driven(size=(200, 60), answers={"terminal.open": found}) as it:
        await it.press("a")
        await it.until_shown("there is no terminal to give")
        assert "hive open auth-refactor shell" in it.app.notices[-1].text
        assert it.client.asked("terminal.open") == [{"env": "shop/auth-refactor", "window": None}]


async def test_fixed_ports_are_led_to_an_env_and_let_go_again() -> None:
    answer = {"forwards": [{"port": 3000, "name": "web"}, {"port": 8025, "name": "mail"}]}
    held = next(each for each in scenes.fleet() if each.view.name == "payments")
    envs = [
        msgspec.structs.replace(each, fixed_ports=(3000, 8025)) if each.id == held.id else each
        for each in scenes.fleet()
    ]
    async with driven(scenes.snapshot(envs), answers={"forward": answer}) as it:
        await it.until_shown("⇄ 3000 8025  web 17000")
        await select(it, "auth-refactor")
        await it.press("F")
        assert await it.until_asked("forward") == {"env": "shop/auth-refactor", "off": False}
        name = held.view.name
        await it.until_shown("auth-refactor: fixed ports 3000 to web")
        await it.until_shown(f"{name} had them")
        it.client.calls.clear()
        await select(it, name)
        await it.press("F")
        assert await it.until_asked("forward") == {"env": held.id, "off": True}
        await it.until_shown(f"{name}: let the fixed ports go: 3000, 8025")
