"""Making worktrees: the result is what `git worktree add` makes by hand, from a spare or not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.model.errors import HiveError, NotAvailableError
from tests.integration.git.repos import Repo

HOOK = """#!/bin/sh
echo "$@" >> "$(git rev-parse --git-common-dir)/hook-ran"
test -z "$GIT_DIR" || echo GIT_DIR is set >> "$(git rev-parse --git-common-dir)/hook-ran"
pwd > hook-was-here
"""


@pytest.fixture(params=["plain", "spare"])
async def spare(request: pytest.FixtureRequest, repo: Repo, worktrees: GitWorktrees) -> str | None:
    """Each test that takes this runs twice: without a spare, and with one."""
    if request.param == "plain":
        return None
    folder = repo.place("spare")
    await worktrees.make_spare(repo.path, folder, repo.head())
    return folder


async def add(
    worktrees: GitWorktrees, repo: Repo, name: str, spare: str | None = None, **options: bool
) -> str:
    place = repo.place(name)
    create = options.get("create", True)
    commit = repo.head() if create else repo.git("rev-parse", name)
    await worktrees.add(repo.path, place, name, commit, create=create, spare=spare)
    return place


async def test_a_new_worktree_has_the_branch_and_is_clean(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    place = await add(worktrees, repo, "auth", spare)
    assert repo.git("symbolic-ref", "HEAD", at=place) == "refs/heads/auth"
    assert repo.head(place) == repo.head()
    assert repo.git("status", "--porcelain", at=place) == ""
    assert repo.registered() == [place]
    assert repo.git("config", "--list", "--local").count("branch.auth") == 0


async def test_a_spare_that_is_behind_is_brought_to_the_commit(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    repo.write("src/new.py", "new\n")
    repo.commit("second")
    place = await add(worktrees, repo, "auth", spare)
    assert repo.head(place) == repo.head()
    assert Path(place, "src/new.py").read_text() == "new\n"
    assert repo.git("status", "--porcelain", at=place) == ""


async def test_an_existing_branch_is_worked_on_where_it_stands(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    repo.git("branch", "old")
    repo.write("later", "later\n")
    repo.commit("second")
    place = await add(worktrees, repo, "old", spare, create=False)
    assert repo.head(place) == repo.first
    assert repo.git("symbolic-ref", "HEAD", at=place) == "refs/heads/old"
    assert repo.git("status", "--porcelain", at=place) == ""


async def test_the_post_checkout_hook_runs_once_as_by_hand(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    hook = repo.write(".git/hooks/post-checkout", HOOK)
    hook.chmod(0o755)
    place = await add(worktrees, repo, "auth", spare)
    ran = Path(repo.path, ".git", "hook-ran").read_text()
    assert ran == f"{'0' * 40} {repo.head()} 1\n"
    assert Path(place, "hook-was-here").read_text() == f"{place}\n"


async def test_a_hook_that_fails_leaves_nothing_behind(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    hook = repo.write(".git/hooks/post-checkout", "#!/bin/sh\necho no luck >&2\nexit 3\n")
    hook.chmod(0o755)
    with pytest.raises(HiveError, match="no luck"):
        await add(worktrees, repo, "auth", spare)
    assert repo.registered() == []
    assert not repo.exists("refs/heads/auth")
    assert not os.path.exists(repo.place("auth"))


async def test_a_hook_that_leaves_a_process_behind_holds_nobody_up(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    text = f"#!/bin/sh\nsleep 100 &\necho $! > {pid_file}\n"
    repo.write(".git/hooks/post-checkout", text).chmod(0o755)
    await asyncio.wait_for(add(worktrees, repo, "auth"), 30)
    os.kill(int(pid_file.read_text()), 9)


async def test_filters_run_as_by_hand(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    repo.git("config", "filter.up.smudge", "tr a-z A-Z")
    repo.git("config", "filter.up.clean", "tr A-Z a-z")
    repo.write(".gitattributes", "*.up filter=up\n*.crlf text eol=crlf\n")
    repo.write("a.up", "HELLO\n")
    repo.write("b.crlf", "x\n")
    repo.commit("filters")
    place = await add(worktrees, repo, "auth", spare)
    assert Path(place, "a.up").read_text() == "HELLO\n"
    assert Path(place, "b.crlf").read_bytes() == b"x\r\n"
    assert repo.git("status", "--porcelain", at=place) == ""


@pytest.mark.parametrize("cone", ["--cone", "--no-cone"])
async def test_sparse_settings_are_taken_over(
    repo: Repo, worktrees: GitWorktrees, cone: str
) -> None:
    repo.write("docs/a.md", "a\n")
    repo.commit("docs")
    for number, spare in enumerate((None, repo.place("early"), repo.place("late"))):
        if number == 1 and spare:
            await worktrees.make_spare(repo.path, spare, repo.head())
        repo.git("sparse-checkout", "set", cone, "src" if number < 2 else "docs")
        if number == 2 and spare:
            await worktrees.make_spare(repo.path, spare, repo.head())
        place = await add(worktrees, repo, f"env{number}", spare)
        assert Path(place, "docs").exists() is (number == 2)
        assert Path(place, "src").exists() is (number < 2)
        assert repo.git("status", "--porcelain", at=place) == ""
        assert spare is None or not os.path.exists(spare)
        repo.git("sparse-checkout", "disable")


async def test_a_repository_with_submodules_gets_no_spare_but_a_worktree(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    spare = repo.place("spare")
    await worktrees.make_spare(repo.path, spare, repo.head())
    inner = Repo(tmp_path / "inner")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path, "lib")
    repo.commit("submodule")
    with pytest.raises(NotAvailableError, match="submodules"):
        await worktrees.make_spare(repo.path, repo.place("other"), repo.head())
    place = await add(worktrees, repo, "auth", spare)
    assert Path(place, "lib").is_dir()
    assert repo.git("status", "--porcelain", at=place) == ""
    assert repo.registered() == [place]


async def test_a_sha256_repository_works(tmp_path: Path, worktrees: GitWorktrees) -> None:
    repo = Repo(tmp_path / "wide", "--object-format=sha256")
    spare = repo.place("spare")
    await worktrees.make_spare(repo.path, spare, repo.head())
    repo.write(".git/hooks/post-checkout", HOOK).chmod(0o755)
    place = await add(worktrees, repo, "auth", spare)
    assert repo.head(place) == repo.head()
    assert (await worktrees.status(place, "main")).dirty == 1
    assert Path(repo.path, ".git", "hook-ran").read_text().split()[0] == "0" * 64
    assert (await worktrees.content(place))[0] == repo.head()


async def test_a_bare_repository_works(repo: Repo, worktrees: GitWorktrees, tmp_path: Path) -> None:
    bare = str(tmp_path / "shop.git")
    repo.git("clone", "--quiet", "--bare", repo.path, bare)
    assert await worktrees.default_branch(bare) == "main"
    place = repo.place("auth")
    await worktrees.add(bare, place, "auth", repo.head(), create=True, spare=None)
    assert repo.git("status", "--porcelain", at=place) == ""
    assert (await worktrees.head(place)).repo == bare


async def test_a_detached_main_checkout_works(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    repo.git("checkout", "--quiet", "--detach")
    assert await worktrees.default_branch(repo.path) == "main"
    place = await add(worktrees, repo, "auth", spare)
    assert repo.git("symbolic-ref", "HEAD", at=place) == "refs/heads/auth"


async def test_odd_file_names_are_checked_out(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    names = [b"new\nline", b'quo"te', b"\xff\xfe", "🐝".encode(), b" lead", b"-dash"]
    for name in names:
        repo.write_odd(name)
    repo.commit("odd")
    place = await add(worktrees, repo, "auth", spare)
    assert set(names) <= set(os.listdir(os.fsencode(place)))
    assert repo.git("status", "--porcelain", at=place) == ""


async def test_a_folder_that_is_not_empty_is_refused_and_left_alone(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    mine = repo.write("mine", "mine\n", at=repo.place("auth"))
    with pytest.raises(HiveError, match="exists already"):
        await add(worktrees, repo, "auth", spare)
    assert mine.read_text() == "mine\n"
    assert not repo.exists("refs/heads/auth")


async def test_an_empty_folder_is_taken(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    os.makedirs(repo.place("auth"))
    place = await add(worktrees, repo, "auth", spare)
    assert Path(place, "readme").exists()


async def test_an_empty_folder_stays_where_it_fails(repo: Repo, worktrees: GitWorktrees) -> None:
    os.makedirs(repo.place("auth"))
    with pytest.raises(HiveError):
        await worktrees.add(
            repo.path, repo.place("auth"), "auth", "f" * 40, create=True, spare=None
        )
    assert os.listdir(repo.place("auth")) == []


async def test_folders_made_on_the_way_go_again_where_it_fails(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    place = str(repo.worktrees / "deep" / "er" / "auth")
    with pytest.raises(HiveError):
        await worktrees.add(repo.path, place, "auth", "f" * 40, create=True, spare=None)
    assert not repo.worktrees.exists()


async def test_a_branch_that_somebody_made_first_is_never_deleted(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    repo.git("branch", "auth")
    with pytest.raises(HiveError, match="already exists"):
        await add(worktrees, repo, "auth", spare)
    assert repo.exists("refs/heads/auth")
    assert not os.path.exists(repo.place("auth"))


async def test_a_branch_that_is_checked_out_elsewhere_is_refused(
    repo: Repo, worktrees: GitWorktrees, spare: str | None
) -> None:
    repo.git("branch", "auth")
    repo.git("worktree", "add", "--quiet", repo.place("theirs"), "auth")
    with pytest.raises(HiveError, match="theirs"):
        await add(worktrees, repo, "auth", spare, create=False)
    assert repo.registered() == [repo.place("theirs")]
    assert repo.exists("refs/heads/auth")


async def test_a_broken_spare_is_replaced_by_a_plain_checkout(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    for number, damage in enumerate((".git", "readme", "")):
        spare = repo.place(f"spare{number}")
        await worktrees.make_spare(repo.path, spare, repo.head())
        if damage == ".git":
            os.unlink(os.path.join(spare, ".git"))
        elif damage == "":
            repo.git("worktree", "remove", spare)
        else:
            repo.git("worktree", "lock", spare)
        place = await add(worktrees, repo, f"env{number}", spare)
        assert repo.git("status", "--porcelain", at=place) == ""
        assert place in repo.registered()


async def test_a_spare_holds_no_branch_and_runs_no_hook(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    repo.write(".git/hooks/post-checkout", HOOK).chmod(0o755)
    spare = repo.place("spare")
    await worktrees.make_spare(repo.path, spare, repo.first)
    repo.write("more", "more\n")
    second = repo.commit("second")
    await worktrees.refresh_spare(repo.path, spare, second)
    assert (await worktrees.head(spare)).branch is None
    assert repo.head(spare) == second
    assert not Path(repo.path, ".git", "hook-ran").exists()
    await worktrees.discard(repo.path, spare, branch=None)
    assert repo.registered() == []


async def test_progress_counts_up_to_all_files(repo: Repo, worktrees: GitWorktrees) -> None:
    for number in range(300):
        repo.write(f"many/{number}", f"{number}\n")
    repo.commit("many")
    seen: list[tuple[int, int]] = []
    await worktrees.add(
        repo.path,
        repo.place("auth"),
        "auth",
        repo.head(),
        create=True,
        spare=None,
        progress=lambda done, of: seen.append((done, of)),
    )
    assert seen[-1] == (303, 303)
    assert seen == sorted(seen)


async def test_thirty_two_at_once_all_work(repo: Repo, worktrees: GitWorktrees) -> None:
    places = await asyncio.gather(*(add(worktrees, repo, f"env{n}") for n in range(32)))
    assert sorted(repo.registered()) == sorted(places)
    for number, place in enumerate(places):
        assert repo.git("symbolic-ref", "HEAD", at=place) == f"refs/heads/env{number}"


async def test_discard_is_idempotent_and_leaves_strangers_alone(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    place = await add(worktrees, repo, "auth")
    for _ in range(2):
        await worktrees.discard(repo.path, place, branch="auth")
        assert repo.registered() == []
        assert not repo.exists("refs/heads/auth")
        assert not os.path.exists(place)
    mine = repo.write("mine", "mine\n", at=place)
    await worktrees.discard(repo.path, place, branch="auth")
    assert mine.exists()


async def test_variables_of_a_callers_hook_do_not_leak(
    repo: Repo, worktrees: GitWorktrees, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    place = await add(worktrees, repo, "auth")
    assert (await worktrees.head(place)).branch == "auth"
