"""The queue as values: what is in it, in which order, and what is put off."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage.desk import ANSWERED_S, Desk, all_items
from hive_tui.app.triage.guard import SEEN_S, Guard
from hive_tui.app.triage.items import Kind, items_of
from hive_tui.app.triage.kept import FORGOTTEN_S, Kept, tomorrow
from hive_tui.app.triage.queue import Card, after, gather, ordered
from hive_tui.model.agent import AgentState, Ask, AskKind, HealView
from hive_tui.model.environment import EnvDetail, EnvState, TestState, TestView, Trespass
from tests.app import asking, scenes

RED = TestView("unit", TestState.FAILED, 7, 1)


def kinds(detail: EnvDetail) -> list[Kind]:
    return [item.kind for item in items_of(detail)]


def test_every_thing_that_needs_a_person_is_an_item() -> None:
    asks = asking.env("a", 0, asking.NPM, asking.DATABASE, asking.PLAN, asking.TRUST)
    assert kinds(asks) == [Kind.PERMISSION, Kind.QUESTION, Kind.PLAN, Kind.DIALOG]
    assert kinds(asking.env("a", 0)) == [Kind.WAITING]
    for state, kind in ((AgentState.ERROR, Kind.ERROR), (AgentState.STUCK, Kind.STUCK)):
        assert kinds(asking.env("a", 0, state=state)) == [kind]
    assert kinds(asking.env("a", 0, state=AgentState.DONE)) == [Kind.DONE]
    assert kinds(asking.env("a", 0, state=AgentState.IDLE)) == []
    beyond = asking.env("a", 0, state=AgentState.IDLE, trespasses=(Trespass("x", "denied"),))
    assert kinds(beyond) == [Kind.TRESPASS]
    assert kinds(scenes.env("a", 0, EnvState.FAILED)) == [Kind.FAILED]


def test_an_agent_that_has_been_quiet_for_long_is_stuck() -> None:
    quiet = asking.env("a", 0, state=AgentState.WORKING, agent={"quiet_s": 700.0})
    (item,) = items_of(quiet)
    assert item.kind is Kind.STUCK
    assert "quiet for 11m" in item.text


@pytest.mark.parametrize(
    ("heal", "claim", "found"),
    [
        (None, None, [Kind.RED]),
        (HealView("observe", "checking"), None, [Kind.RED]),
        (HealView("on", "feeding", 1, 3), None, []),
        (HealView("on", "gave_up", 3, 3, "the same twice"), None, [Kind.GAVE_UP]),
        (HealView("on", "gave_up", 3, 3), "All tests pass.", [Kind.GAVE_UP, Kind.CLAIM]),
        (None, "All tests pass.", [Kind.CLAIM]),
        (None, "Two tests fail still.", [Kind.RED]),
        (None, "I renamed it.", [Kind.RED]),
    ],
)
def test_a_red_suite_is_told_once_and_with_what_is_known_of_it(
    heal: HealView | None, claim: str | None, found: list[Kind]
) -> None:
    agent = {"heal": heal, "claim": claim}
    env = asking.env("a", 0, state=AgentState.IDLE, agent=agent, tests=(RED,))
    assert kinds(env) == found


def cards(*envs: EnvDetail) -> list[Card]:
    state = HiveState(envs={env.id: env for env in envs})
    return gather(all_items(state), pinned=frozenset(e.id for e in envs if e.pinned))


def order(*envs: EnvDetail) -> list[str]:
    return [card.names for card in ordered(cards(*envs), scenes.NOW)]


def test_what_costs_more_comes_first_and_age_lifts() -> None:
    fresh = asking.env("ask", 0, asking.NPM, age_s=10)
    error = asking.env("error", 1, state=AgentState.ERROR, age_s=10)
    done = asking.env("done", 2, state=AgentState.DONE, age_s=10)
    old = asking.env("old", 3, state=AgentState.ERROR, age_s=4800)
    question = asking.env("question", 4, asking.DATABASE, age_s=10)
    assert order(done, error, question, fresh) == ["ask", "question", "error", "done"]
    assert order(fresh, error, old, question) == ["ask", "question", "old", "error"]
    assert order(asking.env("plan", 0, asking.PLAN, age_s=2400), question) == ["plan", "question"]


def test_what_blocks_more_comes_first_and_what_is_pinned_before_all() -> None:
    two = asking.DATABASE
    alone = asking.env("alone", 0, Ask("q", two.kind, "Which one?"), age_s=100)
    same = [asking.env(name, at, two) for at, name in enumerate(("b", "c"), 1)]
    assert order(alone, *same) == ["b, c", "alone"]
    pinned = msgspec.structs.replace(asking.env("pinned", 5, state=AgentState.DONE), pinned=True)
    assert order(alone, *same, pinned)[0] == "pinned"


def test_only_the_same_words_of_agents_of_one_kind_are_one_question() -> None:
    other = msgspec.structs.replace(asking.NPM, detail="npm test -- --coverage")
    envs = (
        asking.env("a", 0, asking.NPM),
        asking.env("b", 1, msgspec.structs.replace(asking.NPM, id="p9")),
        asking.env("c", 2, other),
        asking.env("d", 3, asking.NPM, kind="codex"),
        asking.env("e", 4, asking.TRUST),
        asking.env("f", 5, asking.TRUST),
    )
    assert sorted(card.names for card in cards(*envs)) == ["a, b", "c", "d", "e", "f"]


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=12), st.data())
def test_the_selected_card_never_leaves_its_row(ages: list[int], data: st.DataObject) -> None:
    envs = [
        asking.env(f"e{at}", at, Ask(f"{at}", AskKind.QUESTION, f"{at}?"), age_s=age)
        for at, age in enumerate(ages)
    ]
    shown = ordered(cards(*envs), scenes.NOW)
    at = data.draw(st.integers(0, len(shown) - 1))
    kept = [env for env in envs if data.draw(st.booleans()) or env.view.name == shown[at].names]
    new = [asking.env("new", 99, asking.NPM, age_s=data.draw(st.integers(0, 9000)))]
    later = ordered(
        cards(*kept, *new), scenes.NOW + data.draw(st.integers(0, 9000)),
        selected=shown[at].key, at=at,
    )  # fmt: skip
    assert later[min(at, len(later) - 1)].key == shown[at].key
    assert len(later) == len(kept) + 1


def test_after_an_answer_the_card_in_the_same_row_comes() -> None:
    left = ordered(
        cards(asking.env("a", 0, asking.NPM), asking.env("b", 1, asking.DATABASE)), scenes.NOW
    )
    assert after(left, left[0].key, 0) == left[1].key
    assert after(left, "gone", 5) == left[1].key
    assert after([], "gone", 0) is None


def test_a_key_counts_only_for_what_was_seen_or_chosen() -> None:
    now = [0.0]
    guard = Guard(lambda: now[0])
    one, two = (cards(asking.env(name, 0, asking.NPM))[0] for name in ("a", "b"))
    assert not guard.takes(one)
    guard.show(one)
    assert not guard.takes(one)
    now[0] += SEEN_S
    assert guard.takes(one)
    both = Card(one.key, (*one.items, *two.items))
    guard.show(both)
    assert not guard.takes(both)
    guard.show(both, chosen=True)
    assert guard.takes(both)
    guard.show(both)
    assert guard.takes(both)


def test_what_is_put_off_comes_back_at_its_time_or_with_a_change() -> None:
    (item,) = items_of(asking.env("a", 0, state=AgentState.DONE))
    timed = Kept().with_note(item, until=100.0)
    assert timed.hides(item, 99.0)
    assert not timed.hides(item, 100.0)
    assert timed.tidied([item], 100.0) == Kept()
    kept = Kept().with_note(item, until=None)
    assert kept.hides(item, 1e9)
    changed = msgspec.structs.replace(item, stamp="later")
    assert not kept.hides(changed, 0.0)
    assert kept.tidied([changed], 0.0) == Kept()
    assert kept.without(item) == Kept()


def test_what_has_gone_for_long_is_new_when_it_comes_again() -> None:
    (item,) = items_of(asking.env("a", 0, state=AgentState.DONE))
    kept = Kept().with_note(item, until=None).tidied([], 0.0)
    assert kept.hides(item, 1.0)
    assert kept.tidied([item], 1.0).notes[item.key].gone is None
    assert kept.tidied([], FORGOTTEN_S) == Kept()


def test_tomorrow_is_nine_in_the_morning_of_another_day() -> None:
    assert 0 < tomorrow(scenes.NOW) - scenes.NOW < 34 * 3600


def state_of(*envs: EnvDetail) -> HiveState:
    return HiveState(envs={env.id: env for env in envs}, link=Link.LIVE)


def test_what_was_put_off_is_so_for_another_dashboard_and_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state" / "desk.json"
    state = state_of(asking.env("a", 0, asking.NPM))
    first, second = (Desk(file, lambda: scenes.NOW) for _ in range(2))
    (card,) = first.cards(first.judged(state))
    assert second.judged(state).put_off == frozenset()
    assert first.put_off(card.items, None) == ""
    assert second.judged(state).put_off == {card.first.key}
    assert Desk(file, lambda: scenes.NOW).judged(state).put_off == {card.first.key}
    assert first.bring_back(card.items) == ""
    assert second.judged(state).put_off == frozenset()


def test_a_broken_file_puts_nothing_off_and_one_that_cannot_be_written_is_told(
    tmp_path: Path,
) -> None:
    file = tmp_path / "desk.json"
    file.write_text('{"notes": {"a": ')
    state = state_of(asking.env("a", 0, asking.NPM))
    assert Desk(file, lambda: 0.0).judged(state).put_off == frozenset()
    blocked = tmp_path / "file"
    blocked.write_text("")
    desk = Desk(blocked / "desk.json", lambda: 0.0)
    (card,) = desk.cards(desk.judged(state))
    assert "for this dashboard alone" in desk.put_off(card.items, None)
    assert desk.judged(state).put_off == {card.first.key}


def test_an_answered_question_asks_again_only_if_it_is_told_of_for_long() -> None:
    now = [0.0]
    desk = Desk(None, lambda: now[0])
    state = state_of(asking.env("a", 0, asking.NPM))
    (card,) = desk.cards(desk.judged(state))
    desk.answer(card.items)
    assert desk.cards(desk.judged(state)) == []
    again = state_of(asking.env("a", 0, msgspec.structs.replace(asking.NPM, id="p2")))
    assert len(desk.cards(desk.judged(again))) == 1
    desk.answer(card.items)
    now[0] += ANSWERED_S
    assert len(desk.cards(desk.judged(state))) == 1
