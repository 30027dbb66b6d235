"""Services that are processes, one for all envs of the project, and each env's part of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.hives import Yard, alive

SHELVES = """
[ports]
base = BASE
block = 10
names = { web = 0, store = 1 }
[env]
SHELF = "{{repo}}/.data/{{env.slug}}"
STORE = "http://127.0.0.1:{{port.store}}/"
[services.store]
run = "mkdir -p .data; exec python3 server.py {{port.store}}"
scope = "shared"
ready = { tcp = "store" }
[services.store.per_env]
create = "mkdir -p .data/{{env.slug}}; echo made >> .data/log-{{env.slug}}"
drop = "rm -rf .data/{{env.slug}}"
[services.web]
run = "test -d $SHELF && exec sleep 1000"
needs = ["store"]
"""
"""A shared process, and a folder per env that stands for a database."""


@pytest.fixture
def shelves(yard: Yard) -> Yard:
    """Two envs, cold."""
    from tests.hives import SERVER

    yard.make_repo(SHELVES.replace("BASE", str(yard.port_base())), {"server.py": SERVER})
    yard.hive("spawn", "one")
    yard.hive("spawn", "two")
    return yard


def shelf(yard: Yard, name: str) -> Path:
    """An env's part."""
    return yard.repo / ".data" / name


def store(yard: Yard, env: str) -> dict[str, Any]:
    """The shared service as one env shows it."""
    return yard.service(env, "store")


def test_it_starts_with_the_first_env_and_ends_with_the_last(shelves: Yard) -> None:
    assert store(shelves, "one")["state"] == "stopped"
    shelves.hive("warm", "one")
    first = store(shelves, "one")
    assert (first["state"], first["scope"]) == ("ready", "shared")
    assert store(shelves, "two")["state"] == "stopped"
    shelves.hive("warm", "two")
    assert store(shelves, "two")["pid"] == first["pid"]
    shelves.hive("cool", "one")
    assert alive(first["pid"])
    assert store(shelves, "two")["state"] == "ready"
    shelves.hive("cool", "two")
    shelves.until(lambda: not alive(first["pid"]), "the shared service is stopped")
    assert {e["state"] for e in shelves.hive("list", "--json").json["environments"]} == {"cold"}


def test_every_env_gets_its_part_before_what_needs_it_starts(shelves: Yard) -> None:
    shelves.hive("warm", "one", "two")
    assert shelf(shelves, "one").is_dir()
    assert shelf(shelves, "two").is_dir()
    steps = shelves.hive("trace", "one", "--json").json["steps"]
    assert "store" in [step["name"] for step in steps]
    shelves.hive("warm", "one")
    assert (shelf(shelves, "log-one")).read_text() == "made\n"


def test_its_port_is_the_same_in_all_envs(shelves: Yard) -> None:
    ports = [e["ports"]["names"] for e in shelves.hive("list", "--json").json["environments"]]
    assert ports[0]["store"] == ports[1]["store"]
    assert ports[0]["web"] != ports[1]["web"]
    assert f":{ports[0]['store']}/" in shelves.hive("env", "one").out


def test_a_destroyed_env_keeps_its_part_until_nobody_can_take_it_back(shelves: Yard) -> None:
    shelves.hive("warm", "one", "two")
    shelf(shelves, "one").joinpath("row").write_text("kept")
    shelves.hive("destroy", "one")
    assert shelf(shelves, "one").joinpath("row").read_text() == "kept"
    shelves.hive("undo")
    shelves.hive("warm", "one")
    assert shelf(shelves, "one").joinpath("row").read_text() == "kept"
    shelves.hive("destroy", "one")
    shelves.hive("destroy", "two")
    shelves.until(lambda: not shelf(shelves, "one").exists(), "the part is dropped")
    assert shelf(shelves, "two").exists()


def test_an_env_of_the_same_name_gets_a_part_of_its_own(shelves: Yard) -> None:
    shelves.hive("warm", "one")
    shelf(shelves, "one").joinpath("row").write_text("old")
    shelves.hive("destroy", "one")
    shelves.hive("spawn", "one", "--warm")
    assert shelf(shelves, "one_2").is_dir()
    assert not shelf(shelves, "one_2").joinpath("row").exists()


