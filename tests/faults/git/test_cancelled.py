"""A cancelled call leaves nothing behind: no folder, no branch, no registration, no process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hive_tui.drivers import programs
from hive_tui.drivers.programs import run
from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.model.errors import HiveError
from tests.integration.git.repos import Repo


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds, for at most half a minute."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (another process changes it)
            await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    """True while the process is more than a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def slow(repo: Repo, tmp_path: Path) -> Path:
    """A repository whose checkout hangs in a filter; the path is where the filter's pid appears."""
    pid_file = tmp_path / "pid"
    repo.write(".gitattributes", "*.slow filter=slow\n")
    repo.write("x.slow", "x\n")
    repo.commit("slow")
    repo.git("config", "filter.slow.smudge", f"echo $$ > {pid_file}; exec sleep 300")
    return pid_file


def filled(path: Path) -> bool:
    return path.exists() and path.read_text().endswith("\n")


@pytest.mark.parametrize("verb", ["add", "make_spare"])
async def test_a_cancelled_checkout_leaves_nothing(
    repo: Repo, worktrees: GitWorktrees, slow: Path, verb: str
) -> None:
    place, head = repo.place("auth"), repo.head()
    if verb == "add":
        work = worktrees.add(repo.path, place, "auth", head, create=True, spare=None)
    else:
        work = worktrees.make_spare(repo.path, place, head)
    task = asyncio.create_task(work)
    await until(lambda: filled(slow))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not alive(int(slow.read_text())))
    assert repo.registered() == []
    assert not repo.exists("refs/heads/auth")
    assert not repo.worktrees.exists()
    assert list(Path(repo.path, ".git").glob("worktrees/*")) == []


async def test_a_spawn_from_a_spare_cancelled_in_its_hook_leaves_nothing(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    spare = repo.place("spare")
    await worktrees.make_spare(repo.path, spare, repo.head())
    hook = repo.write(
        ".git/hooks/post-checkout", f"#!/bin/sh\necho $$ > {pid_file}\nexec sleep 300\n"
    )
    hook.chmod(0o755)
    task = asyncio.create_task(
        worktrees.add(repo.path, repo.place("auth"), "auth", repo.head(), create=True, spare=spare)
    )
    await until(lambda: filled(pid_file))
    task.cancel()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(int(pid_file.read_text()))
    assert repo.registered() == []
    assert not repo.exists("refs/heads/auth")
    assert os.listdir(repo.worktrees) == []


async def test_a_cancel_at_every_turn_of_the_loop_leaves_all_or_nothing(
    repo: Repo, worktrees: GitWorktrees
) -> None:
    place = repo.place("auth")
    for turns in range(0, 400, 7):
        task = asyncio.create_task(
            worktrees.add(repo.path, place, "auth", repo.first, create=True, spare=None)
        )
        for _ in range(turns):
            await asyncio.sleep(0.0002)
            if task.done():
                break
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            assert repo.registered() == []
            assert not repo.exists("refs/heads/auth")
            assert not repo.worktrees.exists()
        else:
            break
    await worktrees.discard(repo.path, place, branch="auth")


async def test_an_orphaned_checkout_is_cleaned_up_while_it_still_runs(
    repo: Repo, worktrees: GitWorktrees, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    repo.write(".gitattributes", "*.slow filter=slow\n")
    for number in range(40):
        repo.write(f"many/{number}.slow", "x\n")
    repo.commit("slow")
    repo.git("config", "filter.slow.smudge", f"echo >> {started}; sleep 0.02; cat")
    place = repo.place("auth")
    orphan = asyncio.create_task(
        run(
            ("git", "-C", repo.path, "worktree", "add", "--quiet", "-b", "auth", place),
            env=dict(os.environ),
        )
    )
    await until(started.exists)
    await worktrees.discard(repo.path, place, branch="auth")
    await orphan
    await worktrees.discard(repo.path, place, branch="auth")
    assert repo.registered() == []
    assert not repo.exists("refs/heads/auth")
    assert not os.path.exists(place)


async def test_a_program_that_ignores_term_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"trap '' TERM; echo $$ > {pid_file}; while :; do sleep 1; done"
    task = asyncio.create_task(run(("sh", "-c", script), env=dict(os.environ)))
    await until(lambda: filled(pid_file))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(int(pid_file.read_text()))


async def test_much_output_blocks_nobody() -> None:
    script = "yes | head -c 3000000; yes | head -c 100000 >&2"
    done = await run(("sh", "-c", script), env={"PATH": os.environ["PATH"]})
    assert len(done.stdout) == 3_000_000
    assert len(done.stderr) == 100_000


async def test_a_program_that_writes_without_end_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(programs, "MAX_OUTPUT_BYTES", 1_000_000)
    script = "while :; do head -c 100000 /dev/zero; sleep 0.02; done"
    with pytest.raises(HiveError, match="wrote more than"):
        await run(("sh", "-c", script), env={"PATH": os.environ["PATH"]})
