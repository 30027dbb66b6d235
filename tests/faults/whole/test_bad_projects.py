"""What cannot become an env: the command says why, and nothing at all was made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hives import Yard


def assert_nothing_was_made(yard: Yard) -> None:
    """No env, no folder, no branch, no registration."""
    assert yard.names() == []
    left = yard.trees.iterdir() if yard.trees.exists() else ()
    assert [path.name for path in left if path.name != ".hive-trash"] == []
    assert yard.git("for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
    assert yard.git("worktree", "list").count("\n") == 1


@pytest.fixture
def plain(yard: Yard) -> Yard:
    """A repository whose project has nothing in it."""
    yard.make_repo("")
    return yard


# --- hive.toml -----------------------------------------------------------------------------------

CYCLE = """
[project]
name = "shop"
[tasks.a]
run = "true"
needs = ["b"]
[tasks.b]
run = "true"
needs = ["a"]
"""

HUGE = '[project]\nname = "shop"\n' + "".join(
    f'[tasks.t{at}]\nrun = "true"\n' + (f'needs = ["t{at - 1}"]\n' if at else 'needs = ["t2999"]\n')
    for at in range(3000)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("[project\nname = 1", ":1:", id="not-toml"),
        pytest.param('[project]\nname = "shop"\nspaers = 1\n', "spares", id="misspelt"),
        pytest.param(CYCLE, "a -> b -> a", id="cycle"),
        pytest.param(HUGE, "t0 -> t2999 -> t2998", id="huge-and-cyclic"),
        pytest.param('[project]\nname = "\x00"\n', ":2:", id="control-code"),
    ],
)
def test_a_hive_toml_that_cannot_be_used_makes_nothing(plain: Yard, text: str, words: str) -> None:
    plain.write("hive.toml", text)
    done = plain.hive("spawn", "auth", status=2)
    assert "hive.toml" in done.err
    assert words in done.err.replace("→", "->")
    assert len(done.err) < 2_000
    assert_nothing_was_made(plain)


def test_an_empty_hive_toml_is_a_project_without_services(plain: Yard) -> None:
    plain.write("hive.toml", "")
    plain.extra = {"HOME": str(plain.folder)}
    plain.hive("spawn", "auth")
    env = plain.env("auth")
    assert (env["project"], env["state"], env["services"]) == ("shop", "cold", [])
    plain.hive("destroy", "auth")


def test_a_hive_toml_that_breaks_later_leaves_running_envs_alone(yard: Yard) -> None:
    yard.make_repo('[services.s]\nrun = "exec sleep 1000"\n')
    yard.hive("spawn", "auth", "--warm")
    yard.write("hive.toml", "[services")
    assert yard.env("auth")["state"] == "warm"
    assert "hive.toml:1" in yard.hive("cool", "auth", status=2).err
    yard.kill_daemon()
    assert yard.service("auth", "s")["state"] == "ready"
    assert len(yard.runs()) == 1
    assert "hive.toml cannot be used" in yard.env("auth")["reason"]
    yard.hive("stop", "auth")
    assert yard.runs() == {}


def test_doctor_names_a_hive_toml_that_broke(yard: Yard) -> None:
    yard.make_repo('[services.s]\nrun = "exec sleep 1000"\n')
    yard.hive("spawn", "auth")
    yard.hive("doctor")
    yard.write("hive.toml", "[services")
    rows = yard.hive("doctor", "--json", status=1).json["checks"]
    bad = {row["name"]: row for row in rows if not row["ok"]}
    assert set(bad) >= {"project shop", "this folder"}
    assert "hive.toml:1" in bad["project shop"]["message"]


def test_a_warm_is_not_gone_on_with_while_the_hive_toml_is_broken(yard: Yard) -> None:
    toml = """
        [tasks.gate]
        run = "echo in > ../passed; until [ -e ../open ]; do sleep 0.05; done"
        [services.s]
        run = "exec sleep 1000"
        needs = ["gate"]
    """
    yard.make_repo(toml)
    yard.hive("spawn", "auth")
    yard.hive("warm", "auth", "--no-wait")
    yard.until((yard.trees / "passed").exists, "the warm is under way")
    yard.kill_daemon()
    yard.write("hive.toml", "[services")
    env = yard.env("auth")
    assert (env["state"], env["wanted"]) == ("degraded", "warm")
    assert "hive.toml:1" in env["reason"]
    assert any("could not go on with warm" in event["message"] for event in yard.events())
    (yard.trees / "open").touch()
    yard.write_toml(toml)
    yard.hive("warm", "auth")
    assert (yard.env("auth")["state"], yard.env("auth")["reason"]) == ("warm", None)


def test_a_service_that_left_the_hive_toml_is_stopped_with_its_env(yard: Yard) -> None:
    yard.make_repo('[services.s]\nrun = "exec sleep 1000"\n[services.t]\nrun = "exec sleep 1000"\n')
    yard.hive("spawn", "auth", "--warm")
    yard.write_toml('[services.t]\nrun = "exec sleep 1000"\n')
    yard.hive("warm", "auth")
    assert len(yard.runs()) == 2
    yard.kill_daemon()
    assert {s["name"]: s["state"] for s in yard.env("auth")["services"]} == {
        "s": "ready",
        "t": "ready",
    }
    yard.hive("cool", "auth")
    assert yard.runs() == {}
    assert [s["name"] for s in yard.env("auth")["services"]] == ["t"]


def test_without_a_hive_toml_the_way_to_one_is_named(plain: Yard) -> None:
    (plain.repo / "hive.toml").unlink()
    assert "hive init" in plain.hive("spawn", "auth", status=3).err
    assert_nothing_was_made(plain)


# --- git -----------------------------------------------------------------------------------------


def test_a_folder_that_is_no_repository_is_refused(plain: Yard) -> None:
    nowhere = plain.folder / "nowhere"
    nowhere.mkdir()
    done = plain.hive("spawn", "auth", cwd=nowhere, status=None)
    assert done.status in {1, 2}
    assert "git repository" in done.err
    assert_nothing_was_made(plain)


def test_a_bare_repository_gets_envs_through_a_worktree_of_it(plain: Yard) -> None:
    bare = plain.folder / "bare.git"
    plain.git("clone", "-q", "--bare", str(plain.repo), str(bare))
    done = plain.hive("spawn", "auth", cwd=bare, status=None)
    assert done.status in {1, 2}
    assert "bare repository" in done.err
    checkout = plain.folder / "checkout"
    plain.git("worktree", "add", "-q", str(checkout), "main", cwd=bare)
    plain.hive("spawn", "auth", cwd=checkout)
    plain.hive("spawn", "more", cwd=plain.tree("auth"))
    assert plain.names() == ["auth", "more"]
    plain.hive("destroy", "auth", "more", cwd=checkout)
    assert plain.git("worktree", "list", cwd=bare).count("\n") == 2


def test_a_detached_head_in_the_main_checkout_is_no_obstacle(plain: Yard) -> None:
    plain.git("checkout", "-q", "--detach")
    plain.hive("spawn", "auth")
    assert plain.git("branch", "--show-current", cwd=plain.tree("auth")) == "auth\n"


def test_a_repository_without_a_commit_is_refused(yard: Yard) -> None:
    yard.repo.mkdir()
    yard.git("init", "-q", "-b", "main")
    yard.write_toml("")
    done = yard.hive("spawn", "auth", status=None)
    assert done.status in {1, 2}
    assert "commit" in done.err
    assert yard.names() == []


def test_a_base_that_does_not_exist_makes_nothing(plain: Yard) -> None:
    done = plain.hive("spawn", "auth", "--base", "mian", status=None)
    assert done.status in {1, 2, 3}
    assert "mian" in done.err
    assert "main" in done.err
    assert_nothing_was_made(plain)


def test_a_branch_that_is_checked_out_elsewhere_names_the_place(plain: Yard) -> None:
    done = plain.hive("spawn", "auth", "--branch", "main", "--reuse-branch", status=4)
    assert str(plain.repo) in done.err
    assert_nothing_was_made(plain)


def test_a_branch_that_exists_is_taken_only_when_asked_for_and_never_deleted(plain: Yard) -> None:
    plain.git("branch", "auth")
    assert "--reuse-branch" in plain.hive("spawn", "auth", status=None).err
    assert plain.names() == []
    plain.hive("spawn", "auth", "--reuse-branch")
    plain.hive("destroy", "auth")
    assert "auth" in plain.git("branch")


# --- names ---------------------------------------------------------------------------------------

NAMES = ["a/b", "..", "../up", "two words", "-x", "\N{BUG}", "a" * 200, "Auth", "", "a\nb", "a;b"]


def test_a_name_that_breaks_the_rule_makes_nothing(plain: Yard) -> None:
    for name in NAMES:
        plain.hive("spawn", "--", name, status=2)
    assert_nothing_was_made(plain)


def test_a_leading_dash_is_wrong_usage_without_the_double_dash_too(plain: Yard) -> None:
    plain.hive("spawn", "-x", status=2)
    plain.hive("spawn", "--rm", status=2)


def test_a_branch_that_git_does_not_take_makes_nothing(plain: Yard) -> None:
    for branch in ("..", "a..b", "two words", "-x", "a~1", "x.lock", "/", "a\nb"):
        plain.hive("spawn", "auth", f"--branch={branch}", status=2)
    assert_nothing_was_made(plain)


def test_a_branch_that_the_disk_does_not_take_makes_nothing(plain: Yard) -> None:
    done = plain.hive("spawn", "auth", "--branch", "x" * 300, status=1)
    assert "nothing was made" in done.err
    assert_nothing_was_made(plain)


def test_branches_with_slashes_and_emoji_are_data(plain: Yard) -> None:
    plain.write_toml('[services.s]\nrun = "echo {{branch}}; exec sleep 1000"\nready = {log = "x"}')
    branch = "fix/\N{BUG}$(touch${IFS}x);`id`"
    plain.hive("spawn", "auth", f"--branch={branch}", "--warm")
    assert branch in plain.hive("logs", "auth", "s").out
    assert not (plain.tree("auth") / "x").exists()
    plain.hive("destroy", "auth")
    assert_nothing_was_made(plain)


@pytest.mark.parametrize("what", ["file", "folder", "dangling link"])
def test_what_stands_in_the_worktrees_place_is_left_alone(plain: Yard, what: str) -> None:
    place = plain.tree("auth")
    plain.trees.mkdir()
    if what == "file":
        place.write_text("mine")
    elif what == "folder":
        place.mkdir()
        (place / "mine").write_text("mine")
    else:
        place.symlink_to(plain.folder / "nothing")
    done = plain.hive("spawn", "auth", status=1)
    assert str(place) in done.err
    assert os.path.lexists(place)
    assert what != "folder" or (place / "mine").read_text() == "mine"
    assert plain.names() == []
    assert "auth" not in plain.git("branch")


def test_a_name_that_is_taken_is_refused_and_the_env_is_left_alone(plain: Yard) -> None:
    plain.hive("spawn", "auth")
    (plain.tree("auth") / "mine").write_text("mine")
    assert "auth" in plain.hive("spawn", "auth", status=1).err
    assert (plain.tree("auth") / "mine").read_text() == "mine"
    assert plain.names() == ["auth"]


def test_an_unknown_env_is_named_with_what_is_near(plain: Yard) -> None:
    plain.hive("spawn", "payments")
    for words in (("status",), ("warm",), ("destroy",), ("logs",), ("test",)):
        done = plain.hive(*words, "paymetns", cwd=Path("/"), status=3)
        assert "payments" in done.err
    mixed = plain.hive("cool", "payments", "nobody", "--json", status=3)
    assert [r["outcome"] for r in mixed.json["results"]] == ["unchanged", "failed"]
