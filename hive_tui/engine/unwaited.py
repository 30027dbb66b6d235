"""Tells in the event log how work ended that nobody waits for. Does not run it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from hive_tui.engine.live import LiveEnv
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

_WORK: set[asyncio.Task[Any]] = set()
"""Held here until it ends: the loop itself would let it go."""


def leave(work: asyncio.Task[Any], live: LiveEnv, kind: str) -> None:
    """Let work go on by itself.

    Args:
        work: What goes on.
        live: The env that it is about.
        kind: Of the event that tells of its failure; a success tells of itself.
    """

    def ended(task: asyncio.Task[Any]) -> None:
        _WORK.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, HiveError):
            live.event(kind, f"{live.record.name}: {error.message}", level="error")
        elif error is not None:
            log.error("%s env=%s", kind, live.id, exc_info=error)

    _WORK.add(work)
    work.add_done_callback(ended)
