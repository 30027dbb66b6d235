"""What comes next: one case for each rule, and that earlier rules win over later ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hive_tui.engine.healing.failures import mark
from hive_tui.engine.healing.rules import Act, Decision, Mode, Policy, Receipt, Situation, decide
from tests.unit.engine.healing.made import POLICY, failed, receipt, seen

SAME = mark([failed()])
QUIET = {"green": frozenset({"unit", "e2e"}), "red": ()}

CASES: list[tuple[str, Policy, tuple[Receipt, ...], Situation, Act, str]] = [
    ("off", replace(POLICY, mode=Mode.OFF), (), seen(), Act.REST, "healing is off"),
    ("no suites", replace(POLICY, suites=()), (), seen(), Act.REST, "no suites"),
    ("interrupted", POLICY, (), seen(interrupted=True), Act.PAUSE, "you broke"),
    ("api error", POLICY, (), seen(api_error=True), Act.PAUSE, "model's service"),
    ("in a turn", POLICY, (), seen(working=True), Act.REST, "the agent works"),
    ("it asks", POLICY, (), seen(waiting=True), Act.WAIT, "waits for an answer"),
    ("background work", POLICY, (), seen(background=2), Act.WAIT, "2 of its background jobs"),
    ("files change", POLICY, (), seen(settled=False), Act.WAIT, "files still change"),
    ("never measured", POLICY, (), seen(green=frozenset(), red=()), Act.CHECK, "not measured"),
    ("one not measured", POLICY, (), seen(green=frozenset()), Act.CHECK, "not measured"),
    ("green", POLICY, (), seen(**QUIET), Act.VERIFIED, "all suites are green"),
    ("red once", POLICY, (), seen(reruns=frozenset()), Act.CHECK, "may be a flake"),
    ("red for sure", POLICY, (), seen(), Act.FEED, "red: unit"),
    ("observed", replace(POLICY, mode=Mode.OBSERVE), (), seen(), Act.OBSERVED, "red: unit"),
    (
        "as red as the base",
        POLICY,
        (),
        seen(base=frozenset({failed().mark})),
        Act.GIVE_UP,
        "base branch is red in the same way",
    ),
    (
        "red beside what the base is red in",
        POLICY,
        (),
        seen(
            green=frozenset(),
            red=(failed(), failed("e2e")),
            reruns=frozenset({"unit", "e2e"}),
            base=frozenset({failed().mark}),
        ),
        Act.FEED,
        "red: e2e",
    ),
    ("another failure", POLICY, (receipt(1, "other"),), seen(), Act.FEED, "red: unit"),
    ("the same one", POLICY, (receipt(1, SAME),), seen(), Act.GIVE_UP, "twice in the same way"),
    (
        "used up",
        POLICY,
        tuple(receipt(n, f"mark{n}") for n in (1, 2, 3)),
        seen(),
        Act.GIVE_UP,
        "still red after 3 attempts",
    ),
    (
        "too long",
        POLICY,
        (receipt(1, "other"),),
        seen(now=3601.0),
        Act.GIVE_UP,
        "not mended within 60 minutes",
    ),
    ("too dear", POLICY, (), seen(cost_usd=2.0), Act.GIVE_UP, "2.00 of 2.00 USD"),
    ("cost unknown", POLICY, (), seen(cost_usd=None), Act.FEED, "red: unit"),
]


@pytest.mark.parametrize(
    ("policy", "receipts", "situation", "act", "reason"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_the_rule_that_applies(
    policy: Policy, receipts: tuple[Receipt, ...], situation: Situation, act: Act, reason: str
) -> None:
    decision = decide(policy, receipts, situation)
    assert decision.act is act
    assert reason in decision.reason


def test_a_check_names_what_is_to_run_and_no_more() -> None:
    assert decide(POLICY, (), seen(green=frozenset())).suites == ("e2e",)
    assert decide(POLICY, (), seen(reruns=frozenset())).suites == ("unit",)


def test_a_feed_counts_from_one() -> None:
    assert decide(POLICY, (), seen()) == Decision(Act.FEED, "red: unit", ("unit",), 1)
    assert decide(POLICY, (receipt(1, "other"),), seen()).attempt == 2


def test_suites_that_are_not_healed_by_count_for_nothing() -> None:
    other = failed("bench")
    assert decide(POLICY, (), seen(**QUIET | {"red": (other,)})).act is Act.VERIFIED


SITUATIONS = st.builds(
    Situation,
    working=st.booleans(),
    interrupted=st.booleans(),
    api_error=st.booleans(),
    waiting=st.booleans(),
    background=st.integers(0, 2),
    settled=st.booleans(),
    green=st.frozensets(st.sampled_from(["unit", "e2e"])),
    red=st.lists(st.sampled_from([failed(), failed("e2e"), failed(message="x")])).map(tuple),
    reruns=st.frozensets(st.sampled_from(["unit", "e2e"])),
    base=st.frozensets(st.sampled_from([failed().mark, failed("e2e").mark])),
    now=st.floats(0, 10_000),
    cost_usd=st.none() | st.floats(0, 5),
)
RECEIPTS = st.lists(
    st.builds(receipt, st.integers(1, 3), st.sampled_from([SAME, "other"]), st.floats(0, 5000)),
    max_size=5,
).map(tuple)


@given(SITUATIONS, RECEIPTS)
def test_the_agent_is_told_something_only_where_that_is_allowed(
    situation: Situation, receipts: tuple[Receipt, ...]
) -> None:
    decision = decide(POLICY, receipts, situation)
    if decision.act is Act.FEED:
        allowed = replace(situation, working=False, interrupted=False, api_error=False)
        assert situation == replace(allowed, waiting=False, background=0, settled=True)
        assert len(receipts) < POLICY.attempts
        assert set(decision.suites) <= situation.reruns
    if decision.act is Act.VERIFIED:
        assert set(POLICY.suites) <= situation.green
    if decision.act is Act.CHECK:
        assert decision.suites


@given(SITUATIONS)
def test_it_always_comes_to_an_end(situation: Situation) -> None:
    """Whatever fails anew each round: never more texts than attempts."""
    receipts: tuple[Receipt, ...] = ()
    for turn in range(10):
        red = (failed(message=f"kind {'x' * turn}"),)
        now = replace(situation, red=red, reruns=frozenset({"unit"}), green=frozenset({"e2e"}))
        decision = decide(POLICY, receipts, now)
        if decision.act is not Act.FEED:
            break
        receipts = (*receipts, receipt(len(receipts) + 1, mark(red), now.now))
    assert len(receipts) <= POLICY.attempts
