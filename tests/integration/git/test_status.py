"""Where the work stands, and a hash that changes with content and with nothing else."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hive_tui.drivers import commits
from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.model.environment import GitView
from hive_tui.model.errors import HiveError
from tests.integration.git.repos import Repo


@pytest.fixture
async def place(repo: Repo, worktrees: GitWorktrees) -> str:
    """A new worktree on branch `auth`."""
    folder = repo.place("auth")
    await worktrees.add(repo.path, folder, "auth", repo.first, create=True, spare=None)
    return folder


async def test_a_new_worktree_stands_where_its_base_does(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    assert await worktrees.status(place, "main") == GitView(0, 0, 0, 0, 0)


async def test_commits_and_changes_are_counted_against_the_merge_base(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("main-only", "1\n2\n3\n")
    repo.commit("on main")
    repo.write("src/app.py", "print(1)\nprint(2)\nprint(3)\n", at=place)
    repo.commit("one", at=place)
    repo.write("readme", "", at=place)
    repo.write("new", "not counted in lines\n", at=place)
    view = await worktrees.status(place, "main")
    assert view == GitView(ahead=1, behind=1, dirty=2, insertions=2, deletions=1)


async def test_a_base_that_is_gone_gives_zeros(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.write("readme", "hello\nyou\n", at=place)
    assert await worktrees.status(place, "gone") == GitView(0, 0, 1, 1, 0)


async def test_git_and_pygit2_count_alike(repo: Repo, worktrees: GitWorktrees, place: str) -> None:
    repo.commit("on main")
    repo.commit("one", at=place)
    repo.commit("two", at=place)
    assert await commits.distance(place, "main") == await commits.by_git(place, "main")
    assert await commits.by_git(place, "gone") is None
    repo.git("checkout", "--quiet", "--orphan", "alone", at=place)
    repo.commit("unrelated", at=place)
    assert await commits.distance(place, "main") == await commits.by_git(place, "main")


async def test_a_split_or_sparse_index_is_no_obstacle(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    repo.git("update-index", "--split-index", at=place)
    repo.write("readme", "changed\n", at=place)
    assert (await worktrees.status(place, "main")).dirty == 1
    repo.git("sparse-checkout", "set", "--sparse-index", "src", at=place)
    assert (await worktrees.status(place, "main")).dirty == 1


async def test_no_lock_is_taken_and_none_waited_for(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    admin = Path(repo.git("rev-parse", "--absolute-git-dir", at=place))
    os.utime(os.path.join(place, "readme"))
    before = (admin / "index").stat().st_mtime_ns
    (admin / "index.lock").touch()
    assert (await worktrees.status(place, "main")).dirty == 0
    await worktrees.content(place)
    assert (admin / "index").stat().st_mtime_ns == before


async def test_a_worktree_that_is_gone_is_an_error(repo: Repo, worktrees: GitWorktrees) -> None:
    with pytest.raises(HiveError):
        await worktrees.status(repo.place("nowhere"), "main")


async def test_fifty_statuses_at_once_all_answer(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    views = await asyncio.gather(*(worktrees.status(place, "main") for _ in range(50)))
    assert set(views) == {GitView(0, 0, 0, 0, 0)}


async def test_the_hash_follows_content_only(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    clean = await worktrees.content(place)
    assert clean[0] == repo.first
    os.utime(os.path.join(place, "readme"))
    repo.write("ignored/cache", "x", at=place)
    assert await worktrees.content(place) == clean

    seen = {clean}
    for step in ("tracked", "exec", "untracked", "untracked again", "link", "deleted"):
        if step == "tracked":
            repo.write("readme", "changed\n", at=place)
        elif step == "exec":
            Path(place, "src", "app.py").chmod(0o755)
        elif step == "link":
            os.symlink("readme", os.path.join(place, "link"))
        elif step == "deleted":
            os.unlink(os.path.join(place, "readme"))
        else:
            repo.write("notes/new", step, at=place)
        now = await worktrees.content(place)
        assert now not in seen, step
        assert await worktrees.content(place) == now
        seen.add(now)
        repo.git("add", "--all", at=place)
        assert await worktrees.content(place) == now, f"{step}, staged"
        repo.git("reset", "--quiet", at=place)

    repo.git("checkout", "--quiet", "--", ".", at=place)
    repo.git("clean", "-fdq", at=place)
    assert await worktrees.content(place) == clean


async def test_a_change_that_was_staged_and_taken_back_is_none(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    clean = await worktrees.content(place)
    repo.write("readme", "changed\n", at=place)
    repo.write("new", "new\n", at=place)
    repo.git("add", "--all", at=place)
    repo.write("readme", "hello\n", at=place)
    os.unlink(os.path.join(place, "new"))
    assert await worktrees.content(place) == clean


async def test_a_commit_changes_the_commit(repo: Repo, worktrees: GitWorktrees, place: str) -> None:
    repo.write("readme", "changed\n", at=place)
    await worktrees.content(place)
    commit = repo.commit("changed", at=place)
    assert (await worktrees.content(place))[0] == commit


async def test_hashing_writes_no_object(repo: Repo, worktrees: GitWorktrees, place: str) -> None:
    repo.write("readme", "never seen by git\n", at=place)
    before = repo.git("count-objects", "-v")
    await worktrees.content(place)
    await worktrees.status(place, "main")
    assert repo.git("count-objects", "-v") == before


async def test_odd_names_and_nested_repositories_are_hashed(
    repo: Repo, worktrees: GitWorktrees, place: str
) -> None:
    seen = set()
    for name in (b"new\nline", b'quo"te', b"\xff", b" lead", "🐝".encode()):
        repo.write_odd(name, at=place)
        seen.add(await worktrees.content(place))
    nested = os.path.join(place, "nested")
    repo.git("init", "--quiet", nested)
    seen.add(await worktrees.content(place))
    repo.write("file", "x\n", at=nested)
    seen.add(await worktrees.content(place))
    repo.commit("inside", at=nested)
    seen.add(await worktrees.content(place))
    assert len(seen) == 8


async def test_a_worktree_before_its_first_commit_has_a_hash(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    empty = str(tmp_path / "empty")
    repo.git("init", "--quiet", empty)
    before = await worktrees.content(empty)
    assert before[0] == ""
    repo.write("file", "x\n", at=empty)
    assert await worktrees.content(empty) != before
