"""A new env with a seeded database: a copy of a template beside a migration and a seed of its own.

One real PostgreSQL, shared; whole `hive warm` commands, in turns.
"""

from __future__ import annotations

import contextlib

from bench.figures import Figure, median, spread
from bench.yards import HIVE, timed_s, yard
from tests import databases
from tests.integration.shared.test_postgres import shop

THEME = "data: new env with a database"

_SEED = """
CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL, mail text NOT NULL);
CREATE TABLE goods (id bigint PRIMARY KEY, owner bigint NOT NULL, name text, note text);
INSERT INTO people SELECT n, md5(n::text), md5((-n)::text) || '@example.invalid'
  FROM generate_series(1, {people}) AS n;
INSERT INTO goods SELECT n, 1 + n % {people}, md5(n::text), repeat(md5((-n)::text), 3)
  FROM generate_series(1, {goods}) AS n;
CREATE INDEX ON people (mail);
CREATE INDEX ON goods (owner);
CREATE INDEX ON goods (name);
ALTER TABLE goods ADD FOREIGN KEY (owner) REFERENCES people (id);
ANALYZE;
"""
"""About 100 MB of tables and indexes with 50,000 people and 300,000 goods."""


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """By template, and by migrate and seed.

    Args:
        quick: Fewer envs.
        stack: Closes what has to be closed at the end.
    """
    if not (databases.BIN / "postgres").exists():
        print("  PostgreSQL 15 is not installed: nothing is measured", flush=True)
        return []
    rounds = 2 if quick else 5
    took: dict[bool, list[float]] = {}
    size = 0.0
    for template in (True, False):
        with yard() as made:
            shop(made, template=template)
            made.write("goods.sql", _SEED.format(people=50_000, goods=300_000))
            made.commit("large")
            for number in range(rounds + 1):  # the first one makes server and template
                made.hive("spawn", f"env{number}")
                took_s = timed_s(made, HIVE, "warm", f"env{number}")
                if number:
                    took.setdefault(template, []).append(took_s)
            query = "SELECT pg_database_size(current_database())"
            size = float(made.hive("run", "env1", "--", "psql", "-Atc", query).out) / 1e6
    by_template, by_seed = median(took[True]), median(took[False])
    return [
        Figure(THEME, "size of the database", size, "MB"),
        Figure(THEME, "migrate + seed", by_seed, "s", beside=spread(took[False])),
        Figure(THEME, "copy of a template", by_template, "s", beside=spread(took[True])),
        Figure(THEME, "migrate + seed / copy of a template", by_seed / by_template, "", 5.0, True),
    ]
