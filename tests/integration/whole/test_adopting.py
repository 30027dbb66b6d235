"""Worktrees that somebody else made: taken in, used like any other, and never taken away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.hives import Yard


@pytest.fixture
def theirs(yard: Yard) -> Yard:
    """A worktree made by hand at `Their Work`, with the branch `feature/x`."""
    yard.make_repo('[services.s]\nrun = "exec sleep 1000"\n[tests.unit]\nrun = "true"\n')
    yard.git("worktree", "add", "-q", "-b", "feature/x", str(yard.folder / "Their Work"))
    return yard


def assert_untouched(yard: Yard) -> None:
    """Folder, branch and registration are as they were."""
    assert (yard.folder / "Their Work" / "hive.toml").exists()
    assert "feature/x" in yard.git("branch", "--format=%(refname:short)").split()
    assert str(yard.folder / "Their Work") in yard.git("worktree", "list")


def test_an_adopted_worktree_is_an_env_like_any_other(theirs: Yard) -> None:
    tree = theirs.folder / "Their Work"
    told = theirs.hive("adopt", str(tree))
    assert "their-work" in told.out
    env = theirs.env("their-work")
    assert (env["branch"], env["worktree"], env["state"]) == ("feature/x", str(tree), "stopped")
    theirs.hive("warm", "their-work")
    theirs.hive("test", cwd=tree)
    assert theirs.env("their-work")["state"] == "warm"
    theirs.hive("destroy", "their-work", "--force")
    assert theirs.names() == []
    assert theirs.runs() == {}
    assert_untouched(theirs)


def test_it_may_have_work_in_it_and_is_destroyed_without_losing_it(theirs: Yard) -> None:
    (theirs.folder / "Their Work" / "precious").write_text("precious")
    theirs.hive("adopt", str(theirs.folder / "Their Work"), "--name", "x")
    theirs.hive("destroy", "x")
    assert (theirs.folder / "Their Work" / "precious").read_text() == "precious"
    assert_untouched(theirs)


def test_a_released_env_is_forgotten_and_can_be_adopted_again(theirs: Yard) -> None:
    theirs.hive("spawn", "own", "--warm")
    Path(theirs.tree("own"), "precious").write_text("precious")
    theirs.hive("release", "own")
    assert theirs.names() == []
    assert theirs.runs() == {}
    assert Path(theirs.tree("own"), "precious").read_text() == "precious"
    theirs.hive("adopt", str(theirs.tree("own")))
    assert theirs.names() == ["own"]


@pytest.mark.parametrize("what", ["main", "plain", "missing", "twice", "inside", "name"])
def test_what_cannot_be_adopted_is_refused_with_the_reason(theirs: Yard, what: str) -> None:
    tree = theirs.folder / "Their Work"
    (theirs.folder / "plain").mkdir()
    if what == "twice":
        theirs.hive("adopt", str(tree))
    places = {"main": theirs.repo, "plain": theirs.folder / "plain", "missing": Path("/nowhere/x")}
    more = ("--name", "Not A Name") if what == "name" else ()
    told = theirs.hive("adopt", str(places.get(what, tree)), *more, status=None)
    if what == "inside":
        assert told.status == 0
        return
    assert told.status in {1, 2}
    assert "Traceback" not in told.err
    assert "defect" not in told.err
    assert theirs.names() == (["their-work"] if what == "twice" else [])
    assert_untouched(theirs)


def test_all_worktrees_of_a_repository_are_taken_in_at_once(theirs: Yard) -> None:
    theirs.hive("spawn", "own")
    theirs.git("worktree", "add", "-q", "--detach", str(theirs.folder / "elsewhere" / "Their Work"))
    theirs.git("worktree", "add", "-q", "--detach", str(theirs.folder / "lost"))
    shutil.rmtree(theirs.folder / "lost")

    told = theirs.hive("adopt", "--all")

    assert sorted(theirs.names()) == ["own", "their-work", "their-work-2"]
    assert f"left {theirs.repo}: it is the main checkout\n" in told.out
    assert f"left {theirs.tree('own')}: it is the env own already\n" in told.out
    assert f"left {theirs.folder / 'lost'}: its folder is gone" in told.out
    assert_untouched(theirs)
    again = theirs.hive("adopt", "--all").out
    assert "nothing to adopt\n" in again
    assert "it is the env their-work-2 already" in again
