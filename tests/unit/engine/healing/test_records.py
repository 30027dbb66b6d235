"""Series of attempts: begun by a person, closed by a measurement."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hive_tui.engine.agents.evidence import Evidence
from hive_tui.engine.agents.hearing import Heard
from hive_tui.engine.healing.records import PAST, HealRecord
from hive_tui.engine.healing.seeing import person_spoke
from tests.unit.engine.healing.made import receipt


def test_only_an_open_attempt_is_closed() -> None:
    record = HealRecord("u", receipts=(receipt(1, "a"),)).close("b")
    assert record.receipts[-1].after == "b"
    assert record.close("c") == record
    assert HealRecord("u").close("") == HealRecord("u")


def test_a_new_series_keeps_the_last_attempts_of_the_ones_before() -> None:
    record = HealRecord("u")
    for number in range(PAST + 5):
        record = replace(record, receipts=(receipt(number, "a"),)).begin(1.0)
    assert record.receipts == ()
    assert [one.attempt for one in record.past] == list(range(5, PAST + 5))
    assert record.cost_before == 1.0


@pytest.mark.parametrize(
    ("after", "prompt", "prompted_at", "spoke"),
    [
        (None, "", 0.0, False),
        (None, "text", 20.0, False),
        (None, "no, do this instead", 20.0, True),
        (None, "before it was told", 5.0, False),
        ("", "", 0.0, True),
        ("mark", "text", 20.0, True),
    ],
)
def test_whose_turn_it_was(after: str | None, prompt: str, prompted_at: float, spoke: bool) -> None:
    told = replace(receipt(1, "a", at=10.0), after=after)
    heard = Heard(prompt=prompt, prompted_at=prompted_at)
    assert person_spoke(Evidence(heard=heard), (told,)) is spoke


def test_the_first_turn_is_a_persons() -> None:
    assert person_spoke(Evidence(), ())
