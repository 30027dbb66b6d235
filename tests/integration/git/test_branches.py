"""Which branch is the default, which name is free, which commit is meant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.model.errors import HiveError
from tests.integration.git.repos import Repo


@pytest.mark.parametrize(
    "name",
    ["-lead", "a b", "a..b", "", "@{-1}", "a~1", "x.lock", "HEAD", "a\x07b", "/a", "a//b", "a/"],
)
async def test_names_that_git_does_not_take_are_refused(
    repo: Repo, worktrees: GitWorktrees, name: str
) -> None:
    with pytest.raises(HiveError, match="not a name") as caught:
        await worktrees.check_branch(repo.path, name, reuse=False)
    assert caught.value.exit_status == 2
    assert "\x07" not in caught.value.message


@pytest.mark.parametrize("name", ["a", "feature/x", "🐝", "a" * 200, "a@b"])
async def test_names_that_git_takes_are_free(
    repo: Repo, worktrees: GitWorktrees, name: str
) -> None:
    assert await worktrees.check_branch(repo.path, name, reuse=False) is False


async def test_an_existing_branch_needs_reuse(repo: Repo, worktrees: GitWorktrees) -> None:
    repo.git("branch", "auth")
    with pytest.raises(HiveError, match="exists already") as caught:
        await worktrees.check_branch(repo.path, "auth", reuse=False)
    assert "--reuse-branch" in str(caught.value.hint)
    assert await worktrees.check_branch(repo.path, "auth", reuse=True) is True


async def test_a_branch_checked_out_elsewhere_names_the_place(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    place = repo.place("theirs")
    repo.git("worktree", "add", "--quiet", "-b", "auth", place)
    with pytest.raises(HiveError, match="theirs"):
        await worktrees.check_branch(repo.path, "auth", reuse=True)
    shutil.rmtree(place)
    with pytest.raises(HiveError) as caught:
        await worktrees.check_branch(repo.path, "auth", reuse=True)
    assert "prune" in str(caught.value.hint)
    with pytest.raises(HiveError, match="shop"):
        await worktrees.check_branch(repo.path, "main", reuse=True)


async def test_an_unknown_base_names_what_is_near(repo: Repo, worktrees: GitWorktrees) -> None:
    repo.git("branch", "develop")
    assert await worktrees.resolve(repo.path, "develop") == repo.first
    assert await worktrees.resolve(repo.path, repo.first[:8]) == repo.first
    with pytest.raises(HiveError, match="devlop") as caught:
        await worktrees.resolve(repo.path, "devlop")
    assert "develop" in str(caught.value.hint)
    with pytest.raises(HiveError):
        await worktrees.resolve(repo.path, "--all")


async def test_a_repository_without_commits_says_so(
    tmp_path: Path, repo: Repo, worktrees: GitWorktrees
) -> None:
    empty = str(tmp_path / "empty")
    repo.git("init", "--quiet", empty)
    with pytest.raises(HiveError) as caught:
        await worktrees.default_branch(empty)
    assert "first one" in str(caught.value.hint)


async def test_a_folder_that_is_no_repository_says_so(
    tmp_path: Path, worktrees: GitWorktrees
) -> None:
    with pytest.raises(HiveError, match="not a git repository") as caught:
        await worktrees.resolve(str(tmp_path), "main")
    assert "git init" in str(caught.value.hint)


async def test_the_default_branch_is_the_remotes_then_main_then_the_current(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    repo.git("checkout", "--quiet", "-b", "work")
    assert await worktrees.default_branch(repo.path) == "main"
    repo.git("branch", "-m", "main", "trunk")
    assert await worktrees.default_branch(repo.path) == "work"
    repo.git("checkout", "--quiet", "trunk")
    clone = str(tmp_path / "clone")
    repo.git("clone", "--quiet", repo.path, clone)
    repo.git("checkout", "--quiet", "-b", "work", at=clone)
    assert await worktrees.default_branch(clone) == "trunk"
    repo.git("branch", "-D", "trunk", at=clone)
    assert await worktrees.default_branch(clone) == "origin/trunk"


async def test_local_branches_come_newest_first_with_those_that_are_checked_out(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    repo.git("branch", "feature/old")
    repo.git("tag", "no-branch")
    repo.git("worktree", "add", "--quiet", "-b", "theirs", repo.place("theirs"))
    repo.git("update-ref", "refs/heads/odd-\udcff", repo.first)
    names, taken = await worktrees.branches(repo.path)
    assert sorted(names) == ["feature/old", "main", "odd-\ufffd", "theirs"]
    assert sorted(taken) == ["main", "theirs"]
