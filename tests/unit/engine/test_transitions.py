from __future__ import annotations

import pytest

from hive_tui.engine.transitions import cancels
from hive_tui.model.plan import Transition


@pytest.mark.parametrize(
    ("running", "asked", "cancelled"),
    [
        (Transition.WARM, Transition.COOL, True),
        (Transition.WARM, Transition.STOP, True),
        (Transition.WARM, Transition.FREEZE, True),
        (Transition.START, Transition.WARM, False),
        (Transition.COOL, Transition.WARM, True),
        (Transition.COOL, Transition.STOP, False),
        (Transition.SPAWN, Transition.WARM, False),
        (Transition.SPAWN, Transition.STOP, False),
        (Transition.SPAWN, Transition.DESTROY, True),
        (Transition.WARM, Transition.DESTROY, True),
        (Transition.TEST, Transition.WARM, False),
        (Transition.TEST, Transition.TEST, False),
        (Transition.TEST, Transition.STOP, True),
        (Transition.WARM, Transition.TEST, False),
    ],
)
def test_only_the_opposite_of_what_runs_cancels_it(
    running: Transition, asked: Transition, cancelled: bool
) -> None:
    assert cancels(running, asked) is cancelled
