"""What the store keeps of memory and of rest: what services took, and since when nobody asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from hive_tui.daemon.database import Database
from hive_tui.daemon.records import decoded
from hive_tui.engine.state import ActivityRecord, Cost

COSTS_KEPT = 20
"""Stays whose peaks are kept of each service in each state of its project's envs."""

_encode = msgspec.json.Encoder().encode

_PRUNE = """
    DELETE FROM costs WHERE project = ? AND state = ? AND service = ? AND began < (
        SELECT began FROM costs WHERE project = ? AND state = ? AND service = ?
        ORDER BY began DESC LIMIT 1 OFFSET ?
    )
"""


class Ledger:
    """Costs and activity of one home."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_costs(self, costs: Sequence[Cost]) -> None:
        """Keep peaks, each in place of an earlier one of its stay; the oldest stays go."""
        with self._database.writing() as database:
            for cost in costs:
                database.execute(
                    "INSERT OR REPLACE INTO costs (project, state, service, env_uid, began, "
                    "peak_bytes) VALUES (?, ?, ?, ?, ?, ?)",
                    msgspec.structs.astuple(cost),
                )
                key = (cost.project, cost.state, cost.service)
                database.execute(_PRUNE, (*key, *key, COSTS_KEPT - 1))

    def costs(self, project: str) -> tuple[Cost, ...]:
        """Those of the last stays, oldest first."""
        rows = self._database.rows(
            "SELECT project, state, service, env_uid, began, peak_bytes FROM costs "
            "WHERE project = ? ORDER BY began",
            project,
        )
        return tuple(msgspec.convert(row, Cost, strict=False) for row in map(_named, rows))

    def put_activity(self, records: Sequence[ActivityRecord]) -> None:
        """Keep the newest of each env; one whose env was dropped is not kept."""
        with self._database.writing() as database:
            for record in records:
                try:
                    database.execute(
                        "INSERT OR REPLACE INTO activity (env_uid, record) VALUES (?, ?)",
                        (record.env_uid, _encode(record)),
                    )
                except sqlite3.IntegrityError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                        raise

    def activity(self) -> tuple[ActivityRecord, ...]:
        """One per env that was ever looked at."""
        return decoded(self._database.rows("SELECT record FROM activity"), ActivityRecord)


def _named(row: tuple[object, ...]) -> dict[str, object]:
    return dict(zip(Cost.__struct_fields__, row, strict=True))
