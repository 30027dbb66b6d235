"""When memory is swept, and that the process is as it was for what is started from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hive_tui.app.pace import EVERY_S, FPS, QUIET_S

ROOT = Path(__file__).resolve().parents[2]
BEGUN = """
import gc, os
from hive_tui.app.pace import Pace
now, swept = [0.0], []
pace = Pace(sweep=lambda: swept.append(now[0]), clock=lambda: now[0])
"""


def said(code: str, **environ: str) -> str:
    """What code prints in a process of its own, in which the pace has begun."""
    ended = subprocess.run(
        (sys.executable, "-c", BEGUN + code),
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def test_textual_paints_at_our_pace_and_what_is_started_later_does_not() -> None:
    code = "import textual.screen as s; print(1 / s.UPDATE_PERIOD, 'TEXTUAL_FPS' in os.environ)"
    assert said(code) == f"{FPS:.1f} False"


def test_the_pace_of_the_person_counts_more() -> None:
    code = "import textual.screen as s; print(1 / s.UPDATE_PERIOD, os.environ['TEXTUAL_FPS'])"
    assert said(code, TEXTUAL_FPS="20") == "20.0 20"


def test_nothing_is_swept_at_the_start_and_later_only_what_is_new() -> None:
    code = (
        "print(gc.isenabled()); pace.settle(); print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    )
    assert said(code) == "False False\nTrue True"


def test_a_full_sweep_waits_until_asked_for() -> None:
    code = """
pace.settle()
full = []
gc.callbacks.append(lambda phase, found: full.append(1) if found["generation"] == 2 else None)
kept = [[each] for each in range(400_000)]
print(len(full))
"""
    assert said(code) == "0"


@pytest.mark.parametrize(
    ("touched", "looked", "swept"),
    [
        (0.0, [EVERY_S - 1, EVERY_S, EVERY_S + 1], [EVERY_S]),
        (EVERY_S, [EVERY_S, EVERY_S + QUIET_S / 2, EVERY_S + QUIET_S], [EVERY_S + QUIET_S]),
        (0.0, [EVERY_S, 2 * EVERY_S], [EVERY_S, 2 * EVERY_S]),
    ],
    ids=["not before its time", "not while the person waits", "again and again"],
)
def test_memory_is_swept_when_nobody_waits(
    touched: float, looked: list[float], swept: list[float]
) -> None:
    code = f"now[0] = {touched}; pace.touch()\nfor now[0] in {looked}: pace.rest()\nprint(swept)"
    assert said(code) == str(swept)
