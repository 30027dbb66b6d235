"""Worktrees prepared ahead, seen from the command line: quicker, and otherwise not there at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hives import Yard


def spares(yard: Yard) -> list[Path]:
    """Folders of the spares."""
    return sorted(yard.trees.glob(".hive-spare-*"))


def ready(yard: Yard, count: int) -> None:
    """Wait until so many spares have all their files."""

    def whole() -> bool:
        found = spares(yard)
        return len(found) == count and all(
            (path / "hive.toml").exists() and not list_locks(yard, path) for path in found
        )

    yard.until(whole, f"{count} spares are ready")


def list_locks(yard: Yard, spare: Path) -> list[Path]:
    """Lock files of git in a spare; `locked` is there until it is made."""
    admin = Path((spare / ".git").read_text().removeprefix("gitdir: ").strip())
    return [*admin.glob("*.lock"), *admin.glob("locked")]


@pytest.fixture
def spared(yard: Yard) -> Yard:
    """A project with one spare, and the env `first`, after which the spare was made."""
    yard.make_repo("spares = 1\n", {f"file{at}": "text" for at in range(20)})
    yard.hive("spawn", "first")
    ready(yard, 1)
    return yard


def taken(yard: Yard, name: str) -> bool:
    """Whether the env's worktree began as a spare: its log of HEAD says so."""
    admin = Path((yard.tree(name) / ".git").read_text().removeprefix("gitdir: ").strip())
    return "from a spare" in (admin / "logs" / "HEAD").read_text()


def test_a_spawn_takes_the_spare_and_looks_like_any_other(spared: Yard) -> None:
    spared.hive("spawn", "second")
    assert taken(spared, "second")
    assert not taken(spared, "first")
    tree = spared.tree("second")
    assert spared.git("branch", "--show-current", cwd=tree) == "second\n"
    assert spared.git("status", "--porcelain", cwd=tree) == ""
    assert (tree / "file7").read_text() == "text"
    ready(spared, 1)


def test_a_spare_is_no_env_and_holds_no_branch(spared: Yard) -> None:
    assert spared.names() == ["first"]
    assert "spare" not in spared.hive("list").out
    assert "spare" not in spared.hive("ports").out
    assert spared.git("branch", "--format=%(refname:short)").split() == ["first", "main"]
    spared.git("branch", "-m", "main", "trunk")
    spared.git("branch", "-m", "trunk", "main")


def test_a_spare_that_is_behind_is_brought_to_the_base(spared: Yard) -> None:
    spared.write("file7", "newer")
    spared.write("more", "more")
    (spared.repo / "file8").unlink()
    spared.commit("newer")
    spared.hive("spawn", "second")
    tree = spared.tree("second")
    assert (tree / "file7").read_text() == "newer"
    assert (tree / "more").read_text() == "more"
    assert not (tree / "file8").exists()
    assert spared.git("status", "--porcelain", cwd=tree) == ""
    head = spared.git("rev-parse", "main")
    assert spared.git("rev-parse", "HEAD", cwd=tree) == head


def test_spares_can_be_turned_off(spared: Yard) -> None:
    spared.write_toml("spares = 0\n")
    spared.hive("spawn", "second")
    spared.until(lambda: spares(spared) == [], "the spare is gone")
    spared.hive("spawn", "third")
    assert not taken(spared, "third")
    assert spared.git("worktree", "list").count("\n") == 4


def test_the_last_env_takes_the_spares_with_it(spared: Yard) -> None:
    spared.hive("destroy", "first")
    assert spares(spared) == []
    assert spared.git("worktree", "list").count("\n") == 1


def test_a_spare_that_somebody_deleted_is_no_obstacle(spared: Yard) -> None:
    (spare,) = spares(spared)
    spared.git("worktree", "remove", "--force", str(spare))
    spared.hive("spawn", "second")
    assert not taken(spared, "second")
    ready(spared, 1)


def test_the_post_checkout_hook_runs_once_for_each_env(yard: Yard) -> None:
    yard.make_repo("spares = 1\n")
    hook = yard.repo / ".git" / "hooks" / "post-checkout"
    hook.write_text(f'#!/bin/sh\necho "$(pwd) $3" >> {yard.folder}/hooked\n')
    hook.chmod(0o755)
    yard.hive("spawn", "first")
    ready(yard, 1)
    yard.hive("spawn", "second")
    assert taken(yard, "second")
    lines = (yard.folder / "hooked").read_text().splitlines()
    assert lines == [f"{yard.tree('first')} 1", f"{yard.tree('second')} 1"]


def test_many_spawns_share_what_spares_there_are(spared: Yard) -> None:
    names = [f"e{at}" for at in range(6)]
    commands = [spared.start("spawn", name) for name in names]
    for command in commands:
        out, err = command.communicate(timeout=60)
        assert command.returncode == 0, (out, err)
    assert sum(taken(spared, name) for name in names) >= 1
    for name in names:
        assert spared.git("branch", "--show-current", cwd=spared.tree(name)) == f"{name}\n"
        assert spared.git("status", "--porcelain", cwd=spared.tree(name)) == ""


def test_a_spawn_that_is_taken_back_before_its_checkout_leaves_no_spare(yard: Yard) -> None:
    yard.make_repo("spares = 3\n")
    yard.hive("spawn", "first")
    ready(yard, 3)
    hook = yard.repo / ".git" / "hooks" / "post-checkout"
    gate = f"echo in >> {yard.folder}/in; until [ -e {yard.folder}/open ]; do sleep 0.02; done"
    hook.write_text(f"#!/bin/sh\n{gate}\n")
    hook.chmod(0o755)
    standing = [yard.start("spawn", name) for name in ("second", "third")]
    both = "in\nin\n"
    passed = yard.folder / "in"
    yard.until(lambda: passed.exists() and passed.read_text() == both, "no checkout is free")
    waiting = yard.start("spawn", "fourth")
    yard.until(lambda: "fourth" in yard.names(), "the fourth waits for its checkout")
    yard.hive("destroy", "fourth", "--force")
    (yard.folder / "open").touch()
    for command in (*standing, waiting):
        command.communicate(timeout=60)
    yard.hive("destroy", "first", "second", "third")
    yard.until(lambda: spares(yard) == [], "no spare is left")
    assert yard.git("worktree", "list").count("\n") == 1


def test_a_killed_daemon_leaves_no_spare_behind(spared: Yard) -> None:
    spared.kill_daemon()
    assert spared.names() == ["first"]
    ready(spared, 1)
    spared.hive("spawn", "second")
    spared.hive("destroy", "first", "second")
    spared.until(lambda: spares(spared) == [], "no spare is left")
    assert spared.git("worktree", "list").count("\n") == 1
