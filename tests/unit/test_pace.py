"""When memory is swept, and that the process is as it was for what is started from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hive_tui.app.pace import FPS, MANY, QUIET_S, SOME

ROOT = Path(__file__).resolve().parents[2]
BEGUN = """
import gc, os
from hive_tui.app.pace import Pace
now, grown, swept = [0.0], [0], []
pace = Pace(sweep=lambda: swept.append(now[0]), grown=lambda: grown[0], clock=lambda: now[0])
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
    look = "print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    assert said(f"{look}\npace.settle()\n{look}") == "False False\nTrue True"


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
    ("grown", "swept"),
    [(SOME - 1, []), (SOME, [2 * QUIET_S]), (MANY, [1.5 * QUIET_S, 2 * QUIET_S])],
    ids=["never for little", "when nobody waits", "at last although the person waits"],
)
def test_memory_is_swept_when_it_is_worth_it(grown: int, swept: list[float]) -> None:
    moments = [1.5 * QUIET_S, 2 * QUIET_S]
    code = f"""
now[0], grown[0] = {QUIET_S}, {grown}
pace.touch()
for now[0] in {moments}:
    pace.rest()
print(swept)
"""
    assert said(code) == str(swept)
