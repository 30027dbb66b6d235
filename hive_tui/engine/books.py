"""Keeps what must survive of a service's supervision, and goes on where the disk is full.

Supervision acts on what it holds in memory: what cannot be kept is a warning in the daemon's log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from hive_tui.engine.state import RunRecord, Store, UnitRecord
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)


class Books:
    """The records and events of one service of one env."""

    def __init__(self, store: Store, event: Callable[..., None], *, env: str, service: str) -> None:
        """Create them.

        Args:
            store: Where records go.
            event: Writes to the env's event log: kind, message, `service`, `level`, `data`.
            env: Id of the env.
            service: Name of the service.
        """
        self._store = store
        self._event = event
        self._service = service
        self._name = f"{env}/{service}"

    def intend(self, run: RunRecord) -> None:
        """Keep that a run is about to be launched.

        Raises:
            HiveError: It cannot be kept, so it must not be launched: nobody would find it again.
        """
        self._store.put_run(run)

    def keep_run(self, run: RunRecord) -> None:
        """Keep what became of a run."""
        self._guard("its run", lambda: self._store.put_run(run))

    def keep_unit(self, unit: UnitRecord) -> None:
        """Keep what is wanted and how it went."""
        self._guard("its state", lambda: self._store.put_unit(unit))

    def tell(self, kind: str, message: str, *, level: str, **data: object) -> None:
        """Write an event."""
        self._guard(
            f"the event {message!r}",
            lambda: self._event(kind, message, service=self._service, level=level, data=data),
        )

    def _guard(self, what: str, write: Callable[[], None]) -> None:
        try:
            write()
        except HiveError as error:
            log.warning("%s: %s was not kept: %s", self._name, what, error.message)
