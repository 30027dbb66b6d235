"""Snapshots of an env's database in a shared PostgreSQL, by its own dump and load."""

from __future__ import annotations

import pytest

from tests.hives import Yard
from tests.integration.shared.test_postgres import shop

DUMP = """
dump = "pg_dump -Fc shop_{{env.slug}}"
load = "dropdb --if-exists --force shop_{{env.slug}}; createdb shop_{{env.slug}}; pg_restore -d shop_{{env.slug}}"
"""  # noqa: E501


QUERY = "SELECT count(*) FROM goods"


def rows(yard: Yard, env: str) -> str:
    """Rows of the env's table."""
    return yard.hive("run", env, "--", "psql", "-Atc", QUERY).out.strip()


@pytest.fixture
def saved(yard: Yard) -> Yard:
    """A warm env with a snapshot, whose table is empty by now."""
    shop(yard)
    toml = (yard.repo / "hive.toml").read_text()
    (yard.repo / "hive.toml").write_text(toml.replace('inputs = ["goods.sql"]', DUMP, 1))
    yard.hive("spawn", "one", "--warm")
    yard.hive("run", "one", "--", "psql", "-qc", "DELETE FROM goods WHERE n = 1")
    yard.hive("snapshot", "one", "good")
    yard.hive("run", "one", "--", "psql", "-qc", "DELETE FROM goods")
    return yard


def test_a_database_comes_back(saved: Yard) -> None:
    saved.hive("restore", "one", "good")
    assert rows(saved, "one") == "2"
    assert saved.env("one")["state"] == "warm"


def test_a_new_env_gets_the_database_of_a_snapshot(saved: Yard) -> None:
    saved.hive("spawn", "two", "--from", "one:good", "--warm")
    assert rows(saved, "two") == "2"


def test_a_load_that_fails_says_so_and_what_was_before_is_kept(saved: Yard) -> None:
    toml = (saved.repo / "hive.toml").read_text()
    (saved.repo / "hive.toml").write_text(toml.replace("pg_restore -d", "pg_restore --bogus -d"))
    assert "exit 1" in saved.hive("restore", "one", "good", status=1).err
    told = saved.hive("restore", "one", "good", status=1).err
    assert "hive restore one before-restore" in told
    (saved.repo / "hive.toml").write_text(toml)
    saved.hive("restore", "one", "before-restore")
    assert saved.env("one")["state"] == "warm"
    assert rows(saved, "one") == "0"
    saved.hive("restore", "one", "good")
    assert rows(saved, "one") == "2"
