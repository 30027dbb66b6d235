"""What failed, and whether two runs failed in the same way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import msgspec

from hive_tui.engine.state import Verdict
from hive_tui.model.environment import TestFailure, TestState

RED = frozenset({TestState.FAILED, TestState.ERROR})

_ADDRESS = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_HEX = re.compile(r"\b[0-9a-f]{8,}\b", re.IGNORECASE)


class Failed(msgspec.Struct, frozen=True):
    """One suite that is red."""

    suite: str
    state: str
    reason: str | None
    """Why there is no report of it, or what its exit status was."""
    failed: int | None
    passed: int | None
    failures: tuple[TestFailure, ...]
    """Tests that failed; empty where the suite tells of none."""
    tail: tuple[str, ...] = ()
    """Last lines of its log, without control codes, secrets hidden."""

    @property
    def mark(self) -> str:
        """The same for two runs that failed in the same way.

        Addresses, ids and numbers in messages are left out: times, counters and ports of an env
        change from run to run. A suite that names no test is known by the end of its log.
        """
        told = [(one.name, _constant(one.message)) for one in self.failures]
        rest = () if told else tuple(map(_constant, self.tail[-5:]))
        text = repr((self.suite, sorted(told), None if told else self.reason, rest))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def of(verdict: Verdict, tail: Iterable[str] = ()) -> Failed:
    """A red verdict as a failure."""
    return Failed(
        verdict.suite,
        verdict.state,
        verdict.reason,
        verdict.failed,
        verdict.passed,
        verdict.failures,
        tuple(tail),
    )


def mark(failed: Iterable[Failed]) -> str:
    """The same for two rounds of all suites that failed in the same way."""
    return ".".join(sorted(one.mark for one in failed))


def _constant(text: str) -> str:
    """The first line of a message without what changes from run to run."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return _NUMBER.sub("0", _HEX.sub("0", _ADDRESS.sub("0", first)))
