"""Which steps a transition has to run, decided from what is wanted and what is observed.

Pure: nothing here looks at the world or runs anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from hive_tui.model.environment import ServiceState, Wanted
from hive_tui.model.errors import NotFoundError
from hive_tui.model.plan import Plan, Step, StepKind, Transition
from hive_tui.model.project import Project, Service, When

WORKTREE_LANE = "worktree"
"""Lane of checkouts: several at once only make each other slower."""

CONTAINER_LANE = "container"
"""Lane of container starts."""

_AFTER = {
    Transition.SPAWN: Wanted.COLD,
    Transition.WARM: Wanted.WARM,
    Transition.COOL: Wanted.COLD,
    Transition.START: Wanted.COLD,
    Transition.STOP: Wanted.STOPPED,
    Transition.FREEZE: Wanted.FROZEN,
    Transition.THAW: Wanted.WARM,
    Transition.DESTROY: Wanted.STOPPED,
}

_LAUNCHED = frozenset({ServiceState.STARTING, ServiceState.UNHEALTHY})
_RUNNING = _LAUNCHED | {ServiceState.READY}


class Observed(msgspec.Struct, frozen=True):
    """What of an env is there, as far as a plan has to know."""

    worktree: bool
    """True where the worktree exists."""
    services: dict[str, ServiceState] = {}
    """By name; one that is missing here is stopped."""
    done: frozenset[str] = frozenset()
    """Tasks that need not run: succeeded, and their inputs have not changed since."""
    prepared: frozenset[str] = frozenset()
    """Ids of copy and link steps that are done. Matters to spawn only."""

    def state(self, service: str) -> ServiceState:
        """State of one service."""
        return self.services.get(service, ServiceState.STOPPED)
