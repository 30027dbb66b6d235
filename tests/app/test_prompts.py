from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hive_tui.app.prompt_history import KEPT, PromptHistory, remembered
from hive_tui.app.widgets.editor import LONGEST, Editor, plain_text
from hive_tui.config.prompts import DEFAULTS, templates
from hive_tui.model.agent import AgentState, QueuedPrompt
from hive_tui.model.environment import EnvDetail
from hive_tui.model.errors import NotFoundError
from hive_tui.model.wire import Snapshot
from tests.app import asking, scenes
from tests.app.scripted import Driven, driven

WORKING = asking.env("pay", 0, state=AgentState.WORKING, reason="editing")
OTHER = asking.env("zoo", 1, state=AgentState.IDLE)


def snapshot(*envs: EnvDetail) -> Snapshot:
    told = scenes.snapshot(envs or (WORKING, OTHER))
    project = msgspec.structs.replace(
        told.hive.projects[0], prompts={"simplify": "Make it simpler.", "review": "Read it."}
    )
    return msgspec.structs.replace(
        told, hive=msgspec.structs.replace(told.hive, projects=(project,))
    )


def editor(it: Driven) -> Editor:
    return it.app.screen.query_one(Editor)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"delivered": True}, "pay: delivered"),
        ({"queued": True, "id": "7"}, "pay: queued until its turn ends"),
        ({"delivered": False, "reason": "a draft stands in it"}, "not delivered: a draft stands"),
        (NotFoundError("no agent in pay"), "pay: no agent in pay"),
    ],
)
async def test_a_prompt_says_what_became_of_it(answer: object, told: str) -> None:
    async with driven(snapshot(), answers={"agent.send": answer}) as it:
        await it.press("i")
        await it.until_shown("Prompt for pay")
        await it.press(*"hello", "ctrl+j", *"there", "enter")
        asked = await it.until_asked("agent.send")
        assert asked == {"env": "shop/pay", "text": "hello\nthere"}
        await it.until_shown(told)


async def test_a_prompt_goes_to_all_marked_envs() -> None:
    async with driven(snapshot(), answers={"agent.send": {"delivered": True}}) as it:
        await it.press("space", "space", "i")
        await it.until_shown("Prompt for 2 agents")
        await it.press(*"go", "enter")
        await it.until(lambda: len(it.client.asked("agent.send")) == 2)
        await it.until_shown("2 envs: delivered")


async def test_nothing_is_no_prompt_and_escape_sends_nothing() -> None:
    async with driven(snapshot()) as it:
        await it.press("i")
        await it.press("enter")
        await it.until_shown("there is nothing to send yet")
        await it.press("x", "escape")
        await it.until_shown("enter open")
        assert not it.client.asked("agent.send")


async def test_templates_come_in_turn_and_replace_nothing_that_was_written() -> None:
    async with driven(snapshot()) as it:
        await it.press("i", "ctrl+t")
        assert editor(it).text == "Make it simpler."
        await it.press("ctrl+t")
        assert editor(it).text == "Read it."
        await it.press("!", "ctrl+t")
        assert editor(it).text == "Read it.!"
        await it.until_shown("a template would replace")


async def test_what_was_written_comes_again_and_the_draft_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "prompts.json"
    answers = {"agent.send": {"delivered": True}}
    async with driven(snapshot(), answers=answers, prompts=file) as it:
        for text in ("one", "two"):
            await it.press("i", *text, "enter")
            await it.until_shown("enter open")
    async with driven(snapshot(), answers=answers, prompts=file) as it:
        await it.press("i", *"draft", "up")
        assert editor(it).text == "two"
        await it.press("up", "up")
        assert editor(it).text == "one"
        await it.press("down", "down")
        assert editor(it).text == "draft"
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_queued_prompt_is_shown_and_taken_back_into_the_editor() -> None:
    queued = (QueuedPrompt("7", "add tests", scenes.ago(30)),)
    env = asking.env("pay", 0, state=AgentState.WORKING, agent={"queued": queued})
    async with driven(snapshot(env), answers={"agent.unqueue": {}}) as it:
        await it.press("i")
        await it.until_shown("queued  add tests")
        await it.press("ctrl+r")
        assert await it.until_asked("agent.unqueue") == {"env": "shop/pay", "id": "7"}
        await it.until(lambda: editor(it).text == "add tests")


async def test_one_that_was_delivered_meanwhile_stays_where_it_is() -> None:
    queued = (QueuedPrompt("7", "add tests", scenes.ago(30)),)
    env = asking.env("pay", 0, state=AgentState.WORKING, agent={"queued": queued})
    gone = NotFoundError("that prompt is delivered already")
    async with driven(snapshot(env), answers={"agent.unqueue": gone}) as it:
        await it.press("i", "ctrl+r")
        await it.until_shown("delivered already")
        assert editor(it).text == ""


async def test_an_env_without_an_agent_takes_no_prompt() -> None:
    async with driven() as it:
        await it.press("i")
        await it.until_shown("no agent runs in it")


def test_a_pasted_text_keeps_its_lines_and_loses_what_steers_a_terminal() -> None:
    assert plain_text("a\r\nb\x1b[2J\tc\u202e") == "a\nb[2J   c"
    assert len(plain_text("x" * (3 * LONGEST))) == LONGEST


def test_a_text_is_remembered_once_and_old_ones_go() -> None:
    texts: tuple[str, ...] = ()
    for at in range(2 * KEPT):
        texts = remembered(texts, str(at))
    assert len(remembered(texts, texts[0])) == KEPT
    assert remembered(texts, texts[0])[-1] == texts[0]


def test_a_broken_history_is_none_and_one_that_cannot_be_written_is_kept_here(
    tmp_path: Path,
) -> None:
    file = tmp_path / "prompts.json"
    file.write_text("[1, {")
    assert PromptHistory(file).texts == ()
    blocked = tmp_path / "file"
    blocked.write_text("")
    history = PromptHistory(blocked / "prompts.json")
    history.remember("kept")
    assert history.texts == ("kept",)


def test_templates_of_a_file_come_first_and_an_empty_one_takes_ours_away() -> None:
    own = templates({"fix": "Fix it.", "review": " ", "simplify": "Shorter."})
    assert list(own) == ["fix", "simplify", "add tests"]
    assert own["simplify"] == "Shorter."
    assert templates({}) == dict(DEFAULTS)
