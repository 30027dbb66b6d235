"""One PostgreSQL for all envs, with a database for each, alone or as a copy of a template."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests import databases
from tests.hives import Yard, alive

SHOP = """
[ports]
base = BASE
block = 10
names = { web = 0, pg = 5 }
[env]
ENV
[services.pg]
run = "SERVE"
scope = "shared"
ready = { exec = "/usr/lib/postgresql/15/bin/pg_isready -q -h 127.0.0.1 -p {{port.pg}}" }
stop = { signal = "INT", grace = 10 }
[services.pg.per_env]
create = "CREATE"
drop = "dropdb --if-exists --force shop_{{env.slug}}"
list = "LIST"
MORE
[tasks.count]
run = "mkdir -p .data; psql -Atc 'SELECT count(*) FROM goods' > .data/count"
needs = ["pg"]
"""

LIST = (
    r"psql -d postgres -Atc \"SELECT substr(datname, 6) FROM pg_database "
    r"WHERE datname ~ '^shop_' AND datname !~ '^shop_seed_'\""
)

TEMPLATE = """
template = "shop_seed"
template_create = "createdb {{template}}"
template_drop = "dropdb --if-exists {{template}}"
seed = "echo seeded {{template}} >> {{repo}}/seeded; psql -q -d {{template}} -f goods.sql"
inputs = ["goods.sql"]
"""

GOODS = "CREATE TABLE goods AS SELECT n FROM generate_series(1, {}) AS n;\n"


def shop(yard: Yard, *, template: bool = True) -> None:
    """Make a project with a shared PostgreSQL."""
    databases.need()
    toml = SHOP.replace("BASE", str(yard.port_base())).replace("ENV\n", databases.PG_ENV, 1)
    toml = toml.replace("LIST", LIST, 1).replace("SERVE", databases.postgres(yard.folder / "pg"))
    toml = toml.replace("CREATE", databases.CREATE, 1)
    toml = toml.replace("{FROM}", " -T {{template}} --strategy=file_copy" if template else "")
    if not template:
        seed = "psql -q -f goods.sql"
        toml += f'[tasks.seed]\nrun = "{seed}"\nneeds = ["pg"]\ninputs = ["goods.sql"]\n'
        toml = toml.replace('needs = ["pg"]', 'needs = ["pg", "seed"]', 1)
    yard.make_repo(toml.replace("MORE", TEMPLATE if template else ""), {})
    yard.write("goods.sql", GOODS.format(3))
    yard.commit("goods")


def databases_of(yard: Yard) -> set[str]:
    """Names of all databases that the server has."""
    port = yard.hive("list", "--json").json["environments"][0]["ports"]["names"]["pg"]
    query = "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'"
    server = ("-h", "127.0.0.1", "-p", str(port), "-U", "dev", "-d", "postgres")
    done = subprocess.run(
        [str(databases.BIN / "psql"), *server, "-Atc", query],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    return set(done.stdout.split())


def count(yard: Yard, env: str) -> int:
    """What the env's own task found in its database."""
    return int((yard.tree(env) / ".data/count").read_text())


@pytest.mark.parametrize("template", [True, False])
def test_every_env_has_a_database_of_its_own(yard: Yard, template: bool) -> None:
    shop(yard, template=template)
    yard.hive("spawn", "one", "--warm")
    yard.hive("spawn", "two", "--warm")
    assert {"shop_one", "shop_two"} <= databases_of(yard)
    yard.hive("run", "one", "--", "psql", "-qc", "DELETE FROM goods WHERE n = 1")
    yard.hive("warm", "one", "two")
    seen = yard.hive("run", "two", "--", "psql", "-Atc", "SELECT count(*) FROM goods")
    assert seen.out.strip() == "3"
    assert (count(yard, "one"), count(yard, "two")) == (3, 3)


def test_a_template_is_seeded_once_for_each_content(yard: Yard) -> None:
    shop(yard)
    yard.hive("spawn", "one")
    yard.hive("spawn", "two")
    yard.hive("spawn", "other")
    (yard.tree("other") / "goods.sql").write_text(GOODS.format(7))
    yard.hive("warm", "one", "two", "other")
    assert len((yard.repo / "seeded").read_text().splitlines()) == 2
    assert [count(yard, env) for env in ("one", "two", "other")] == [3, 3, 7]


def test_a_seed_that_fails_is_begun_anew(yard: Yard) -> None:
    shop(yard)
    yard.hive("spawn", "one")
    (yard.tree("one") / "goods.sql").write_text("CREATE TABLE half (n int);\nSELECT 1 / 0;\n")
    toml = (yard.repo / "hive.toml").read_text()
    (yard.repo / "hive.toml").write_text(toml.replace("psql -q", "psql -q -v ON_ERROR_STOP=1"))
    told = yard.hive("warm", "one", status=1).err
    assert "division by zero" in told
    (yard.tree("one") / "goods.sql").write_text(GOODS.format(3))
    yard.hive("warm", "one")
    assert count(yard, "one") == 3


def test_the_database_of_a_destroyed_env_is_dropped_with_its_trash(yard: Yard) -> None:
    shop(yard)
    yard.hive("spawn", "one", "--warm")
    yard.hive("spawn", "two", "--warm")
    yard.hive("destroy", "one")
    assert "shop_one" in databases_of(yard)
    yard.hive("spawn", "three", "--warm")
    yard.hive("destroy", "two")
    yard.until(lambda: "shop_one" not in databases_of(yard), "the database is dropped")
    assert {"shop_two", "shop_three"} <= databases_of(yard)


def test_a_database_that_nobody_knows_is_found_and_removed(yard: Yard) -> None:
    shop(yard)
    yard.hive("spawn", "one", "--warm")
    yard.hive("run", "one", "--", "createdb", "shop_lost")
    assert "lost, which nobody knows" in yard.hive("doctor", status=None).out
    assert "lost, which nobody knows" in yard.hive("gc", status=4).err
    yard.hive("gc", "--yes")
    assert {name for name in databases_of(yard) if "seed" not in name} == {"shop_one"}


def test_it_runs_on_while_hive_toml_cannot_be_read(yard: Yard) -> None:
    shop(yard)
    yard.hive("spawn", "one", "--warm")
    pid = yard.service("one", "pg")["pid"]
    toml = (yard.repo / "hive.toml").read_text()
    (yard.repo / "hive.toml").write_text("nonsense")
    yard.kill_daemon()
    yard.hive("list")
    assert alive(pid)
    (yard.repo / "hive.toml").write_text(toml)
    yard.hive("warm", "one")
    assert yard.service("one", "pg")["pid"] == pid
