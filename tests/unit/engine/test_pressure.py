from __future__ import annotations

import pytest

from hive_tui.engine.pressure import describe, judge
from hive_tui.engine.protocols import Strain


def strain(
    left: int = 50, some: float | None = 0.0, full: float | None = 0.0, level: int | None = None
) -> Strain:
    return Strain(left, 100, some, full, level)


@pytest.mark.parametrize(
    ("now", "before", "short"),
    [
        (strain(), False, False),
        (strain(some=9.9), False, False),
        (strain(some=10.0), False, True),
        (strain(some=4.0), True, True),
        (strain(some=2.9), True, False),
        (strain(full=5.0), False, True),
        (strain(full=0.5), True, False),
        (strain(left=3), False, True),
        (strain(left=6), False, False),
        (strain(left=6), True, True),
        (strain(left=9), True, False),
        (strain(some=None, full=None), False, False),
        (strain(some=None, full=None, left=3), False, True),
        (strain(level=1), False, False),
        (strain(level=2), False, True),
        (strain(level=4), False, True),
    ],
)
def test_pressure_is_raised_early_and_over_late(now: Strain, before: bool, short: bool) -> None:
    assert judge(now, before) is short


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (strain(full=12.4, some=40), "everything waited for memory 12 % of the last 10 s"),
        (strain(some=40.4), "processes waited for memory 40 % of the last 10 s"),
        (strain(some=None, full=None, level=4), "the system reports memory pressure"),
        (strain(left=3), "3 % of the memory is available"),
    ],
)
def test_the_worst_is_said_first(now: Strain, words: str) -> None:
    assert describe(now) == words
