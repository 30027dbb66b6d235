"""Snapshots of files, folders and SQLite databases that a service writes all the time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.hives import Yard, alive

WRITER = """
import sqlite3, time
base = sqlite3.connect(".data/app.db", isolation_level=None)
base.execute("PRAGMA journal_mode = WAL")
base.execute("CREATE TABLE IF NOT EXISTS pairs (a INTEGER, b INTEGER)")
number = 0
while True:
    number += 1
    base.execute("BEGIN")
    base.execute("INSERT INTO pairs VALUES (?, NULL)", (number,))
    base.execute("UPDATE pairs SET b = a WHERE b IS NULL")
    base.execute("COMMIT")
    print("wrote", flush=True)
    time.sleep(0.001)
"""
"""Writes pairs whose halves are equal in every committed state."""

TOML = """
[snapshot]
data = [".data/app.db", ".data/uploads"]
[services.writer]
run = "mkdir -p .data; exec python3 writer.py"
ready = { log = "wrote" }
"""


@pytest.fixture
def written(yard: Yard) -> Yard:
    """A warm env whose service writes into a database."""
    yard.make_repo(TOML, {"writer.py": WRITER})
    yard.hive("spawn", "one", "--warm")
    uploads(yard).mkdir()
    uploads(yard).joinpath("a").write_text("first")
    return yard


def uploads(yard: Yard, env: str = "one") -> Path:
    """A folder that is saved."""
    return yard.tree(env) / ".data/uploads"


def pairs(yard: Yard, env: str = "one") -> int:
    """Pairs in the database, which has to be sound."""
    with closing(sqlite3.connect(yard.tree(env) / ".data/app.db")) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert base.execute("SELECT count(*) FROM pairs WHERE a IS NOT b").fetchone() == (0,)
        return int(base.execute("SELECT count(*) FROM pairs").fetchone()[0])


def labels(yard: Yard, env: str = "one") -> list[str]:
    """Labels of an env's snapshots."""
    return [s["label"] for s in yard.hive("snapshots", env, "--json").json["snapshots"]]


def test_what_was_saved_comes_back_while_a_service_writes(written: Yard) -> None:
    pid = written.service("one", "writer")["pid"]
    saved = written.hive("snapshot", "one", "good", "--json").json["snapshot"]
    assert saved["size_bytes"] > 0
    assert written.service("one", "writer")["pid"] == pid
    assert written.service("one", "writer")["state"] == "ready"
    uploads(written).joinpath("a").write_text("second")
    uploads(written).joinpath("b").write_text("new")
    written.until(lambda: pairs(written) > 50, "it goes on writing")
    written.hive("stop", "one")
    with closing(sqlite3.connect(written.tree("one") / ".data/app.db")) as base:
        base.execute("DROP TABLE pairs")
    written.hive("restore", "one", "good")
    assert sorted(path.name for path in uploads(written).iterdir()) == ["a"]
    assert uploads(written).joinpath("a").read_text() == "first"
    assert pairs(written) >= 1
    assert written.env("one")["state"] == "stopped"


def test_what_was_before_a_restore_can_be_had_again(written: Yard) -> None:
    written.hive("snapshot", "one", "good")
    uploads(written).joinpath("a").write_text("second")
    written.hive("restore", "one", "good")
    assert written.env("one")["state"] == "warm"
    assert labels(written) == ["good", "before-restore"]
    written.hive("restore", "one", "before-restore")
    assert uploads(written).joinpath("a").read_text() == "second"


def test_a_label_is_not_replaced_without_force(written: Yard) -> None:
    written.hive("snapshot", "one", "good")
    uploads(written).joinpath("a").write_text("second")
    assert "--force" in written.hive("snapshot", "one", "good", status=4).err
    written.hive("snapshot", "one", "good", "--force")
    written.hive("snapshot", "one", "good", "--delete")
    assert labels(written) == []
    assert "no snapshot" in written.hive("restore", "one", "good", status=3).err


def test_a_new_env_begins_with_the_data_of_another_one(written: Yard) -> None:
    written.hive("spawn", "two", "--from", "one", "--warm")
    assert uploads(written, "two").joinpath("a").read_text() == "first"
    assert pairs(written, "two") >= 1
    written.hive("snapshot", "one", "good")
    uploads(written).joinpath("a").write_text("second")
    written.hive("spawn", "three", "--from", "one:good")
    assert uploads(written, "three").joinpath("a").read_text() == "first"
    written.hive("spawn", "four", "--from", "one:bad", status=3)
    assert "four" not in written.names()


def test_an_env_without_data_says_what_to_do(yard: Yard) -> None:
    yard.make_repo("")
    yard.hive("spawn", "one")
    assert "[snapshot] data" in yard.hive("snapshot", "one", status=1).err
    assert "cannot be the label" in yard.hive("snapshot", "one", "../up", status=2).err


@pytest.mark.parametrize("point", ["snapshot:frozen", "snapshot:made"])
def test_a_daemon_that_dies_in_a_snapshot_leaves_no_half_and_nothing_frozen(
    written: Yard, point: str
) -> None:
    pid = written.service("one", "writer")["pid"]
    written.hive("daemon", "stop")
    written.extra = {"HIVE_FAULT_KILL_AT": point}
    written.hive("snapshot", "one", "good", status=None)
    written.extra = {}
    written.until(lambda: written.service("one", "writer")["state"] == "ready", "it is thawed")
    assert alive(pid)
    assert labels(written) == []
    kept = written.home / "snapshots"
    written.until(lambda: not list(kept.glob("*/.making-*")), "the half is removed")
    written.hive("snapshot", "one", "good")


@pytest.mark.parametrize("point", ["restore:noted", "restore:file"])
def test_a_daemon_that_dies_in_a_restore_goes_on_with_it(written: Yard, point: str) -> None:
    written.hive("snapshot", "one", "good")
    uploads(written).joinpath("a").write_text("second")
    written.hive("daemon", "stop")
    written.extra = {"HIVE_FAULT_KILL_AT": point}
    written.hive("restore", "one", "good", status=None)
    written.extra = {}
    written.hive("list")
    written.until(lambda: written.env("one")["state"] == "warm", "it is warm again")
    assert uploads(written).joinpath("a").read_text() == "first"
    assert pairs(written) >= 1
    written.hive("restore", "one", "before-restore")
    assert uploads(written).joinpath("a").read_text() == "second"
