"""A daemon that dies at any of its calls to git loses nothing and leaves nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hive_tui.drivers.worktrees import GitWorktrees
from tests.faults.git.killed import Call, run_and_die
from tests.integration.git.repos import Repo, record


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["plain", "spare"])
async def test_an_add_that_was_killed_anywhere_is_undone_by_discard(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path, kind: str, when: str
) -> None:
    env = record(repo, "auth")
    for at in range(1, 60):
        spare = repo.place("spare") if kind == "spare" else None
        if spare:
            await worktrees.make_spare(repo.path, spare, repo.head())
        died = run_and_die(Call("add", repo.path, env, spare), tmp_path, at=at, when=when)
        await worktrees.discard(repo.path, env.worktree, branch="auth")
        if spare:
            await worktrees.discard(repo.path, spare, branch=None)
        assert repo.registered() == [], at
        assert not repo.exists("refs/heads/auth"), at
        assert not repo.worktrees.exists() or os.listdir(repo.worktrees) == [], at
        if not died:
            assert at > 2
            return
    pytest.fail("the add never ended")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_removal_that_was_killed_anywhere_is_finished_and_can_be_taken_back(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path, when: str
) -> None:
    env = record(repo, "auth")
    await worktrees.add(repo.path, env.worktree, "auth", repo.first, create=True, spare=None)
    alone = repo.commit("alone", at=env.worktree)
    repo.git("config", "branch.auth.description", "mine")
    repo.write("readme", "staged\n", at=env.worktree)
    repo.git("add", "readme", at=env.worktree)
    repo.write("new", "new\n", at=env.worktree)
    before = repo.git("status", "--porcelain=v2", "--branch", at=env.worktree)
    for at in range(1, 80):
        died = run_and_die(Call("remove", repo.path, env), tmp_path, at=at, when=when)
        removed = await worktrees.remove(env, repo.path, force=True, keep_branch=False)
        assert repo.registered() == [], at
        assert not repo.exists("refs/heads/auth"), at
        assert repo.exists(str(removed.recovery_ref)), at
        assert removed.commit == alone
        await worktrees.restore(env, repo.path, removed)
        assert repo.git("status", "--porcelain=v2", "--branch", at=env.worktree) == before, at
        assert repo.git("config", "branch.auth.description") == "mine"
        assert os.listdir(repo.worktrees) == ["auth"], at
        if not died:
            return
    pytest.fail("the removal never ended")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_restore_that_was_killed_anywhere_is_finished(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path, when: str
) -> None:
    env = record(repo, "auth")
    await worktrees.add(repo.path, env.worktree, "auth", repo.first, create=True, spare=None)
    repo.write("new", "new\n", at=env.worktree)
    removed = await worktrees.remove(env, repo.path, force=True, keep_branch=False)
    for at in range(1, 80):
        died = run_and_die(Call("restore", repo.path, env), tmp_path, at=at, when=when)
        if os.path.exists(removed.trash):
            await worktrees.restore(env, repo.path, removed)
        assert repo.git("status", "--porcelain", at=env.worktree) == "?? new", at
        assert repo.git("symbolic-ref", "--short", "HEAD", at=env.worktree) == "auth"
        assert os.listdir(repo.worktrees) == ["auth"], at
        if not died:
            return
        removed = await worktrees.remove(env, repo.path, force=True, keep_branch=False)
    pytest.fail("the restore never ended")
