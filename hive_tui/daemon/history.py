"""What the store remembers of the past: how long steps take, and the event log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import cast

import msgspec

from hive_tui.daemon.database import Database
from hive_tui.engine.folding import stamp
from hive_tui.model.events import LogEvent

DURATIONS_KEPT = 20
"""Last successful durations of a step, of which the median is expected of the next."""

EVENTS_KEPT = 10_000

_encode = msgspec.json.Encoder().encode
_decode_seconds = msgspec.json.Decoder(list[float]).decode
_decode_event = msgspec.json.Decoder(LogEvent).decode


class History:
    """Durations and events of one home."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now
        self._learned: dict[str, dict[str, float]] = {}

    def learn(self, project: str, key: str, seconds: float) -> None:
        """Remember how long a step took that succeeded."""
        with self._database.writing() as database:
            row = database.execute(
                "SELECT seconds FROM durations WHERE project = ? AND step = ?", (project, key)
            ).fetchone()
            known = _decode_seconds(row[0]) if row else []
            known = [*known, seconds][-DURATIONS_KEPT:]
            database.execute(
                "INSERT OR REPLACE INTO durations (project, step, seconds) VALUES (?, ?, ?)",
                (project, key, _encode(known)),
            )
        if project in self._learned:
            self._learned[project][key] = median(known)

    def learned(self, project: str) -> dict[str, float]:
        """Step key -> median of the last successful durations, in seconds."""
        if project not in self._learned:  # read often and written only here: kept
            rows = self._database.rows(
                "SELECT step, seconds FROM durations WHERE project = ?", project
            )
            self._learned[project] = {
                str(step): median(_decode_seconds(cast("bytes", seconds))) for step, seconds in rows
            }
        return dict(self._learned[project])

    def log(
        self,
        kind: str,
        message: str,
        *,
        env: str | None = None,
        service: str | None = None,
        level: str = "info",
        data: Mapping[str, object] | None = None,
    ) -> LogEvent:
        """Append to the event log; the oldest entry goes where there are too many."""
        at = stamp(self._now())
        draft = LogEvent(0, at, kind, message, env, service, level, dict(data or {}))
        with self._database.writing() as database:
            cursor = database.execute(
                "INSERT INTO events (env, entry) VALUES (?, ?)", (env, _encode(draft))
            )
            seq = int(cursor.lastrowid or 0)
            database.execute("DELETE FROM events WHERE seq <= ?", (seq - EVENTS_KEPT,))
        return msgspec.structs.replace(draft, seq=seq)

    def events(self, limit: int, *, env: str | None = None) -> tuple[LogEvent, ...]:
        """The newest, oldest first.

        Args:
            limit: At most so many; 0 fetches none.
            env: Only those of this `project/name`; `None` fetches all.
        """
        which = "WHERE env = ? " if env is not None else ""
        rows = self._database.rows(
            f"SELECT seq, entry FROM events {which}ORDER BY seq DESC LIMIT ?",
            *(() if env is None else (env,)),
            max(0, limit),
        )
        return tuple(
            msgspec.structs.replace(_decode_event(cast("bytes", entry)), seq=seq)
            for seq, entry in reversed(rows)
        )
