"""What survives the daemon, in SQLite: projects, envs with their ports, the journal, the trash.

What is running is not here: that is read from the world.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from hive_tui.config.templates import slug
from hive_tui.daemon.database import Database
from hive_tui.daemon.history import History
from hive_tui.daemon.ledger import Ledger
from hive_tui.daemon.records import EnvRecords, decoded
from hive_tui.engine.state import JournalEntry, Part, Spare, Store, Trashed
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Transition

_BASES_TRIED = 10_000
"""How many port bases may be proposed for one env before it is given up."""

COMMON_INDEX = 2**31
"""Of what all envs of a project have in common: no env ever counts as far."""

_encode = msgspec.json.Encoder().encode
_decode_entry = msgspec.json.Decoder(JournalEntry).decode


class SqliteStore(EnvRecords, History, Ledger, Store):
    """The store of one home. Threads may share it."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        """Use an open database; `close` closes it.

        Args:
            database: From `Database.open`.
            now: Seconds since the epoch, for the event log.
        """
        EnvRecords.__init__(self, database)
        History.__init__(self, database, now)
        Ledger.__init__(self, database)
        self.recovered = database.recovered
        """Why the store began anew, and where the broken file lies; `None` where it did not."""

    @classmethod
    def open(cls, path: Path, *, now: Callable[[], float] = time.time) -> SqliteStore:
        """Open the store, or begin a new one where there is none or it cannot be read.

        Raises:
            HiveError: The file cannot be written, is held by another process, or was written by a
                newer version; nothing was changed.
        """
        return cls(Database.open(path, now=now), now=now)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    # --- projects ---

    def projects(self) -> dict[str, str]:
        """Name -> root of every registered project."""
        rows = self._database.rows("SELECT name, root FROM projects ORDER BY name")
        return {str(name): str(root) for name, root in rows}

    def put_project(self, name: str, root: str) -> None:
        """Register.

        Raises:
            HiveError: Another root has the name already.
        """
        with self._database.writing() as database:
            row = database.execute("SELECT root FROM projects WHERE name = ?", (name,)).fetchone()
            if row is not None and row[0] != root:
                raise HiveError(
                    f"the project name {name} belongs to {row[0]}",
                    hint="give this one another name in hive.toml: [project] name",
                    code="project_exists",
                )
            database.execute("INSERT OR IGNORE INTO projects VALUES (?, ?)", (name, root))

    def drop_project(self, name: str) -> None:
        """Forget a project with what was learned of it."""
        with self._database.writing() as database:
            database.execute("DELETE FROM projects WHERE name = ?", (name,))
            database.execute("DELETE FROM durations WHERE project = ?", (name,))
            database.execute("DELETE FROM costs WHERE project = ?", (name,))
            database.execute("DELETE FROM bases WHERE project = ?", (name,))
        self._learned.pop(name, None)

    # --- envs ---

    def envs(self) -> tuple[EnvRecord, ...]:
        """By project, then index."""
        return tuple(record for record in self._all() if not record.common)

    def commons(self) -> tuple[EnvRecord, ...]:
        """What the envs of each project have in common."""
        return tuple(record for record in self._all() if record.common)

    def _all(self) -> tuple[EnvRecord, ...]:
        query = "SELECT record FROM envs ORDER BY project, number"
        return decoded(self._database.rows(query), EnvRecord)

    def put_env(self, record: EnvRecord) -> None:
        """Keep a changed env, or one that is known already by all its numbers.

        Raises:
            HiveError: Its name, slug, index or ports are another env's.
        """
        with self._database.writing(durable=True) as database:
            _insert(database, record)

    def claim_env(
        self, record: EnvRecord, block: int, candidates: Callable[[frozenset[int]], int]
    ) -> EnvRecord:
        """Insert a new env with index, slug and port block decided in the same transaction.

        No block overlaps another one, of whichever project and size: a base that would is proposed
        to be taken, and `candidates` asked again.

        Args:
            record: With `index` and `port_base` still to be decided; its `slug` is kept where it
                has one that is free.
            block: Ports per env.
            candidates: Given the bases that are taken, returns the base to use.

        Raises:
            HiveError: The project already has an env of that name; or no block is free.
        """
        with self._database.writing(durable=True) as database:
            known = decoded(database.execute("SELECT record FROM envs").fetchall(), EnvRecord)
            if any(other.id == record.id for other in known):
                raise HiveError(
                    f"{record.project} already has an env {record.name}",
                    hint=f"`hive status {record.name}` shows it; take another name",
                    code="exists",
                    env=record.name,
                )
            numbers = {other.index for other in known if other.project == record.project}
            slugs = {other.slug for other in known} | _with_parts(database, record.uid)
            free = (number for number in range(len(numbers) + 1) if number not in numbers)
            claimed = msgspec.structs.replace(
                record,
                index=COMMON_INDEX if record.common else next(free),
                slug=record.slug
                if record.slug and record.slug not in slugs
                else slug(record.name, slugs),
                port_base=_free_base(known, block, candidates),
                port_size=block,
            )
            _insert(database, claimed)
        return claimed

    def drop_env(self, uid: str) -> None:
        """Forget an env and all that belongs to it but its events and trash."""
        with self._database.writing(durable=True) as database:
            database.execute("DELETE FROM journal WHERE env_uid = ?", (uid,))
            database.execute("DELETE FROM envs WHERE uid = ?", (uid,))

    # --- journal ---

    def open_journal(
        self, env_uid: str, transition: Transition, params: Mapping[str, str | bool | None]
    ) -> int:
        """Note that a transition begins; returns the number to close it by."""
        entry = JournalEntry(0, env_uid, transition, dict(params), {}, self._now())
        with self._database.writing(durable=True) as database:
            cursor = database.execute(
                "INSERT INTO journal (env_uid, entry) VALUES (?, ?)", (env_uid, _encode(entry))
            )
            return int(cursor.lastrowid or 0)

    def note_made(self, journal_id: int, **made: str) -> None:
        """Note what the transition made; nothing happens where it is closed."""
        with self._database.writing(durable=True) as database:
            row = database.execute(
                "SELECT entry FROM journal WHERE id = ?", (journal_id,)
            ).fetchone()
            if row is None:
                return
            entry = _decode_entry(row[0])
            entry = msgspec.structs.replace(entry, made={**entry.made, **made})
            database.execute(
                "UPDATE journal SET entry = ? WHERE id = ?", (_encode(entry), journal_id)
            )

    def close_journal(self, journal_id: int) -> None:
        """Note that the transition ended; again is fine."""
        with self._database.writing(durable=True) as database:
            database.execute("DELETE FROM journal WHERE id = ?", (journal_id,))

    def journal(self) -> tuple[JournalEntry, ...]:
        """Transitions that did not end, oldest first."""
        rows = self._database.rows("SELECT id, entry FROM journal ORDER BY id")
        return tuple(
            msgspec.structs.replace(_decode_entry(cast("bytes", entry)), id=number)
            for number, entry in rows
        )

    # --- spares and trash ---

    def put_spare(self, spare: Spare) -> None:
        """Keep a spare, by its folder."""
        with self._database.writing() as database:
            database.execute(
                "INSERT OR REPLACE INTO spares (folder, project, record) VALUES (?, ?, ?)",
                (spare.folder, spare.project, _encode(spare)),
            )

    def drop_spare(self, folder: str) -> None:
        """Forget a spare; again is fine."""
        with self._database.writing() as database:
            database.execute("DELETE FROM spares WHERE folder = ?", (folder,))

    def spares(self, project: str | None = None) -> tuple[Spare, ...]:
        """Those of a project, or all."""
        found = decoded(self._database.rows("SELECT record FROM spares ORDER BY folder"), Spare)
        return tuple(spare for spare in found if project in (None, spare.project))

    def put_trash(self, trashed: Trashed) -> None:
        """Keep a destroyed env, by its uid."""
        with self._database.writing(durable=True) as database:
            database.execute(
                "INSERT OR REPLACE INTO trash (uid, at, record) VALUES (?, ?, ?)",
                (trashed.record.uid, trashed.at, _encode(trashed)),
            )

    def drop_trash(self, uid: str) -> None:
        """Forget a destroyed env; again is fine."""
        with self._database.writing(durable=True) as database:
            database.execute("DELETE FROM trash WHERE uid = ?", (uid,))

    def trash(self) -> tuple[Trashed, ...]:
        """Newest first."""
        query = "SELECT record FROM trash ORDER BY at DESC, rowid DESC"
        return decoded(self._database.rows(query), Trashed)


def _with_parts(database: sqlite3.Connection, uid: str) -> set[str]:
    """Slugs of other envs that still have a part of a shared service, gone or in the trash."""
    parts = decoded(database.execute("SELECT record FROM parts").fetchall(), Part)
    return {part.env.slug for part in parts if part.env.uid != uid}


def _insert(database: sqlite3.Connection, record: EnvRecord) -> None:
    """Insert or update an env.

    Raises:
        HiveError: Its name, slug, index or ports are another env's.
    """
    overlapping = database.execute(
        "SELECT project, name FROM envs WHERE uid <> ? AND port_base < ? AND ? < "
        "port_base + port_size",
        (record.uid, record.port_base + record.port_size, record.port_base),
    ).fetchone()
    values: dict[str, Any] = {
        "uid": record.uid,
        "project": record.project,
        "name": record.name,
        "slug": record.slug,
        "number": record.index,
        "port_base": record.port_base,
        "port_size": record.port_size,
        "record": _encode(record),
    }
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    changes = ", ".join(f"{name} = excluded.{name}" for name in values)
    try:
        if overlapping:
            raise sqlite3.IntegrityError("the ports are those of {}/{}".format(*overlapping))
        database.execute(
            f"INSERT INTO envs ({columns}) VALUES ({marks}) ON CONFLICT (uid) DO UPDATE SET "
            f"{changes}",
            values,
        )
    except sqlite3.IntegrityError as error:
        raise HiveError(
            f"{record.id} cannot be kept: {error}", code="exists", env=record.name
        ) from error


def _free_base(
    known: tuple[EnvRecord, ...], block: int, candidates: Callable[[frozenset[int]], int]
) -> int:
    """A base whose block overlaps no other."""
    taken = {other.port_base for other in known}
    for _ in range(_BASES_TRIED):
        base = candidates(frozenset(taken))
        if base not in taken and not any(
            other.port_base < base + block and base < other.port_base + other.port_size
            for other in known
        ):
            return base
        taken.add(base)
    raise HiveError(
        "no block of ports is free",
        hint="destroy an env, or give the project another [ports] base",
        code="no_ports",
    )
