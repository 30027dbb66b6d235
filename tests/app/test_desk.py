from __future__ import annotations

import msgspec
import pytest

from hive_tui.app.actions import offered
from hive_tui.app.screens.triage import TriageScreen
from hive_tui.app.triage.guard import SEEN_S
from hive_tui.model.agent import AgentState, Ask, AskKind
from hive_tui.model.environment import EnvState
from hive_tui.model.errors import NotFoundError
from tests.app import asking, scenes
from tests.app.scripted import Driven, driven

DELIVERED = {"agent.answer": {"delivered": True}, "agent.seen": {}}


class Moments:
    """Monotonic seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self) -> None:
        """As long as it takes to see what is there."""
        self.now += SEEN_S


async def open_desk(it: Driven) -> TriageScreen:
    await it.press("N")
    await it.until(lambda: isinstance(it.app.screen, TriageScreen))
    await it.pilot.pause()
    screen = it.app.screen
    assert isinstance(screen, TriageScreen)
    return screen


THREE = (
    asking.env("pay", 0, asking.NPM, age_s=60),
    asking.env("shop-ui", 1, asking.DATABASE, age_s=60),
    asking.env("docs", 2, state=AgentState.DONE, reason="wrote the guide", age_s=60),
)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60), (40, 12)])
@pytest.mark.parametrize("plain", [False, True])
async def test_the_desk_shows_the_queue_and_the_question_in_every_size(
    size: tuple[int, int], plain: bool
) -> None:
    async with driven(scenes.snapshot(THREE), size=size, plain=plain) as it:
        screen = await open_desk(it)
        assert "pay" in it.text()
        assert "Bash(npm test)" in it.text()
        assert all(len(row) <= size[0] for row in it.rows())
        assert {action.id for action in offered("triage")} <= set(screen.deeds())
        assert it.text().isascii() or not plain


async def test_one_key_answers_and_the_next_one_comes_by_itself() -> None:
    moments = Moments()
    async with driven(scenes.snapshot(THREE), answers=DELIVERED, moments=moments) as it:
        await open_desk(it)
        moments.pass_by()
        await it.press("y")
        assert await it.until_asked("agent.answer") == {
            "env": "shop/pay",
            "ask": "p1",
            "choice": "once",
        }
        await it.until_shown("Which database?")
        assert "Bash(npm test)" not in it.text()
        moments.pass_by()
        await it.press("2")
        await it.until(lambda: len(it.client.asked("agent.answer")) == 2)
        assert it.client.asked("agent.answer")[1] == {
            "env": "shop/shop-ui",
            "ask": "q1",
            "choice": "option",
            "option": 2,
        }
        await it.until_shown("wrote the guide")


async def test_a_key_that_was_meant_for_the_one_before_answers_nothing() -> None:
    moments = Moments()
    second = asking.env("zoo", 1, asking.NPM, kind="codex")
    async with driven(
        scenes.snapshot([THREE[0], second]), answers=DELIVERED, moments=moments
    ) as it:
        await open_desk(it)
        moments.pass_by()
        await it.press("y", "y")
        await it.until_shown("this has only just come")
        assert [asked["env"] for asked in it.client.asked("agent.answer")] == ["shop/pay"]
        moments.pass_by()
        await it.press("y")
        await it.until(lambda: len(it.client.asked("agent.answer")) == 2)


async def test_where_the_person_went_a_key_answers_at_once() -> None:
    async with driven(scenes.snapshot(THREE), answers=DELIVERED, moments=Moments()) as it:
        await open_desk(it)
        await it.press("j", "1")
        assert (await it.until_asked("agent.answer"))["env"] == "shop/shop-ui"


async def test_another_agent_that_joins_a_question_is_not_answered_before_it_was_seen() -> None:
    moments = Moments()
    async with driven(scenes.snapshot(THREE[:1]), answers=DELIVERED, moments=moments) as it:
        await open_desk(it)
        moments.pass_by()
        await it.say(scenes.snapshot([THREE[0], asking.env("zoo", 1, asking.NPM)]))
        await it.until_shown("pay, zoo")
        await it.press("y")
        await it.until_shown("this has only just come")
        assert not it.client.asked("agent.answer")
        moments.pass_by()
        await it.press("y")
        await it.until(lambda: len(it.client.asked("agent.answer")) == 2)
        await it.until_shown("2 envs: yes")


async def test_a_refused_answer_says_why_and_the_question_is_back() -> None:
    moments = Moments()
    answers = {
        "agent.answer": {"delivered": False, "reason": "it no longer asks that: it was answered"}
    }
    async with driven(scenes.snapshot(THREE[:1]), answers=answers, moments=moments) as it:
        await open_desk(it)
        moments.pass_by()
        await it.press("y")
        await it.until_shown("pay: it no longer asks that")
        await it.until_shown("Bash(npm test)")


async def test_an_env_that_has_gone_meanwhile_is_told() -> None:
    moments = Moments()
    answers = {"agent.answer": NotFoundError("there is no env pay")}
    async with driven(scenes.snapshot(THREE[:1]), answers=answers, moments=moments) as it:
        await open_desk(it)
        moments.pass_by()
        await it.press("y")
        await it.until_shown("there is no env pay")


async def test_a_denial_takes_a_reason_and_goes_to_the_question_for_which_it_was_written() -> None:
    moments = Moments()
    async with driven(scenes.snapshot(THREE[:1]), answers=DELIVERED, moments=moments) as it:
        await open_desk(it)
        moments.pass_by()
        await it.press("n")
        await it.until_shown("No to pay")
        dearer = asking.env("zoo", 1, asking.NPM, kind="codex", age_s=7200)
        await it.say(scenes.snapshot([THREE[0], dearer]))
        await it.press(*"use pnpm", "enter")
        asked = await it.until_asked("agent.answer")
        assert asked == {"env": "shop/pay", "ask": "p1", "choice": "deny", "text": "use pnpm"}


async def test_escape_takes_a_denial_back() -> None:
    async with driven(scenes.snapshot(THREE), answers=DELIVERED, moments=Moments()) as it:
        await open_desk(it)
        await it.press("j", "k", "n")
        await it.until_shown("No to pay")
        await it.press("escape")
        await it.until(lambda: "No to pay" not in it.text())
        assert not it.client.asked("agent.answer")


async def test_an_answer_in_words() -> None:
    async with driven(scenes.snapshot(THREE), answers=DELIVERED, moments=Moments()) as it:
        await open_desk(it)
        await it.press("j", "r")
        await it.until_shown("Answer to shop-ui")
        await it.press(*"DuckDB", "enter")
        asked = await it.until_asked("agent.answer")
        assert asked["choice"] == "option"
        assert asked["text"] == "DuckDB"


@pytest.mark.parametrize(
    ("ask", "key", "why"),
    [
        (asking.DATABASE, "y", "it is a question"),
        (asking.DATABASE, "A", "only a permission"),
        (asking.DATABASE, "7", "there is no option 7"),
        (asking.NPM, "1", "it has no options"),
        (asking.NPM, "r", "yes or no"),
        (asking.PLAN, "A", "only a permission"),
        (asking.TRUST, "y", "only its own screen"),
        (asking.NPM, "m", "it waits for an answer"),
    ],
)
async def test_a_key_that_does_not_answer_it_says_why(ask: Ask, key: str, why: str) -> None:
    async with driven(
        scenes.snapshot([asking.env("pay", 0, ask)]), answers=DELIVERED, moments=Moments()
    ) as it:
        await open_desk(it)
        await it.press(key)
        await it.until_shown(why)
        assert not it.client.asked("agent.answer")


async def test_what_is_put_off_goes_and_comes_back_by_hand() -> None:
    async with driven(scenes.snapshot(THREE[:2])) as it:
        await open_desk(it)
        await it.press("u")
        await it.until_shown("until it changes")
        await it.press("enter")
        await it.until_shown("1 put off")
        await it.until_shown("Which database?")
        assert "npm" not in it.text()
        await it.press("U", "j")
        await it.until_shown("put off until it changes")
        await it.press("u")
        await it.until(lambda: "put off" not in it.rows()[0])


async def test_what_is_put_off_no_longer_needs_you_in_the_fleet() -> None:
    async with driven(scenes.snapshot(THREE[:1])) as it:
        assert "1 needs you" in it.rows()[0]
        await open_desk(it)
        await it.press("u", "1")
        await it.until_shown("Nothing needs you.")
        await it.press("escape")
        await it.until_shown("enter open")
        assert "needs you" not in it.rows()[0]


async def test_what_was_done_is_seen_by_a_key_or_by_opening_its_env() -> None:
    async with driven(scenes.snapshot(THREE[2:]), answers=DELIVERED) as it:
        await open_desk(it)
        await it.press("m")
        assert await it.until_asked("agent.seen") == {"env": "shop/docs"}
        await it.until_shown("Nothing needs you.")
    async with driven(scenes.snapshot(THREE[2:]), answers=DELIVERED) as it:
        await it.press("enter")
        assert await it.until_asked("agent.seen") == {"env": "shop/docs"}


async def test_an_empty_desk_says_what_the_agents_do_meanwhile() -> None:
    busy = asking.env("pay", 0, state=AgentState.WORKING, reason="editing invoice.py")
    async with driven(scenes.snapshot([busy])) as it:
        await open_desk(it)
        assert "Nothing needs you." in it.text()
        assert "editing invoice.py" in it.text()
        await it.press("y")
        await it.until_shown("nothing needs you")


async def test_the_selected_one_stays_in_its_row_when_a_dearer_one_comes() -> None:
    async with driven(scenes.snapshot(THREE[:2])) as it:
        await open_desk(it)
        first = next(at for at, row in enumerate(it.rows()) if "pay" in row)
        dearer = asking.env("zoo", 3, asking.NPM, kind="codex", age_s=9000)
        await it.say(scenes.snapshot([*THREE[:2], dearer]))
        await it.until_shown("zoo")
        assert "pay" in it.rows()[first]
        assert "npm test -- --watch=false" in it.text()


async def test_the_head_says_how_long_agents_waited_today() -> None:
    waited = [
        asking.env("pay", 0, asking.NPM, agent={"waited_s": 3600.0}),
        asking.env("zoo", 1, asking.DATABASE, agent={"waited_s": 300.0}),
    ]
    async with driven(scenes.snapshot(waited)) as it:
        await open_desk(it)
        assert "agents waited 1h05 on you today" in it.rows()[0]
        assert "waited 1h on you today" in it.text()


async def test_a_failed_env_shows_why_and_opens() -> None:
    async with driven() as it:
        await open_desk(it)
        assert "may I run npm test?" in it.text()
        await it.press("j", "j")
        await it.until_shown("django.db.utils.OperationalError")
        assert "r restart" not in it.text()
        await it.press("enter")
        await it.until_shown("upgrade-django   ✗ failed")


async def test_the_page_of_an_env_leads_to_its_own_question() -> None:
    async with driven(scenes.snapshot(THREE)) as it:
        await it.press("2", "enter")
        await it.until_shown("shop-ui   ● warm")
        await open_desk(it)
        assert "It has to be on disk." in it.text()


async def test_a_click_selects_a_card() -> None:
    async with driven(scenes.snapshot(THREE)) as it:
        await open_desk(it)
        row = next(at for at, row in enumerate(it.rows()) if "shop-ui" in row)
        await it.pilot.click(offset=(5, row))
        await it.until_shown("It has to be on disk.")


async def test_control_codes_in_a_question_are_shown_and_not_obeyed() -> None:
    nasty = Ask("x", AskKind.PERMISSION, "Bash(\x1b[2J)", "a\x1b]0;pwn\x07\nb\r\tc")
    async with driven(scenes.snapshot([asking.env("pay", 0, nasty)])) as it:
        await open_desk(it)
        assert "\x1b" not in it.text()
        assert "Bash(·[2J)" in it.text()


async def test_memory_pressure_is_a_card_of_the_machine() -> None:
    told = scenes.snapshot([scenes.env("a", 0, EnvState.WARM)])
    short = msgspec.structs.replace(
        told, hive=msgspec.structs.replace(told.hive, pressure="300 MB are free")
    )
    async with driven(short) as it:
        await open_desk(it)
        assert "300 MB are free" in it.text()
        await it.press("enter")
        await it.until_shown("no env is selected")
