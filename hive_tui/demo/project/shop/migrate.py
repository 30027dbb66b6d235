"""Brings the database to the newest of `migrations/`; those that it has are not run again."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from shop.database import connect
from shop.output import speak

EFFORT_S = 0.3
"""What a migration takes where there is more data than here."""


def migrate() -> None:
    """Run the migrations that are missing, oldest first."""
    log = speak()
    with closing(connect()) as database:
        (has,) = database.execute("PRAGMA user_version").fetchone()
        for number, file in enumerate(sorted(Path("migrations").glob("*.sql")), 1):
            if number > has:
                time.sleep(EFFORT_S)
                database.executescript(
                    f"BEGIN; {file.read_text()} PRAGMA user_version = {number}; COMMIT;"
                )
                log.info("%s done", file.name)


if __name__ == "__main__":
    migrate()
