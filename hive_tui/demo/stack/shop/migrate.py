"""Brings a database to what `migrations/` says: each file once, in the order of their names."""

from __future__ import annotations

from pathlib import Path

from shop.output import speak
from shop.postgres import Postgres

DONE = "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)"

log = speak()


def migrate(database: Postgres) -> None:
    """Do what was not done yet."""
    database.script(DONE)
    done = {name for (name,) in database.rows("SELECT name FROM migrations")}
    for path in sorted(Path("migrations").glob("*.sql")):
        if path.name not in done:
            note = f"INSERT INTO migrations VALUES ('{path.name}');"
            database.script(f"BEGIN; {path.read_text()}; {note} COMMIT;")
            log.info("migrated %s", path.name)


if __name__ == "__main__":
    with Postgres() as own:
        migrate(own)
