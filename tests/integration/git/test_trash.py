"""Destroying and taking back: nothing that was there is missing afterwards."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.engine.protocols import Removed
from hive_tui.model.errors import HiveError, RefusedError
from tests.integration.git.repos import Repo, record


@pytest.fixture
async def place(repo: Repo, worktrees: GitWorktrees) -> str:
    """The worktree of an env `auth` that was just spawned."""
    folder = repo.place("auth")
    await worktrees.add(repo.path, folder, "auth", repo.first, create=True, spare=None)
    return folder


async def remove(repo: Repo, worktrees: GitWorktrees, **options: bool) -> Removed:
    return await worktrees.remove(
        record(repo, "auth"),
        repo.path,
        force=options.get("force", False),
        keep_branch=options.get("keep_branch", False),
    )


async def test_a_clean_env_goes_without_a_trace(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    removed = await remove(repo, worktrees)
    assert removed.branch == "auth"
    assert removed.recovery_ref is None
    assert not os.path.exists(place)
    assert repo.registered() == []
    assert repo.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    await worktrees.empty_trash(removed.trash)
    assert not repo.worktrees.exists()
    assert not Path(repo.path, ".git", "worktrees").exists()


async def test_work_is_refused_without_force(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("new", "new\n", at=place)
    with pytest.raises(RefusedError, match="1 untracked file") as caught:
        await remove(repo, worktrees)
    assert caught.value.code == "dirty_worktree"
    assert "--force" in str(caught.value.hint)
    assert Path(place, "new").exists()
    os.unlink(os.path.join(place, "new"))
    repo.commit("alone", at=place)
    with pytest.raises(RefusedError, match="1 commit on no other branch"):
        await remove(repo, worktrees)
    removed = await remove(repo, worktrees, keep_branch=True)
    assert removed.branch is None
    assert repo.exists("refs/heads/auth")


async def test_a_locked_worktree_is_refused_even_with_force(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.git("worktree", "lock", place)
    with pytest.raises(RefusedError, match="locked"):
        await remove(repo, worktrees, force=True)
    assert os.path.exists(place)


async def test_everything_comes_back_as_it_was(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.commit("alone", at=place)
    repo.git("config", "branch.auth.description", "two\nlines")
    repo.write("readme", "staged\n", at=place)
    repo.git("add", "readme", at=place)
    repo.write("readme", "changed again\n", at=place)
    repo.write("new", "new\n", at=place)
    repo.write("ignored/cache", "cache\n", at=place)
    os.unlink(os.path.join(place, "src", "app.py"))
    asked = (["status", "--porcelain=v2"], ["diff", "--cached"], ["diff"], ["log", "--oneline"])
    before = [repo.git(*args, at=place) for args in asked]
    refs = repo.git("for-each-ref")

    removed = await remove(repo, worktrees, force=True)
    assert removed.recovery_ref is not None
    assert not repo.exists("refs/heads/auth")
    await worktrees.restore(record(repo, "auth"), repo.path, removed)

    assert [repo.git(*args, at=place) for args in asked] == before
    assert Path(place, "ignored", "cache").read_text() == "cache\n"
    assert repo.git("for-each-ref") == refs
    assert repo.git("config", "branch.auth.description") == "two\nlines"
    assert repo.registered() == [place]
    assert os.listdir(repo.worktrees) == ["auth"]
    again = await remove(repo, worktrees, force=True)
    assert again.branch == "auth"


async def test_a_forced_destroy_keeps_commits_index_and_files_in_a_ref(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    alone = repo.commit("alone", at=place)
    repo.write("readme", "staged\n", at=place)
    repo.git("add", "readme", at=place)
    repo.write("readme", "changed again\n", at=place)
    repo.write("new", "new\n", at=place)
    repo.write("ignored/cache", "cache\n", at=place)
    removed = await remove(repo, worktrees, force=True)
    await worktrees.empty_trash(removed.trash)
    ref = str(removed.recovery_ref)
    assert ref.startswith("refs/hive/recovery/2026-11-18-auth-")
    assert repo.git("rev-parse", f"{ref}^1") == alone
    assert repo.git("show", f"{ref}:readme") == "changed again"
    assert repo.git("show", f"{ref}:new") == "new"
    assert repo.git("show", f"{ref}^2:readme") == "staged"
    assert "ignored" not in repo.git("ls-tree", "--name-only", ref)


async def test_a_recovery_ref_holds_both_a_detached_head_and_the_branch(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    branch = repo.commit("on the branch", at=place)
    repo.git("checkout", "--quiet", "--detach", repo.first, at=place)
    away = repo.commit("away", at=place)
    ref = str((await remove(repo, worktrees, force=True)).recovery_ref)
    held = repo.git("rev-list", ref).splitlines()
    assert {branch, away} <= set(held)


async def test_conflicts_do_not_stop_a_forced_destroy(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("readme", "ours\n", at=place)
    repo.commit("ours", at=place)
    repo.write("readme", "theirs\n")
    repo.commit("theirs")
    with pytest.raises(AssertionError, match="conflict"):
        repo.git("-c", "merge.conflictStyle=merge", "rebase", "main", at=place)
    removed = await remove(repo, worktrees, force=True)
    assert "<<<<<<<" in repo.git("show", f"{removed.recovery_ref}:readme")
    await worktrees.restore(record(repo, "auth"), repo.path, removed)
    assert "rebas" in repo.git("status", at=place)


async def test_a_nested_repository_does_not_stop_a_forced_destroy(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("new", "new\n", at=place)
    repo.git("init", "--quiet", os.path.join(place, "nested"))
    repo.write("nested/file", "x\n", at=place)
    removed = await remove(repo, worktrees, force=True)
    assert repo.git("show", f"{removed.recovery_ref}:new") == "new"


async def test_a_sparse_worktree_is_kept_and_comes_back(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    repo.write("docs/a.md", "a\n")
    repo.commit("docs")
    repo.git("sparse-checkout", "set", "src")
    place = repo.place("auth")
    await worktrees.add(repo.path, place, "auth", repo.head(), create=True, spare=None)
    repo.write("src/app.py", "changed\n", at=place)
    repo.write("docs/b.md", "outside\n", at=place)
    removed = await remove(repo, worktrees, force=True)
    tree = repo.git("ls-tree", "-r", "--name-only", str(removed.recovery_ref)).splitlines()
    assert {"docs/a.md", "docs/b.md", "src/app.py"} <= set(tree)
    await worktrees.restore(record(repo, "auth"), repo.path, removed)
    assert repo.git("diff", "--name-only", at=place) == "src/app.py"


async def test_old_recovery_refs_expire(repo: Repo, worktrees: GitWorktrees, place: str) -> None:
    repo.write("new", "new\n", at=place)
    removed = await remove(repo, worktrees, force=True)
    repo.git("update-ref", "refs/hive/recovery/by-hand", repo.first)
    day = 86400.0
    made = 1_795_000_000.0
    assert await worktrees.expire_recovery(repo.path, made + 29 * day) == ()
    assert await worktrees.expire_recovery(repo.path, made + 32 * day) == (removed.recovery_ref,)
    assert repo.exists("refs/hive/recovery/by-hand")


async def test_an_adopted_worktree_and_its_branch_are_not_touched(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("new", "new\n", at=place)
    env = record(repo, "auth", owned=False, branch_made=False)
    removed = await worktrees.remove(env, repo.path, force=True, keep_branch=False)
    assert removed == Removed("", None, None, None)
    assert Path(place, "new").exists()
    assert repo.exists("refs/heads/auth")
    await worktrees.restore(env, repo.path, removed)


async def test_a_branch_that_existed_before_is_kept(repo: Repo, worktrees: GitWorktrees) -> None:
    repo.git("branch", "auth")
    place = repo.place("auth")
    await worktrees.add(repo.path, place, "auth", repo.first, create=False, spare=None)
    env = record(repo, "auth", branch_made=False)
    removed = await worktrees.remove(env, repo.path, force=False, keep_branch=False)
    assert removed.branch is None
    assert repo.exists("refs/heads/auth")
    await worktrees.restore(env, repo.path, removed)
    assert repo.git("symbolic-ref", "--short", "HEAD", at=place) == "auth"


async def test_a_folder_removed_behind_our_back_leaves_nothing_and_comes_back_fresh(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    shutil.rmtree(place)
    removed = await remove(repo, worktrees)
    assert removed.trash == ""
    assert not repo.exists("refs/heads/auth")
    assert not Path(repo.path, ".git", "worktrees").exists()
    await worktrees.restore(record(repo, "auth"), repo.path, removed)
    assert repo.git("status", "--porcelain", at=place) == ""


async def test_a_branch_deleted_behind_our_back_is_no_obstacle(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    alone = repo.commit("alone", at=place)
    repo.git("update-ref", "-d", "refs/heads/auth")
    removed = await remove(repo, worktrees, force=True)
    assert alone in repo.git("rev-list", str(removed.recovery_ref)).splitlines()
    assert repo.registered() == []


async def test_a_branch_that_another_worktree_took_over_is_kept(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.git("checkout", "--quiet", "--detach", at=place)
    repo.git("worktree", "add", "--quiet", repo.place("theirs"), "auth")
    removed = await remove(repo, worktrees)
    assert removed.branch is None
    assert repo.exists("refs/heads/auth")


async def test_removing_twice_says_the_same_twice(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("new", "new\n", at=place)
    removed = await remove(repo, worktrees, force=True)
    assert await remove(repo, worktrees) == removed
    await worktrees.empty_trash(removed.trash)
    assert (await remove(repo, worktrees)).trash == ""


async def test_an_env_of_the_same_place_does_not_get_the_others_trash(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    first = await remove(repo, worktrees)
    await worktrees.add(repo.path, place, "auth", repo.first, create=True, spare=None)
    env = msgspec.structs.replace(record(repo, "auth"), uid="0123456789ab")
    second = await worktrees.remove(env, repo.path, force=False, keep_branch=False)
    assert second.trash != first.trash
    assert not os.path.exists(place)


async def test_a_restore_never_overwrites(repo: Repo, worktrees: GitWorktrees, place: str) -> None:
    env = record(repo, "auth")
    removed = await remove(repo, worktrees)
    mine = repo.write("mine", "mine\n", at=place)
    with pytest.raises(RefusedError, match="exists again"):
        await worktrees.restore(env, repo.path, removed)
    assert mine.exists()
    shutil.rmtree(place)
    repo.git("branch", "auth", repo.commit("later"))
    with pytest.raises(RefusedError, match="another commit"):
        await worktrees.restore(env, repo.path, removed)
    repo.git("branch", "-D", "auth")
    await worktrees.restore(env, repo.path, removed)
    assert repo.head(place) == repo.first


async def test_a_registration_whose_name_was_taken_gets_another(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("new", "new\n", at=place)
    removed = await remove(repo, worktrees, force=True)
    other = repo.place("elsewhere/auth")
    repo.git("worktree", "add", "--quiet", "-b", "theirs", other)
    await worktrees.restore(record(repo, "auth"), repo.path, removed)
    assert repo.git("status", "--porcelain", at=place) == "?? new"
    assert repo.git("symbolic-ref", "--short", "HEAD", at=other) == "theirs"
    assert sorted(repo.registered()) == sorted([place, other])


async def test_an_emptied_trash_says_how_to_get_the_commits_back(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    removed = await remove(repo, worktrees)
    await worktrees.empty_trash(removed.trash)
    with pytest.raises(HiveError, match="no longer") as caught:
        await worktrees.restore(record(repo, "auth"), repo.path, removed)
    assert f"git branch auth {repo.first}" in str(caught.value.hint)


async def test_only_trash_is_ever_deleted(worktrees: GitWorktrees, tmp_path: Path) -> None:
    for path in ("", "/", str(tmp_path), str(tmp_path / ".hive-trash")):
        with pytest.raises(HiveError, match="no trash folder"):
            await worktrees.empty_trash(path)


async def test_folders_without_rights_are_deleted_too(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("ignored/deep/file", "x\n", at=place)
    Path(place, "ignored", "deep").chmod(0o500)
    removed = await remove(repo, worktrees)
    await worktrees.empty_trash(removed.trash)
    assert not os.path.exists(removed.trash)


async def test_a_worktree_with_submodules_goes_and_comes_back(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    allow = ("-c", "protocol.file.allow=always")
    inner = Repo(tmp_path / "inner")
    repo.git(*allow, "submodule", "--quiet", "add", inner.path, "lib")
    place = repo.place("auth")
    commit = repo.commit("submodule")
    await worktrees.add(repo.path, place, "auth", commit, create=True, spare=None)
    repo.git(*allow, "submodule", "--quiet", "update", "--init", at=place)
    removed = await remove(repo, worktrees)
    await worktrees.restore(record(repo, "auth"), repo.path, removed)
    assert repo.git("status", "--porcelain", at=place) == ""
    assert repo.head(os.path.join(place, "lib")) == inner.first
