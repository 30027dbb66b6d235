"""The SQLite file: opening it whatever became of it, and transactions. What is in it: `store`."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hive_tui.daemon.migrations import migrate
from hive_tui.model.errors import HiveError

BUSY_MS = 5000
"""How long a statement waits for another process's transaction."""

_HEADER_BYTES = 100
"""What every SQLite file begins with. `_create` never leaves less."""

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_READONLY = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})


class Database:
    """An open database. Threads may share it; their transactions take turns."""

    def __init__(self, path: Path, connection: sqlite3.Connection, recovered: str | None) -> None:
        self._path = path
        self._connection = connection
        self._turn = threading.RLock()
        self.recovered = recovered
        """Why a new database was begun, and where the broken one lies; `None` where it was not."""

    @classmethod
    def open(
        cls, path: Path, *, now: Callable[[], float] = time.time, busy_ms: int = BUSY_MS
    ) -> Database:
        """Open a database, making it where there is none and bringing it to the newest format.

        One that cannot be read is moved aside and a new one made. Only the daemon that holds the
        home's lock may call this.

        Args:
            path: The file; its folder is made, 0700.
            now: Seconds since the epoch, for the name of a file that is moved aside.
            busy_ms: How long a statement waits for another process's transaction.

        Raises:
            HiveError: The folder cannot be written, the disk is full, another process holds the
                file, or a newer version wrote it. Nothing was changed then.
        """
        recovered = None
        with _explained(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists() and (why := _fault(path, busy_ms)) is not None:
                recovered = f"{why}; it was kept as {_move_aside(path, now())}"
            if not path.exists():
                _create(path)
            connection = _connect(path, busy_ms)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                migrate(connection)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection, recovered)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Read.

        Raises:
            HiveError: The file cannot be read any more.
        """
        with self._turn, _explained(self._path):
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction that nobody else can write beside; rolled back where the block raises.

        Args:
            durable: Wait until the disk has it, so that a power cut cannot take it back. Without
                it a transaction survives the death of the daemon, but not that of the machine.

        Raises:
            HiveError: The disk is full, or the file cannot be written; nothing was.
        """
        with self._turn, _explained(self._path):
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk may have ended it already
                    self._connection.execute("ROLLBACK")
                raise


def _connect(path: Path, busy_ms: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {busy_ms}")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _fault(path: Path, busy_ms: int) -> str | None:
    """What makes an existing file unusable; `None` where it is sound."""
    if path.stat().st_size < _HEADER_BYTES:  # SQLite would take it for a new one
        return f"{path.name} was cut short"
    connection = _connect(path, busy_ms)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if _code(error) not in _BROKEN:
            raise
        found = str(error)
    finally:
        connection.close()
    return None if found == "ok" else f"{path.name} was broken ({found.splitlines()[-1]})"


def _move_aside(path: Path, now: float) -> str:
    """Rename the file and its logs; the new name."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    aside = path.with_name(f"{path.name}.broken-{stamp}")
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.broken-{stamp}-{count}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside.name


def _create(path: Path) -> None:
    """Make a database that is whole from the first moment at which it can be seen."""
    for suffix in ("-wal", "-shm"):  # SQLite would replay them into the new file
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)  # of a daemon that died here
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = _connect(temporary, BUSY_MS)
        try:
            migrate(connection)
        finally:
            connection.close()
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the disk may do to the file into errors that say what to do."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a broken rule of the tables is the caller's to explain
    except sqlite3.DatabaseError as error:
        raise _explain(path, error) from error
    except OSError as error:
        raise HiveError(
            f"cannot keep the state in {path.parent}: {error.strerror}",
            hint="free some space there, or set HIVE_HOME to a folder of your own",
            code="state_readonly",
        ) from error


def _explain(path: Path, error: sqlite3.DatabaseError) -> HiveError:
    code = _code(error)
    if code in _LOCKED:
        return HiveError(
            f"another program holds {path}",
            hint="end it (`fuser` or `lsof` names it), then try again",
            code="state_locked",
        )
    if code == sqlite3.SQLITE_FULL:
        return HiveError(
            f"the disk with {path} is full; nothing was changed",
            hint="free some space, then try again",
            code="disk_full",
        )
    if code in _READONLY:
        return HiveError(
            f"cannot write {path}: {error}",
            hint="make the file and its folder writable, or set HIVE_HOME to another folder",
            code="state_readonly",
        )
    if code in _BROKEN:
        return HiveError(
            f"{path} is broken: {error}",
            hint="`hive daemon stop`, then any command: it is kept aside and a new one begun",
            code="state_broken",
        )
    return HiveError(
        f"cannot use {path}: {error}", hint="see `hive daemon logs`", code="state_failed"
    )


def _code(error: sqlite3.DatabaseError) -> int:
    """The primary result code; 0 where Python itself refused."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
