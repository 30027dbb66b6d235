"""Commands that meet each other: two of the same, opposite ones, and twenty at once."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.hives import DEADLINE_S, Yard

GATED = """
[ports]
block = 10
names = { web = 0 }
[tasks.gate]
run = "echo in >> ../passed; until [ -e ../open ]; do sleep 0.05; done"
[services.web]
run = "exec sleep 1000"
needs = ["gate"]
"""


@pytest.fixture
def gated(yard: Yard) -> Yard:
    """The env `auth`, whose warm waits at a gate until the file `open` is there."""
    yard.make_repo(GATED)
    yard.hive("spawn", "auth")
    return yard


def at_the_gate(yard: Yard) -> subprocess.Popen[str]:
    """Begin a warm, and wait until it stands at the gate."""
    warming = yard.start("warm", "auth", "--json")
    yard.until((yard.trees / "passed").exists, "the warm is under way")
    return warming


def ended(command: subprocess.Popen[str]) -> dict[str, Any]:
    """The only result of a command that was begun."""
    out, err = command.communicate(timeout=DEADLINE_S)
    assert out, err
    found: dict[str, Any] = json.loads(out)["results"][0]
    return found


def test_a_second_warm_joins_the_one_that_runs(gated: Yard) -> None:
    first = at_the_gate(gated)
    second = gated.start("warm", "auth", "--json")
    third = gated.start("warm", "auth", "--json")
    both = gated.hive("warm", "auth", "--no-wait", "--json").json["results"][0]
    assert both["outcome"] is None
    (gated.trees / "open").touch()
    results = [ended(command) for command in (first, second, third)]
    assert {result["outcome"] for result in results} <= {"succeeded", "unchanged"}
    assert (gated.trees / "passed").read_text() == "in\n"
    begun = [e for e in gated.events() if e["kind"].startswith("warm")]
    assert len(begun) <= 2, begun
    assert len(gated.runs()) == 1


def test_a_start_of_all_does_not_join_that_of_one_service(yard: Yard) -> None:
    yard.make_repo(
        """
        [tasks.gate]
        run = "echo in > ../passed; until [ -e ../open ]; do sleep 0.05; done"
        when = "warm"
        [services.web]
        run = "exec sleep 1000"
        needs = ["gate"]
        [services.watcher]
        run = "exec sleep 1000"
        when = "cold"
        """
    )
    yard.hive("spawn", "auth")
    yard.hive("stop", "auth")
    one = yard.start("start", "auth", "--service", "web", "--json")
    yard.until((yard.trees / "passed").exists, "the one service is being started")
    every = yard.start("start", "auth", "--json")
    (yard.trees / "open").touch()
    assert ended(one)["outcome"] == "succeeded"
    assert ended(every)["outcome"] == "succeeded"
    states = {s["name"]: s["state"] for s in yard.env("auth")["services"]}
    assert states == {"web": "ready", "watcher": "ready"}


def test_a_daemon_that_stops_during_a_warm_leaves_it_to_the_next_one(gated: Yard) -> None:
    warming = at_the_gate(gated)
    gated.hive("daemon", "stop")
    warming.communicate(timeout=DEADLINE_S)
    assert warming.returncode == 1
    gated.until(lambda: gated.runs() == {}, "the task has ended with its daemon")
    (gated.trees / "open").touch()
    gated.until(lambda: gated.env("auth")["state"] == "warm", "the warm was gone on with")


def test_a_cool_during_a_warm_cancels_it(gated: Yard) -> None:
    warming = at_the_gate(gated)
    gated.hive("cool", "auth")
    assert ended(warming)["outcome"] == "cancelled"
    assert gated.env("auth")["state"] == "cold"
    assert gated.runs() == {}


def test_a_stop_during_a_warm_cancels_it(gated: Yard) -> None:
    warming = at_the_gate(gated)
    gated.hive("stop", "auth")
    assert ended(warming)["outcome"] == "cancelled"
    assert gated.env("auth")["state"] == "stopped"
    assert gated.runs() == {}


def test_a_warm_right_after_a_cool_ends_warm(gated: Yard) -> None:
    (gated.trees / "open").touch()
    commands = [gated.start(word, "auth", "--json") for word in ("warm", "cool") * 3]
    for command in commands:
        ended(command)
    gated.hive("warm", "auth")
    assert gated.env("auth")["state"] == "warm"
    assert len(gated.runs()) == 1


def test_a_destroy_during_a_warm_takes_all_away(gated: Yard) -> None:
    warming = at_the_gate(gated)
    gated.hive("destroy", "auth")
    assert ended(warming)["outcome"] == "cancelled"
    assert gated.names() == []
    assert gated.runs() == {}
    assert not gated.tree("auth").exists()
    assert gated.git("branch", "--format=%(refname:short)").split() == ["main"]


def test_a_destroy_during_a_spawn_takes_all_away(yard: Yard) -> None:
    yard.make_repo('[tasks.t]\nrun = "touch ../in; exec sleep 1000"\nwhen = "spawn"\n')
    spawning = yard.start("spawn", "auth", "--json")
    yard.until((yard.trees / "in").exists, "the spawn is under way")
    yard.hive("destroy", "auth")
    assert ended(spawning)["outcome"] == "cancelled"
    assert yard.names() == []
    assert yard.runs() == {}
    assert not yard.tree("auth").exists()
    assert yard.git("branch", "--format=%(refname:short)").split() == ["main"]


def test_a_destroy_during_the_checkout_takes_all_away(yard: Yard) -> None:
    yard.make_repo("", {".gitattributes": "*.slow filter=slow\n", "x.slow": "x\n"})
    yard.git("config", "filter.slow.smudge", f"touch {yard.folder}/in; exec sleep 1000")
    spawning = yard.start("spawn", "auth", "--json")
    yard.until((yard.folder / "in").exists, "the checkout is under way")
    yard.hive("destroy", "auth")
    assert ended(spawning)["outcome"] == "cancelled"
    assert yard.names() == []
    assert not yard.tree("auth").exists()
    assert yard.git("worktree", "list").count("\n") == 1
    assert yard.git("branch", "--format=%(refname:short)").split() == ["main"]


def test_two_spawns_of_one_name_make_one_env(yard: Yard) -> None:
    yard.make_repo("")
    yard.hive("daemon", "start")
    commands = [yard.start("spawn", "auth") for _ in range(4)]
    for command in commands:
        command.communicate(timeout=DEADLINE_S)
    assert sorted(command.returncode for command in commands) == [0, 1, 1, 1]
    assert yard.names() == ["auth"]
    assert yard.env("auth")["state"] == "cold"
    yard.git("rev-parse", "HEAD", cwd=yard.tree("auth"))


def test_two_destroys_of_one_env_both_end(gated: Yard) -> None:
    commands = [gated.start("destroy", "auth", "--json") for _ in range(5)]
    for command in commands:
        command.communicate(timeout=DEADLINE_S)
    assert {command.returncode for command in commands} <= {0, 3}
    assert gated.names() == []
    gated.hive("undo")
    assert gated.names() == ["auth"]


def test_a_warm_beside_a_destroy_leaves_nothing(gated: Yard) -> None:
    (gated.trees / "open").touch()
    commands = [gated.start(word, "auth", "--json") for word in ("warm", "destroy", "warm")]
    for command in commands:
        out, err = command.communicate(timeout=DEADLINE_S)
        assert "Traceback" not in out + err
        assert "defect" not in out + err
    gated.hive("destroy", "auth", status=None)
    assert gated.names() == []
    assert gated.runs() == {}
    assert gated.git("worktree", "list").count("\n") == 1


def test_twenty_spawns_at_once_get_twenty_blocks_and_one_daemon(yard: Yard) -> None:
    yard.make_repo(GATED, {f"file{at}": "text" for at in range(50)})
    names = [f"e{at}" for at in range(20)]
    commands = [yard.start("spawn", name, "--json") for name in names]
    for command in commands:
        out, err = command.communicate(timeout=DEADLINE_S)
        assert command.returncode == 0, (out, err)
    envs = yard.hive("list", "--json").json["environments"]
    assert sorted(env["name"] for env in envs) == sorted(names)
    assert len({env["ports"]["base"] for env in envs}) == 20
    assert len({env["index"] for env in envs}) == 20
    assert {env["state"] for env in envs} == {"cold"}
    assert yard.git("worktree", "list").count("\n") == 21
    yard.hive("destroy", *names)
    assert yard.git("worktree", "list").count("\n") == 1
    assert yard.git("branch", "--format=%(refname:short)").split() == ["main"]