def test_what_uses_it_is_known_after_the_daemon_was_killed(shelves: Yard) -> None:
    shelves.hive("warm", "one", "two")
    pid = store(shelves, "one")["pid"]
    shelves.kill_daemon()
    assert store(shelves, "one")["pid"] == pid
    shelves.hive("stop", "one")
    assert alive(pid)
    shelves.kill_daemon()
    shelves.hive("stop", "two")
    shelves.until(lambda: not alive(pid), "the shared service is stopped")


def test_its_crash_shows_in_every_env_that_uses_it(shelves: Yard) -> None:
    shelves.hive("warm", "one", "two")
    pid = store(shelves, "one")["pid"]
    os.kill(pid, signal.SIGKILL)
    shelves.until(lambda: store(shelves, "two")["restarts"] == 1, "it was started again")
    shelves.until(lambda: store(shelves, "one")["state"] == "ready", "it is ready again")
    assert store(shelves, "one")["pid"] == store(shelves, "two")["pid"] != pid


def test_it_is_not_stopped_under_those_who_use_it(shelves: Yard) -> None:
    shelves.hive("warm", "one", "two")
    done = shelves.hive("stop", "one", "--service", "store", status=4)
    assert "two" in done.err
    assert store(shelves, "one")["state"] == "ready"


def test_freezing_an_env_leaves_it_running(shelves: Yard) -> None:
    shelves.hive("warm", "one", "two")
    shelves.hive("freeze", "one")
    assert shelves.env("one")["state"] == "frozen"
    assert store(shelves, "two")["state"] == "ready"


def test_one_that_is_kept_outlives_the_last_env(yard: Yard) -> None:
    from tests.hives import SERVER

    toml = SHELVES.replace('scope = "shared"', 'scope = "shared"\nkeep = true')
    yard.make_repo(toml.replace("BASE", str(yard.port_base())), {"server.py": SERVER})
    yard.hive("spawn", "one", "--warm")
    pid = store(yard, "one")["pid"]
    yard.hive("stop", "one")
    yard.hive("spawn", "two", "--warm")
    assert store(yard, "two")["pid"] == pid


def test_one_word_makes_a_service_shared_and_back(yard: Yard) -> None:
    from tests.hives import SERVER

    toml = SHELVES.replace("BASE", str(yard.port_base()))
    alone = toml.replace('scope = "shared"', 'scope = "env"').split("[services.store.per_env]")[0]
    alone += "[services.web]\nrun = 'exec sleep 1000'\nneeds = ['store']\n"
    yard.make_repo(alone, {"server.py": SERVER})
    yard.hive("spawn", "one", "--warm")
    own = store(yard, "one")["pid"]
    yard.write_toml(alone.replace('scope = "env"', 'scope = "shared"'))
    yard.hive("warm", "one")
    assert store(yard, "one")["scope"] == "shared"
    assert not alive(own)
    assert store(yard, "one")["state"] == "ready"
    shared = store(yard, "one")["pid"]
    yard.write_toml(alone)
    yard.hive("warm", "one")
    assert store(yard, "one")["scope"] == "env"
    yard.until(lambda: not alive(shared), "the shared one is stopped")
    assert yard.env("one")["state"] == "warm"


def test_two_projects_share_nothing(shelves: Yard) -> None:
    other = Yard(shelves.folder / "other")
    other.folder.mkdir()
    other.home = shelves.home
    text = (shelves.repo / "hive.toml").read_text().replace('name = "shop"', 'name = "mart"')
    other.make_repo("", {"server.py": (shelves.repo / "server.py").read_text()})
    (other.repo / "hive.toml").write_text(text.replace("/{{env}}", "/mart-{{env}}"))
    other.commit("its own")
    shelves.hive("warm", "one")
    other.hive("spawn", "three", "--warm")
    assert store(other, "three")["pid"] != store(shelves, "one")["pid"]
    assert store(other, "three")["state"] == "ready"
