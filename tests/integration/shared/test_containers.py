"""A PostgreSQL in one container for all envs: their databases, templates, and how it is reached."""

from __future__ import annotations

import pytest

from tests import engines, images
from tests.hives import Yard
from tests.stacks import Stack

TOML = r"""
[env]
PGHOST = "127.0.0.1"
PGPORT = "{{port.pg}}"
PGUSER = "postgres"
PGDATABASE = "shop_{{env.slug}}"
PATH = "/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin"
[services.pg]
image = "POSTGRES"
scope = "shared"
ports = { pg = 5432 }
ready = { exec = "pg_isready -q -h 127.0.0.1" }
[services.pg.per_env]
create = "psql -d postgres -Atc \"SELECT 1 FROM pg_database WHERE datname = 'shop_{{env.slug}}'\" | grep -q 1 || createdb -T {{template}} shop_{{env.slug}}"
drop = "dropdb --if-exists --force shop_{{env.slug}}"
template = "shop_seed"
template_create = "createdb {{template}}"
template_drop = "dropdb --if-exists {{template}}"
seed = "psql -q -d {{template}} -f goods.sql"
inputs = ["goods.sql"]
[services.api]
image = "POSTGRES"
command = ["sh", "-c", "psql -h pg -d shop_{{env.slug}} -Atc 'SELECT count(*) FROM goods' && exec sleep 1000"]
needs = ["pg"]
ready = { log = "^3$" }
env = { PGHOST = "pg", PGPORT = "5432" }
restart = "no"
"""  # noqa: E501


@pytest.fixture
def shop(stack: Stack) -> Stack:
    """Two envs, cold."""
    stack.image = images.postgres()
    goods = "CREATE TABLE goods AS SELECT n FROM generate_series(1, 3) AS n;\n"
    stack.make(TOML.replace("POSTGRES", "IMAGE"), {"goods.sql": goods})
    stack.yard.hive("spawn", "one")
    stack.yard.hive("spawn", "two")
    return stack


def sql(yard: Yard, env: str, query: str) -> str:
    """What the env's database answers."""
    return yard.hive("run", env, "--", "psql", "-Atc", query).out.strip()


def test_one_container_has_a_database_for_each_env(shop: Stack) -> None:
    yard = shop.yard
    yard.hive("start", "one", "--service", "api")
    yard.hive("start", "two", "--service", "api")
    assert yard.service("one", "pg")["state"] == "ready"
    assert yard.service("one", "pg")["pid"] == yard.service("two", "pg")["pid"]
    sql(yard, "one", "DELETE FROM goods")
    assert sql(yard, "two", "SELECT count(*) FROM goods") == "3"
    assert "3" in yard.hive("logs", "one", "api").out


def test_it_ends_with_the_last_env_and_its_data_stay(shop: Stack) -> None:
    yard = shop.yard
    yard.hive("start", "one", "--service", "pg")
    sql(yard, "one", "DELETE FROM goods")
    container = shop.container("pg", "_shared")
    yard.kill_daemon()
    yard.hive("stop", "one")

    def state() -> str:
        return engines.docker("inspect", "-f", "{{.State.Status}}", container).strip()

    yard.until(lambda: state() == "exited", "the shared container is stopped")
    yard.hive("start", "one", "--service", "pg")
    assert sql(yard, "one", "SELECT count(*) FROM goods") == "0"


def test_its_databases_go_with_the_trash_even_while_it_is_down(shop: Stack) -> None:
    yard = shop.yard
    yard.hive("start", "one", "--service", "pg")
    yard.hive("start", "two", "--service", "pg")
    yard.hive("destroy", "one")
    yard.hive("destroy", "two")
    yard.hive("spawn", "three")
    yard.hive("start", "three", "--service", "pg")
    query = "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname ~ '^shop_(one|two)'"
    yard.until(lambda: sql(yard, "three", query) == "shop_two", "the first one is dropped")


def test_the_log_of_a_create_that_fails_is_shown(shop: Stack) -> None:
    yard = shop.yard
    toml = (yard.repo / "hive.toml").read_text()
    (yard.repo / "hive.toml").write_text(toml.replace("createdb -T", "createdb --bogus -T"))
    told = yard.hive("start", "one", "--service", "api", status=1).err
    assert "unrecognized option" in told
