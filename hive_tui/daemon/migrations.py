"""The shape of the database, as the steps that lead to it from nothing.

A migration that was released is never edited: the next change is the next entry.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from hive_tui.model.errors import HiveError

Migration = Sequence[str]
"""Statements that lead from one version to the next."""

_FIRST: Migration = (
    """
    CREATE TABLE projects (
        name TEXT PRIMARY KEY,
        root TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE envs (
        uid TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        name TEXT NOT NULL,
        slug TEXT NOT NULL UNIQUE,
        number INTEGER NOT NULL CHECK (number >= 0),
        port_base INTEGER NOT NULL UNIQUE,
        port_size INTEGER NOT NULL,
        record BLOB NOT NULL,
        UNIQUE (project, name),
        UNIQUE (project, number)
    )
    """,
    # No reference to envs: the journal of a spawn begins before its env exists.
    """
    CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        env_uid TEXT NOT NULL,
        entry BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        env_uid TEXT NOT NULL REFERENCES envs (uid) ON DELETE CASCADE,
        record BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX runs_by_env ON runs (env_uid)",
    """
    CREATE TABLE units (
        env_uid TEXT NOT NULL REFERENCES envs (uid) ON DELETE CASCADE,
        name TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (env_uid, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE tasks (
        env_uid TEXT NOT NULL REFERENCES envs (uid) ON DELETE CASCADE,
        name TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (env_uid, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE verdicts (
        env_uid TEXT NOT NULL REFERENCES envs (uid) ON DELETE CASCADE,
        name TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (env_uid, name)
    )
    """,
    """
    CREATE TABLE traces (
        env_uid TEXT NOT NULL REFERENCES envs (uid) ON DELETE CASCADE,
        name TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (env_uid, name)
    )
    """,
    """
    CREATE TABLE durations (
        project TEXT NOT NULL,
        step TEXT NOT NULL,
        seconds BLOB NOT NULL,
        PRIMARY KEY (project, step)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE spares (
        folder TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        record BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE trash (
        uid TEXT PRIMARY KEY,
        at REAL NOT NULL,
        record BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        env TEXT,
        entry BLOB NOT NULL
    )
    """,
    "CREATE INDEX events_by_env ON events (env, seq) WHERE env IS NOT NULL",
)

_ENGAGED: Migration = (
    # No reference to envs: what an env has at the engine may outlive it.
    """
    CREATE TABLE engaged (
        env_uid TEXT PRIMARY KEY
    ) WITHOUT ROWID
    """,
)

_MEMORY: Migration = (
    # No reference to envs: what one took is known of its project also once it is gone.
    """
    CREATE TABLE costs (
        project TEXT NOT NULL,
        state TEXT NOT NULL,
        service TEXT NOT NULL,
        env_uid TEXT NOT NULL,
        began REAL NOT NULL,
        peak_bytes INTEGER NOT NULL,
        PRIMARY KEY (project, state, service, env_uid, began)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE activity (
        env_uid TEXT PRIMARY KEY REFERENCES envs (uid) ON DELETE CASCADE,
        record BLOB NOT NULL
    ) WITHOUT ROWID
    """,
)

_LINKS: Migration = (
    """
    CREATE TABLE links (
        env_uid TEXT NOT NULL REFERENCES envs (uid) ON DELETE CASCADE,
        name TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (env_uid, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE forwards (
        project TEXT PRIMARY KEY,
        env_uid TEXT NOT NULL REFERENCES envs (uid) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
)

_SHARED: Migration = (
    # No reference to envs: a part outlives its env until the trash is emptied.
    """
    CREATE TABLE parts (
        env_uid TEXT NOT NULL,
        service TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (env_uid, service)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE templates (
        common_uid TEXT NOT NULL REFERENCES envs (uid) ON DELETE CASCADE,
        name TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (common_uid, name)
    ) WITHOUT ROWID
    """,
)

_SETTINGS: Migration = (
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)

_HEALING: Migration = (
    """
    CREATE TABLE healing (
        env_uid TEXT PRIMARY KEY REFERENCES envs (uid) ON DELETE CASCADE,
        record BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    # No reference to envs: how a base went is known of the project also once they are gone.
    """
    CREATE TABLE bases (
        project TEXT NOT NULL,
        base TEXT NOT NULL,
        suite TEXT NOT NULL,
        mark TEXT NOT NULL,
        PRIMARY KEY (project, base, suite)
    ) WITHOUT ROWID
    """,
)

MIGRATIONS: Sequence[Migration] = (
    _FIRST,
    _ENGAGED,
    _MEMORY,
    _LINKS,
    _SHARED,
    _SETTINGS,
    _HEALING,
)
"""Entry n leads from version n to version n + 1."""


def migrate(database: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the newest version, each step a transaction of its own.

    Args:
        database: In autocommit mode.
        migrations: All steps from an empty file on.

    Raises:
        HiveError: The database comes from a newer version.
        sqlite3.Error: A step could not be done; the database is as it was before that step.
    """
    while (found := _version(database)) != len(migrations):
        if found > len(migrations):
            raise HiveError(
                f"the state was written by a newer hive (format {found}, "
                f"this one knows {len(migrations)})",
                hint="use that version, or another HIVE_HOME",
                code="state_newer",
            )
        database.execute("BEGIN IMMEDIATE")
        try:
            if _version(database) == found:  # nobody else was faster
                for statement in migrations[found]:
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {found + 1}")
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])
