from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.app.notifying.means import program, run, sequence
from hive_tui.app.notifying.policy import Call, Calls, Settings
from hive_tui.app.notifying.settings import load
from hive_tui.app.triage.items import Item, Kind, items_of
from hive_tui.model.agent import AgentState
from tests.app import asking, scenes
from tests.app.scripted import driven

NOBODY: frozenset[str] = frozenset()
AT_ONCE = Settings(after_s=0.0, apart_s=0.0)
CALL = Call("hive: pay; done", "a\x1b]0;b")


def items(*names: str, state: AgentState = AgentState.DONE) -> list[Item]:
    envs = [asking.env(name, at, state=state) for at, name in enumerate(names)]
    return [item for env in envs for item in items_of(env)]


def test_what_is_there_at_the_start_does_not_call_and_what_comes_calls_once() -> None:
    calls = Calls()
    assert calls.due(items("a"), AT_ONCE, 0.0, NOBODY) is None
    call = calls.due(items("a", "b"), AT_ONCE, 1.0, NOBODY)
    assert call is not None
    assert call.title == "hive: b: done"
    assert calls.due(items("a", "b"), AT_ONCE, 2.0, NOBODY) is None


def test_what_is_answered_in_time_does_not_call() -> None:
    calls, settings = Calls(), Settings(after_s=5.0, apart_s=0.0)
    calls.due([], settings, 0.0, NOBODY)
    assert calls.due(items("a"), settings, 1.0, NOBODY) is None
    assert calls.due([], settings, 4.0, NOBODY) is None
    assert calls.due(items("a"), settings, 7.0, NOBODY) is None
    assert calls.due(items("a"), settings, 12.0, NOBODY) is not None


def test_what_comes_soon_after_a_call_is_in_the_next_one_together() -> None:
    calls, settings = Calls(), Settings(after_s=0.0, apart_s=30.0)
    calls.due([], settings, 0.0, NOBODY)
    assert calls.due(items("a"), settings, 1.0, NOBODY) is not None
    assert calls.due(items("a", "b", "c", "d", "e"), settings, 2.0, NOBODY) is None
    call = calls.due(items("a", "b", "c", "d", "e"), settings, 31.0, NOBODY)
    assert call == Call("hive: 4 things need you", "b: done, c: done, d: done, and 1 more")


def test_the_env_on_the_screen_does_not_call_also_not_later() -> None:
    calls = Calls()
    calls.due([], AT_ONCE, 0.0, NOBODY)
    assert calls.due(items("a"), AT_ONCE, 1.0, frozenset({"shop/a"})) is None
    assert calls.due(items("a"), AT_ONCE, 2.0, NOBODY) is None


def test_only_the_kinds_of_the_settings_call() -> None:
    calls, settings = Calls(), Settings(on=(Kind.ERROR,), after_s=0.0, apart_s=0.0)
    calls.due([], settings, 0.0, NOBODY)
    assert calls.due(items("a"), settings, 1.0, NOBODY) is None
    assert calls.due(items("a", state=AgentState.ERROR), settings, 2.0, NOBODY) is not None


def test_the_settings_are_read_and_a_broken_file_leaves_all_as_usual(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    assert load(file) == (Settings(), None)
    file.write_text('[notify]\ndesktop = false\non = ["error", "healing gave up"]\n')
    settings, wrong = load(file)
    assert wrong is None
    assert settings == Settings(desktop=False, on=(Kind.ERROR, Kind.GAVE_UP))
    for text in ("[notify", "[notify]\nbel = true", '[notify]\non = ["errors"]', "\x00"):
        file.write_text(text)
        settings, wrong = load(file)
        assert settings == Settings()
        assert wrong is not None
        assert "as usual" in wrong


def which(name: str) -> str:
    return f"/bin/{name}"


@pytest.mark.parametrize(
    ("environ", "platform", "begins"),
    [
        ({"DISPLAY": ":0"}, "linux", ["/bin/notify-send", "--app-name=hive", "--"]),
        ({}, "darwin", ["/bin/osascript", "-e"]),
        ({}, "linux", None),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "x"}, "linux", None),
    ],
)
def test_the_platform_s_own_program_tells_where_there_is_one(
    environ: dict[str, str], platform: str, begins: list[str] | None
) -> None:
    command = program(CALL, environ, which, platform)
    if begins is None:
        assert command is None
        return
    assert command is not None
    assert list(command[: len(begins)]) == begins
    assert list(command[-2:]) == ["hive: pay; done", "a·]0;b"]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TERM_PROGRAM": "WezTerm"}, "\x1b]9;hive: pay; done: a·]0;b\x1b\\"),
        ({"TERM": "foot"}, "\x1b]777;notify;hive: pay, done;a·]0,b\x1b\\"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM_PROGRAM": "WezTerm", "TMUX": "x"}, ""),
    ],
)
def test_a_terminal_is_told_in_its_own_way_or_not_at_all(
    environ: dict[str, str], told: str
) -> None:
    assert sequence(CALL, environ) == told


async def test_a_program_that_fails_or_is_not_there_is_no_error() -> None:
    assert await run(["true"])
    assert not await run(["false"])
    assert not await run(["/no/such/program"])


async def test_the_dashboard_rings_for_what_comes_and_not_for_the_env_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[notify]\ndesktop = false\nafter_s = 0\napart_s = 0\n")
    idle = [asking.env(name, at, state=AgentState.IDLE) for at, name in enumerate(("a", "b"))]
    async with driven(scenes.snapshot(idle), settings=file, answers={"agent.seen": {}}) as it:
        rung: list[int] = []
        monkeypatch.setattr(it.app, "bell", lambda: rung.append(1))
        it.app.call_if_due()
        await it.press("1", "enter")
        await it.until_shown("from main")
        await it.say(scenes.snapshot([asking.env("a", 0, asking.NPM), idle[1]]))
        it.app.call_if_due()
        assert rung == []
        await it.say(
            scenes.snapshot([asking.env("a", 0, asking.NPM), asking.env("b", 1, asking.DATABASE)])
        )
        it.app.call_if_due()
        assert rung == [1]
