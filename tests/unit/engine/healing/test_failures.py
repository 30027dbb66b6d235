"""Two runs that failed in the same way have one mark, and others have not."""

from __future__ import annotations

import pytest

from hive_tui.engine.healing import failures
from hive_tui.engine.state import Verdict
from hive_tui.model.environment import TestFailure, TestState
from tests.unit.engine.healing.made import failed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 0.31 s", "took 2 s"),
        ("<Shop at 0x7f1464aebdd0>", "<Shop at 0x55d01cafe000>"),
        ("cannot connect to 127.0.0.1:10001", "cannot connect to 127.0.0.1:11001"),
        ("no commit 3f2a9bc01d", "no commit 77e01fa2c9"),
        ("assert a\nmore of it 1", "assert a\nquite another trace"),
    ],
)
def test_what_changes_from_run_to_run_does_not_count(one: str, other: str) -> None:
    assert failed(message=one).mark == failed(message=other).mark


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (failed(), failed("e2e")),
        (failed(message="assert a"), failed(message="assert b")),
        (failed(), failed(failures=(TestFailure("test_other", "assert 1 == 2"),))),
        (failed(failures=(), tail=("no module x",)), failed(failures=(), tail=("no module y",))),
    ],
)
def test_other_failures_have_other_marks(one: failures.Failed, other: failures.Failed) -> None:
    assert one.mark != other.mark


def test_the_order_of_tests_and_suites_does_not_count() -> None:
    a, b = TestFailure("a", "x"), TestFailure("b", "y")
    assert failed(failures=(a, b)).mark == failed(failures=(b, a)).mark
    both = [failed(), failed("e2e")]
    assert failures.mark(both) == failures.mark(both[::-1])


def test_a_verdict_becomes_a_failure() -> None:
    verdict = Verdict(
        "uid",
        "unit",
        TestState.ERROR,
        None,
        None,
        None,
        1.0,
        "c",
        "t",
        0.0,
        (),
        "the run was killed",
    )
    found = failures.of(verdict, ["last words"])
    assert (found.suite, found.reason, found.tail) == (
        "unit",
        "the run was killed",
        ("last words",),
    )
