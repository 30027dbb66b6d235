"""What somebody changes with other tools while hive looks elsewhere: it is seen and survived."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import sqlite3

import pytest

from tests.hives import Yard

SLEEPER = '[services.s]\nrun = "exec sleep 1000"\n'


@pytest.fixture
def spawned(yard: Yard) -> Yard:
    """A project with one service, warm in the env `auth`."""
    yard.make_repo(SLEEPER)
    yard.hive("spawn", "auth", "--warm")
    return yard


def test_a_removed_worktree_is_told_and_can_be_destroyed(spawned: Yard) -> None:
    shutil.rmtree(spawned.tree("auth"))
    spawned.until(lambda: "gone" in str(spawned.env("auth")["reason"]), "it is seen")
    assert spawned.env("auth")["state"] == "degraded"
    spawned.hive("destroy", "auth")
    assert spawned.runs() == {}
    assert spawned.git("worktree", "list").count("\n") == 1
    assert spawned.git("branch", "--format=%(refname:short)").split() == ["main"]
    spawned.hive("spawn", "auth")


def test_a_worktree_removed_with_git_can_be_destroyed(spawned: Yard) -> None:
    spawned.git("worktree", "remove", "--force", str(spawned.tree("auth")))
    spawned.hive("destroy", "auth")
    assert spawned.names() == []
    assert spawned.git("worktree", "list").count("\n") == 1


def test_a_transition_without_a_worktree_fails_with_the_reason(spawned: Yard) -> None:
    spawned.hive("cool", "auth")
    shutil.rmtree(spawned.tree("auth"))
    done = spawned.hive("warm", "auth", "--json", status=1)
    assert "does not exist" in done.json["results"][0]["error"]["message"]


def test_a_deleted_branch_is_no_obstacle(spawned: Yard) -> None:
    spawned.git("update-ref", "-d", "refs/heads/auth")
    assert spawned.env("auth")["state"] == "warm"
    spawned.hive("cool", "auth")
    spawned.hive("destroy", "auth", "--force")
    assert spawned.names() == []
    assert spawned.git("worktree", "list").count("\n") == 1


def test_another_branch_in_the_worktree_is_kept(spawned: Yard) -> None:
    tree = spawned.tree("auth")
    spawned.git("switch", "-q", "-c", "other", cwd=tree)
    (tree / "new").write_text("work")
    spawned.git("add", "new", cwd=tree)
    spawned.git("commit", "-q", "-m", "work", cwd=tree)
    assert spawned.hive("destroy", "auth", status=None).status in {0, 4}
    spawned.hive("destroy", "auth", "--force", status=None)
    assert spawned.names() == []
    assert "work" in spawned.git("log", "--all", "--format=%s")


# --- undo ----------------------------------------------------------------------------------------


def test_undo_refuses_while_the_folder_is_taken_and_works_once_it_is_free(spawned: Yard) -> None:
    spawned.hive("destroy", "auth")
    spawned.tree("auth").mkdir()
    (spawned.tree("auth") / "mine").write_text("mine")
    assert str(spawned.tree("auth")) in spawned.hive("undo", status=None).err
    assert spawned.names() == []
    assert (spawned.tree("auth") / "mine").read_text() == "mine"
    shutil.rmtree(spawned.tree("auth"))
    spawned.hive("undo")
    assert spawned.names() == ["auth"]


def test_undo_refuses_while_the_branch_stands_elsewhere(spawned: Yard) -> None:
    spawned.hive("destroy", "auth")
    (spawned.repo / "other").write_text("other")
    spawned.git("checkout", "-q", "-b", "auth")
    spawned.commit("other")
    done = spawned.hive("undo", status=None)
    assert done.status in {1, 4}
    assert "auth" in done.err
    assert spawned.names() == []
    spawned.git("checkout", "-q", "main")
    spawned.git("branch", "-m", "auth", "theirs")
    spawned.hive("undo")
    assert spawned.git("branch", "--show-current", cwd=spawned.tree("auth")) == "auth\n"


def test_undo_refuses_while_the_name_is_taken(spawned: Yard) -> None:
    spawned.hive("destroy", "auth")
    spawned.hive("spawn", "auth")
    assert "auth" in spawned.hive("undo", status=1).err
    assert spawned.names() == ["auth"]


def test_undo_moves_to_other_ports_where_its_own_are_taken(yard: Yard) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        base = probe.getsockname()[1] // 10 * 10
    yard.make_repo(f"[ports]\nbase = {base}\nblock = 10\nnames = {{ web = 0 }}\n")
    yard.hive("spawn", "auth")
    port = yard.env("auth")["ports"]["base"]
    yard.hive("destroy", "auth")
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        done = yard.hive("undo")
        assert f"ports moved from {port}" in done.out
        assert yard.env("auth")["ports"]["base"] != port


def test_a_repository_that_is_gone_does_not_keep_the_daemon_from_starting(spawned: Yard) -> None:
    spawned.kill_daemon()
    folder = str(spawned.trees / ".hive-spare-half")
    half = {"project": "shop", "folder": folder, "commit": "0" * 40, "state": "making"}
    (database,) = spawned.home.glob("*.db")
    with contextlib.closing(sqlite3.connect(database)) as store, store:
        store.execute(
            "INSERT INTO spares (folder, project, record) VALUES (?, ?, ?)",
            (folder, "shop", json.dumps(half).encode()),
        )
    spawned.repo.rename(spawned.folder / "away")
    listed = spawned.hive("list", "--json", cwd=spawned.folder).json["environments"]
    assert [env["name"] for env in listed] == ["auth"]
    assert "hive.toml" in listed[0]["reason"]


def test_recovery_refs_go_once_their_time_is_over(spawned: Yard) -> None:
    spawned.git("update-ref", "refs/hive/recovery/2020-01-01-old-abcdef", "HEAD")
    (spawned.tree("auth") / "new").write_text("work")
    spawned.hive("destroy", "auth", "--force")
    spawned.until(lambda: "2020-01-01" not in spawned.git("for-each-ref"), "the old ref is gone")
    assert spawned.git("for-each-ref", "refs/hive/recovery/").count("\n") == 1


def test_undo_of_nothing_is_not_found(yard: Yard) -> None:
    yard.make_repo("")
    assert "nothing to undo" in yard.hive("undo", status=3).err
