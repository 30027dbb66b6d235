"""The whole product as a user has it: commands, daemon, git and processes, all real."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.hives import SERVER, Yard, alive

PYTHON = sys.executable


def toml(base: int) -> str:
    """A project with a web server behind a migration, a watcher and a suite."""
    return f"""
[ports]
base = {base}
block = 10
names = {{ web = 0, api = 1 }}

[env]
DATABASE = "{{{{worktree}}}}/.data/{{{{env.slug}}}}.db"

[services.watch]
run = "touch .data/watching; exec sleep 1000"
when = "cold"
needs = ["folder"]
ready = {{ file = ".data/watching" }}

[tasks.folder]
run = "mkdir -p .data"
when = "spawn"

[tasks.migrate]
run = "echo migrating; echo schema >> $DATABASE"
inputs = ["schema.sql"]

[services.web]
run = "exec {PYTHON} server.py {{{{port.web}}}}"
needs = ["migrate"]
ready = {{ http = "http://127.0.0.1:{{{{port.web}}}}/" }}

[services.worker]
run = "echo worker of $HIVE_ENV is up; exec sleep 1000"
needs = ["web"]
ready = {{ log = "is up" }}

[tests.unit]
run = "test $(cat $DATABASE | wc -l) = 1 && test ! -e broken"
needs = ["migrate"]
"""


@pytest.fixture
def shop(yard: Yard) -> Yard:
    """The yard with that project in it."""
    yard.make_repo(toml(yard.port_base()), {"server.py": SERVER, "schema.sql": "create"})
    return yard


def test_an_env_is_spawned_warmed_tested_cooled_stopped_and_destroyed(shop: Yard) -> None:
    shop.hive("spawn", "auth")
    env = shop.env("auth")
    assert env["state"] == "cold"
    assert {s["name"]: s["state"] for s in env["services"]} == {
        "watch": "ready",
        "web": "stopped",
        "worker": "stopped",
    }
    assert shop.git("branch", "--show-current", cwd=shop.tree("auth")).strip() == "auth"

    result = shop.hive("warm", "auth", "--json").json["results"][0]
    assert (result["outcome"], result["error"]) == ("succeeded", None)
    env = shop.env("auth")
    assert env["state"] == "warm"
    assert all(s["state"] == "ready" for s in env["services"])
    url = shop.hive("url", "auth", "web").out.strip()
    assert urllib.request.urlopen(url, timeout=5).read() == b"ok"
    assert "worker of auth is up" in shop.hive("logs", "auth", "worker").out

    assert shop.hive("warm", "auth", "--json").json["results"][0]["outcome"] == "unchanged"
    tests = shop.hive("test", "auth", "--json").json["tests"]
    assert [t["state"] for t in tests] == ["passed"]

    shop.hive("cool", "auth")
    env = shop.env("auth")
    assert env["state"] == "cold"
    assert {s["name"] for s in env["services"] if s["state"] == "ready"} == {"watch"}
    shop.hive("stop", "auth")
    assert shop.env("auth")["state"] == "stopped"
    assert shop.runs() == {}

    shop.hive("destroy", "auth")
    assert shop.names() == []
    assert not shop.tree("auth").exists()
    assert "auth" not in shop.git("branch", "--list")
    assert shop.git("worktree", "list").count("\n") == 1


def test_three_envs_warm_at_once_with_ports_and_data_of_their_own(shop: Yard) -> None:
    names = ["one", "two", "three"]
    for name in names:
        shop.hive("spawn", name)
    results = shop.hive("warm", *names, "--json").json["results"]
    assert [r["outcome"] for r in results] == ["succeeded"] * 3

    envs = [shop.env(name) for name in names]
    assert len({env["ports"]["base"] for env in envs}) == 3
    for env in envs:
        database = Path(env["worktree"], ".data", f"{env['name']}.db")
        assert database.read_text() == "schema\n"
    rows = shop.hive("ports", "--json").json["ports"]
    web = [row for row in rows if row["name"] == "web"]
    assert [row["listening"] for row in web] == [True] * 3
    assert {row["service"] for row in web} == {"web"}
    assert not any(row["foreign"] for row in rows)


def test_a_killed_service_shows_its_reason_and_comes_back(shop: Yard) -> None:
    shop.hive("spawn", "auth", "--warm")
    before = shop.service("auth", "worker")
    os.kill(before["pid"], signal.SIGKILL)
    shop.until(
        lambda: shop.service("auth", "worker")["pid"] not in (None, before["pid"]),
        "the worker was started again",
    )
    assert shop.service("auth", "worker")["restarts"] == 1
    crashes = [e for e in shop.events() if e["kind"].startswith("service.")]
    assert any(e["service"] == "worker" for e in crashes)


def test_services_and_verdicts_outlive_a_killed_daemon(shop: Yard) -> None:
    shop.hive("spawn", "auth", "--warm")
    shop.hive("test", "auth")
    before = shop.env("auth")
    shop.kill_daemon()
    after = shop.env("auth")
    assert after["state"] == "warm"
    pids = [s["pid"] for s in before["services"]]
    assert [s["pid"] for s in after["services"]] == pids
    assert all(alive(pid) for pid in pids)
    assert after["tests"][0]["state"] == "passed"
    shop.hive("stop", "auth")
    assert shop.runs() == {}


def test_a_daemon_killed_while_it_warms_is_gone_on_with(yard: Yard) -> None:
    yard.make_repo(
        """
