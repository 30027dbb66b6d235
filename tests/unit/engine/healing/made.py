"""Failures and situations that the tests of healing begin from."""

from __future__ import annotations

from hive_tui.engine.healing.failures import Failed
from hive_tui.engine.healing.rules import Mode, Policy, Receipt, Situation
from hive_tui.model.environment import TestFailure, TestState

POLICY = Policy(Mode.ON, ("unit", "e2e"), attempts=3, within_s=3600.0, cost_usd=2.0)


def failed(suite: str = "unit", message: str = "assert 1 == 2", **more: object) -> Failed:
    """A suite with one test that is red."""
    failure = TestFailure("test_sum", message, "tests/test_sum.py", 12)
    values = {"failed": 1, "passed": 40, "failures": (failure,), **more}
    return Failed(suite=suite, state=TestState.FAILED, reason=None, **values)  # type: ignore[arg-type]


def receipt(attempt: int, before: str, at: float = 0.0) -> Receipt:
    """An attempt that was made."""
    return Receipt(attempt, at, f"tree{attempt}", before, ("unit",), "text", "prompt")


def seen(**more: object) -> Situation:
    """A turn has ended, all is quiet, `unit` is red for sure and `e2e` green."""
    values: dict[str, object] = {
        "working": False,
        "tree": "abc",
        "green": frozenset({"e2e"}),
        "red": (failed(),),
        "reruns": frozenset({"unit"}),
    }
    return Situation(**values | more)  # type: ignore[arg-type]
