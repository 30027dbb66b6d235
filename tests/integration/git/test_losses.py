"""What destroying an env would lose: everything that is nowhere else, and nothing more."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.engine.protocols import Losses
from hive_tui.engine.refusing import describe
from tests.integration.git.repos import Repo, record


@pytest.fixture
async def place(repo: Repo, worktrees: GitWorktrees) -> str:
    """The worktree of an env `auth` that was just spawned."""
    folder = repo.place("auth")
    await worktrees.add(repo.path, folder, "auth", repo.first, create=True, spare=None)
    return folder


async def test_a_new_env_has_nothing_to_lose(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("ignored/big", "x", at=place)
    found = await worktrees.losses(record(repo, "auth"), repo.path)
    assert found.nothing
    assert describe(found) == ()


async def test_changes_and_new_files_are_named(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("readme", "changed\n", at=place)
    repo.write("src/staged", "staged\n", at=place)
    repo.git("add", "src/staged", at=place)
    repo.write("notes/todo\nlist", "new\n", at=place)
    repo.write_odd(b"\xff", at=place)
    found = await worktrees.losses(record(repo, "auth"), repo.path)
    assert sorted(found.uncommitted) == ["readme", "src/staged"]
    assert sorted(found.untracked) == ["\\xff", "notes/"]
    assert [line.partition(":")[0] for line in describe(found)] == [
        "2 uncommitted changes",
        "2 untracked files",
    ]


async def test_untracked_files_count_whatever_the_users_settings(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.git("config", "status.showUntrackedFiles", "no")
    repo.write("new", "new\n", at=place)
    assert (await worktrees.losses(record(repo, "auth"), repo.path)).untracked == ("new",)


async def test_commits_count_until_something_else_holds_them(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    env = record(repo, "auth")
    repo.write("a", "a\n", at=place)
    repo.commit("one", at=place)
    commit = repo.commit("two", at=place)
    assert await worktrees.losses(env, repo.path) == Losses(commits=2)
    for ref in ("refs/heads/other", "refs/remotes/origin/auth", "refs/tags/v1"):
        repo.git("update-ref", ref, commit)
        assert (await worktrees.losses(env, repo.path)).nothing, ref
        repo.git("update-ref", "-d", ref)
    assert (await worktrees.losses(record(repo, "auth", branch_made=False), repo.path)).nothing
    repo.git("merge", "--quiet", "auth")
    assert (await worktrees.losses(env, repo.path)).nothing


async def test_a_detached_head_of_its_own_counts(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    env = record(repo, "auth")
    repo.git("checkout", "--quiet", "--detach", at=place)
    assert (await worktrees.losses(env, repo.path)).nothing
    repo.commit("away", at=place)
    assert await worktrees.losses(env, repo.path) == Losses(detached=True)


async def test_a_merge_under_way_counts(repo: Repo, worktrees: GitWorktrees, place: str) -> None:
    repo.write("readme", "theirs\n")
    repo.commit("theirs")
    repo.git("merge", "--no-commit", "--no-ff", "main", at=place)
    found = await worktrees.losses(record(repo, "auth"), repo.path)
    assert "(merge in progress)" in found.uncommitted


async def test_dirt_in_a_submodule_counts(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    allow = ("-c", "protocol.file.allow=always")
    inner = Repo(tmp_path / "inner")
    repo.git(*allow, "submodule", "--quiet", "add", inner.path, "lib")
    repo.git("config", "-f", ".gitmodules", "submodule.lib.ignore", "all")
    commit = repo.commit("submodule")
    place = repo.place("auth")
    await worktrees.add(repo.path, place, "auth", commit, create=True, spare=None)
    repo.git(*allow, "submodule", "--quiet", "update", "--init", at=place)
    env = record(repo, "auth")
    assert (await worktrees.losses(env, repo.path)).nothing
    before = await worktrees.content(place)
    repo.write("lib/readme", "dirty\n", at=place)
    assert (await worktrees.losses(env, repo.path)).uncommitted == ("lib",)
    assert await worktrees.content(place) != before


async def test_a_folder_removed_behind_our_back_can_lose_only_commits(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.commit("one", at=place)
    shutil.rmtree(place)
    assert await worktrees.losses(record(repo, "auth"), repo.path) == Losses(commits=1)
    os.mkdir(place)
    assert await worktrees.losses(record(repo, "auth"), repo.path) == Losses(commits=1)


async def test_commits_of_a_branch_deleted_behind_our_back_still_count(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.commit("one", at=place)
    repo.git("update-ref", "-d", "refs/heads/auth")
    found = await worktrees.losses(record(repo, "auth"), repo.path)
    assert found.commits == 1


async def test_what_cannot_be_looked_at_counts(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    os.unlink(os.path.join(place, ".git"))
    found = await worktrees.losses(record(repo, "auth"), repo.path)
    assert found.unknown
    assert not found.nothing
    assert "it cannot be told" in describe(found)[0]


async def test_an_enclosing_repository_is_never_mistaken_for_the_worktree(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    place = os.path.join(repo.path, "inside")
    await worktrees.add(repo.path, place, "auth", repo.first, create=True, spare=None)
    os.unlink(os.path.join(place, ".git"))
    env = record(repo, "auth")
    env = type(env)(**{**{f: getattr(env, f) for f in env.__struct_fields__}, "worktree": place})
    assert (await worktrees.losses(env, repo.path)).unknown


async def test_an_adopted_worktree_is_only_let_go(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("readme", "changed\n", at=place)
    assert (await worktrees.losses(record(repo, "auth", owned=False), repo.path)).nothing