[tasks.slow]
run = "until [ -e ../go ]; do sleep 0.05; done"
[services.worker]
run = "exec sleep 1000"
needs = ["slow"]
"""
    )
    yard.hive("spawn", "auth")
    warming = yard.start("warm", "auth")
    yard.until(lambda: yard.env("auth")["progress"], "it warms")
    yard.kill_daemon()
    warming.communicate()
    assert warming.returncode != 0
    assert yard.env("auth")["state"] == "warming"
    (yard.trees / "go").touch()
    yard.until(lambda: yard.env("auth")["state"] == "warm", "the next daemon warmed it")
    assert len(yard.runs()) == 1
    assert any(e["kind"] == "daemon.recovered" for e in yard.events())


def test_a_verdict_goes_stale_when_a_file_changes(shop: Yard) -> None:
    shop.hive("spawn", "auth")
    shop.hive("test", "auth")
    assert shop.env("auth")["tests"][0]["stale"] is False
    (shop.tree("auth") / "broken").touch()
    shop.until(lambda: shop.env("auth")["tests"][0]["stale"], "the verdict is stale")
    done = shop.hive("test", "auth", "--json", status=1)
    assert done.json["tests"][0]["state"] == "failed"
    shop.until(lambda: shop.env("auth")["git"]["dirty"] == 1, "git was asked again")


def test_destroy_refuses_to_lose_work_and_undo_takes_it_back(shop: Yard) -> None:
    shop.hive("spawn", "auth")
    (shop.tree("auth") / "note.txt").write_text("precious")
    refused = shop.hive("destroy", "auth", "--json", status=4)
    assert "note.txt" in json.dumps(refused.json)
    forced = shop.hive("destroy", "auth", "--force")
    assert "refs/hive/recovery/" in forced.out + forced.err
    assert shop.names() == []
    shop.hive("undo")
    assert (shop.tree("auth") / "note.txt").read_text() == "precious"
    assert shop.names() == ["auth"]
    assert shop.hive("warm", "auth", "--json").json["results"][0]["outcome"] == "succeeded"


def test_inputs_that_did_not_change_are_skipped(shop: Yard) -> None:
    shop.hive("spawn", "auth", "--warm")
    shop.hive("cool", "auth")
    shop.hive("warm", "auth")
    steps = {s["name"] for s in shop.hive("trace", "auth", "--json").json["steps"]}
    assert steps == {"web", "worker"}
    (shop.tree("auth") / "schema.sql").write_text("alter")
    shop.hive("cool", "auth")
    shop.hive("warm", "auth")
    steps = {s["name"] for s in shop.hive("trace", "auth", "--json").json["steps"]}
    assert steps == {"migrate", "web", "worker"}


def test_a_failed_task_fails_only_what_needs_it(yard: Yard) -> None:
    yard.make_repo(
        """
[tasks.build]
run = "echo compiling; echo no such header >&2; exit 3"
[services.app]
run = "exec sleep 1000"
needs = ["build"]
[services.docs]
run = "exec sleep 1000"
"""
    )
    yard.hive("spawn", "auth")
    done = yard.hive("warm", "auth", "--json", status=1)
    error = done.json["results"][0]["error"]
    assert "build failed: exit 3" in error["message"]
    env = yard.env("auth")
    assert env["state"] == "failed"
    assert {s["name"]: s["state"] for s in env["services"]} == {"app": "stopped", "docs": "ready"}
    assert "no such header" in yard.hive("why", "auth").out


def test_freeze_pauses_and_thaw_resumes(shop: Yard) -> None:
    shop.hive("spawn", "auth", "--warm")
    shop.hive("freeze", "auth")
    assert shop.env("auth")["state"] == "frozen"
    pid = shop.service("auth", "web")["pid"]
    assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    shop.hive("thaw", "auth")
    assert shop.env("auth")["state"] == "warm"


def test_the_callers_variables_do_not_leak(yard: Yard) -> None:
    yard.make_repo('[services.s]\nrun = "env; exec sleep 1000"\n')
    yard.extra = {"LINES": "7", "COLUMNS": "33", "PORT": "99", "HIVE_ENV": "x", "SECRET": "y"}
    yard.hive("spawn", "auth", "--warm")
    yard.until(lambda: "HIVE_ENV" in yard.hive("logs", "auth", "s").out, "it has written")
    seen = dict(
        line.split("=", 1)
        for line in yard.hive("logs", "auth", "s").out.splitlines()
        if "=" in line
    )
    names = {key.split()[-1] for key in seen}
    assert not names & {"LINES", "COLUMNS", "PORT", "SECRET"}
    assert "HIVE_ENV=auth" in yard.hive("logs", "auth", "s").out


def test_a_spawn_takes_a_spare_which_goes_with_the_last_env(yard: Yard) -> None:
    yard.make_repo("spares = 1\n")

    def spares() -> list[str]:
        return [p.name for p in yard.trees.iterdir() if p.name.startswith(".hive-spare")]

    yard.hive("spawn", "one")
    yard.until(lambda: len(spares()) == 1, "a spare is prepared")
    assert yard.names() == ["one"]
    first = spares()
    yard.until(lambda: (yard.trees / first[0] / "hive.toml").exists(), "the spare is checked out")
    yard.hive("spawn", "two")
    yard.until(lambda: spares() not in ([], first), "another spare is prepared")
    assert yard.git("branch", "--show-current", cwd=yard.tree("two")).strip() == "two"
    yard.hive("destroy", "one", "two")
    assert spares() == []
    assert yard.git("worktree", "list").count("\n") == 1


def test_a_daemon_may_have_many_files_open_and_its_services_as_many_as_before(yard: Yard) -> None:
    yard.make_repo('[services.s]\nrun = "ulimit -n; exec sleep 1000"\n')
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(500, hard), hard))
    try:
        yard.hive("spawn", "auth", "--warm")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = Path(f"/proc/{yard.daemon_pid()}/limits").read_text()
    words = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()
    assert words[3] == words[4]
    yard.until(lambda: "500" in yard.hive("logs", "auth", "s").out, "the service has said it")
