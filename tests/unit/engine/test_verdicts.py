from __future__ import annotations

import pytest

from hive_tui.engine.protocols import Report
from hive_tui.engine.state import Verdict
from hive_tui.engine.verdicts import judge, stale, view
from hive_tui.model.environment import TestFailure, TestState

GREEN = Report(passed=3, failed=0, skipped=1)
RED = Report(passed=2, failed=1, skipped=0, failures=(TestFailure("t::a", "no"),))


@pytest.mark.parametrize(
    ("code", "report", "problem", "state", "reason"),
    [
        (0, GREEN, None, "passed", None),
        (0, None, None, "passed", None),
        (1, RED, None, "failed", None),
        (0, RED, None, "failed", None),
        (1, GREEN, None, "failed", "exit 1, although no test in the report failed"),
        (2, None, None, "failed", "exit 2"),
        (-9, GREEN, None, "error", "the run was killed"),
        (None, None, None, "error", "the run was killed"),
        (0, None, "no XML", "error", "no XML"),
    ],
)
def test_a_run_is_judged_by_its_report_and_its_exit_status(
    code: int | None, report: Report | None, problem: str | None, state: str, reason: str | None
) -> None:
    assert judge(code, report, problem) == (state, reason)


def verdict() -> Verdict:
    return Verdict("uid", "unit", "failed", 2, 1, 0, 1.5, "c1", "h1", 0.0)


@pytest.mark.parametrize(
    ("commit", "content", "uid", "expected"),
    [
        ("c1", "h1", "uid", False),
        ("c2", "h1", "uid", True),
        ("c1", "h2", "uid", True),
        ("c1", "h1", "other", True),
    ],
)
def test_a_verdict_is_about_one_commit_one_content_and_one_env(
    commit: str, content: str, uid: str, expected: bool
) -> None:
    assert stale(verdict(), commit, content, uid) is expected


def test_a_running_suite_keeps_the_counts_of_its_last_run() -> None:
    shown = view("unit", verdict(), running=True, stale=False)
    assert (shown.state, shown.passed, shown.failed) == (TestState.RUNNING, 2, 1)


def test_a_suite_that_never_ran_has_no_counts() -> None:
    shown = view("unit", None, running=False, stale=False)
    assert (shown.state, shown.passed, shown.commit) == (TestState.NEVER, None, None)
