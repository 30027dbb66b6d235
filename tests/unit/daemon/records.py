"""Values that the tests of the store put into it."""

from __future__ import annotations

from hive_tui.engine.protocols import Identity
from hive_tui.engine.state import RunRecord
from hive_tui.model.environment import EnvRecord
from hive_tui.model.plan import Outcome, Trace, Transition


def draft(name: str, project: str = "shop", uid: str | None = None) -> EnvRecord:
    """An env whose index, slug and ports are still to be decided."""
    return EnvRecord(
        uid=uid or f"uid-{project}-{name}",
        project=project,
        name=name,
        slug="",
        index=0,
        branch=name,
        base="main",
        base_commit="0" * 40,
        worktree=f"/nowhere/{project}/{name}",
        port_base=0,
        port_size=0,
        created=1_700_000_000.0,
    )


def run_of(uid: str, run_id: str = "run-1") -> RunRecord:
    """A run of a service that has not ended."""
    return RunRecord(run_id, uid, "api", "service", 1.0, 0, Identity(4242, 99, "boot", run_id))


def trace_of(transition: Transition, started: float) -> Trace:
    """What a transition did that had no steps."""
    return Trace("shop/auth", transition, Outcome.SUCCEEDED, started, 1.5, (), 2)


def next_free(step: int, start: int = 10_000) -> _Choice:
    """Proposes the first base, in steps from `start`, that is not taken."""
    return _Choice(step, start)


class _Choice:
    def __init__(self, step: int, start: int) -> None:
        self._step = step
        self._start = start

    def __call__(self, taken: frozenset[int]) -> int:
        base = self._start
        while base in taken:
            base += self._step
        return base
