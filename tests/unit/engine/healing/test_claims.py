"""What counts as a statement about tests, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.healing.claims import Claim, claim, differs


@pytest.mark.parametrize(
    "message",
    [
        "All tests pass.",
        "I fixed the discount. All 41 tests pass now.",
        "Done! The test suite is green.",
        "**Tests: 41 passed, 0 failed.**",
        "The unit tests passed in 3.2 s.",
        "No tests fail any more.",
        "The tests failed at first. Now all tests pass.",
    ],
)
def test_it_says_green(message: str) -> None:
    found = claim(message)
    assert found is not None
    assert found.green
    assert found.words in message


@pytest.mark.parametrize(
    "message",
    [
        "Two tests still fail.",
        "The e2e suite is red, for a reason that I do not understand.",
        "All tests pass. But after the rename three specs are failing.",
    ],
)
def test_it_says_red(message: str) -> None:
    found = claim(message)
    assert found is not None
    assert not found.green


@pytest.mark.parametrize(
    "message",
    [
        "",
        "I renamed the field.",
        "The tests should pass now.",
        "Do the tests pass?",
        "I could not run the tests.",
        "Once the tests pass, merge it.",
        "I haven't run the suite, so I do not know whether tests pass.",
        "Let me make sure the tests pass.",
        "```\n41 tests passed\n```",
        "I pass the token to the checker.",
    ],
)
def test_it_says_nothing_of_it(message: str) -> None:
    assert claim(message) is None


@pytest.mark.parametrize(
    ("green", "red", "expected"),
    [(True, True, True), (True, False, False), (False, False, True), (False, True, False)],
)
def test_a_difference_is_between_what_was_said_and_what_was_measured(
    green: bool, red: bool, expected: bool
) -> None:
    assert differs(Claim(green, "…"), red) is expected


def test_without_words_or_without_a_measurement_there_is_no_difference() -> None:
    assert not differs(None, True)
    assert not differs(Claim(True, "…"), None)


@given(st.text(max_size=2000))
def test_any_text_can_be_read(message: str) -> None:
    found = claim(message)
    assert found is None or found.words
