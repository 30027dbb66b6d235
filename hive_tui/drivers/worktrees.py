"""Git's worktrees as the engine wants them. Git does every write; pygit2 only reads commits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable

import msgspec

from hive_tui.drivers import branches, recovery, registrations, spares, status, trash
from hive_tui.drivers.git import GitError, git
from hive_tui.drivers.losses import folder_is_gone, held_by_nothing, losses
from hive_tui.drivers.parents import drop_empty, drop_empty_above, make_parents
from hive_tui.drivers.registrations import admin_dir, common_dir
from hive_tui.drivers.settling import settle
from hive_tui.engine.protocols import Listed, Losses, Place, Removed, Worktrees
from hive_tui.model.environment import EnvRecord, GitView
from hive_tui.model.errors import HiveError, RefusedError

_PROGRESS = re.compile(r"Updating files:\s+\d+% \((\d+)/(\d+)\)")

_DELETE_S = 30.0

_HALF_MADE = "/commondir: "
"""What git stumbles over where it looks at a worktree that another git is just registering."""

_RACES = 8
"""How often an add is tried against such others."""

Progress = Callable[[int, int], None]


class Head(msgspec.Struct, frozen=True):
    """What a worktree has checked out; what adopting one needs to know."""

    repo: str
    """Main worktree of its repository, or the bare repository."""
    branch: str | None
    """`None` where HEAD is detached."""
    commit: str | None
    """`None` before the first commit."""


class GitWorktrees(Worktrees):
    """Worktrees by the `git` of this machine (2.36 or newer)."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """Create it.

        Args:
            now: Seconds since the epoch; dates recovery refs.
        """
        self._now = now

    async def listed(self, repo: str) -> tuple[Listed, ...]:
        found = await registrations.checkouts(repo)
        return tuple(Listed(one.path, one.branch, one.bare, one.gone) for one in found)

    async def default_branch(self, repo: str) -> str:
        return await branches.default_branch(repo)

    async def branches(self, repo: str) -> tuple[list[str], list[str]]:
        return await branches.local(repo)

    async def check_branch(self, repo: str, branch: str, *, reuse: bool) -> bool:
        return await branches.check_branch(repo, branch, reuse=reuse)

    async def resolve(self, repo: str, ref: str) -> str:
        return await branches.resolve(repo, ref)

    async def place(self, path: str) -> Place:
        return await registrations.place(path)

    async def head(self, worktree: str) -> Head:
        """What an existing worktree has checked out.

        Raises:
            HiveError: The folder is not the top of a worktree.
        """
        tree = await status.read(worktree)
        common = await common_dir(worktree)
        main = os.path.dirname(common) if os.path.basename(common) == ".git" else common
        return Head(main, tree.branch, tree.commit)

    async def add(
        self,
        repo: str,
        worktree: str,
        branch: str,
        commit: str,
        *,
        create: bool,
        spare: str | None,
        progress: Progress | None = None,
    ) -> None:
        existed = os.path.lexists(worktree)
        if existed and (os.path.islink(worktree) or not folder_is_gone(worktree)):
            raise RefusedError(
                f"{worktree} exists already and is not empty",
                hint="move it away, or set `worktrees` in hive.toml to another place",
                code="folder_exists",
            )
        try:
            made = make_parents(worktree)
        except OSError as error:
            raise HiveError(
                f"the folder for {worktree} cannot be made: {error.strerror}",
                hint="check `worktrees` in hive.toml",
            ) from error
        made_branch: list[str] = []
        try:
            if create:
                await settle(_make_branch(repo, branch, commit, made_branch))
            await _fill(repo, worktree, branch, commit, spare, progress)
        except BaseException:
            await settle(_undo(repo, worktree, branch if made_branch else None, commit))
            if existed:
                os.makedirs(worktree, exist_ok=True)
            drop_empty(made)
            raise

    async def discard(self, repo: str, worktree: str, *, branch: str | None) -> None:
        """Undo of `add`, also of one that a crash cut short. Idempotent.

        The worktree goes with whatever is in it; a branch with commits that nothing else holds
        stays all the same.
        """
        there = os.path.lexists(worktree)
        commit = await branches.tip(repo, branch) if branch else None
        if commit is not None and await held_by_nothing(repo, commit, f"--exclude={branch}"):
            commit = None
        await settle(_undo(repo, worktree, branch if commit else None, commit or ""))
        if there and not os.path.lexists(worktree):
            drop_empty_above(worktree)

    async def make_spare(self, repo: str, folder: str, commit: str) -> None:
        made = make_parents(folder)
        try:
            await spares.make(repo, folder, commit)
        except BaseException:
            await settle(_undo(repo, folder, None, ""))
            drop_empty(made)
            raise

    async def refresh_spare(self, repo: str, folder: str, commit: str) -> None:
        await spares.refresh(folder, commit)

    async def losses(self, record: EnvRecord, repo: str) -> Losses:
        return await losses(record, repo)

    async def remove(
        self, record: EnvRecord, repo: str, *, force: bool, keep_branch: bool
    ) -> Removed:
        return await trash.remove(
            record, repo, force=force, keep_branch=keep_branch, now=self._now()
        )

    async def restore(self, record: EnvRecord, repo: str, removed: Removed) -> None:
        await trash.restore(record, repo, removed)
        if not removed.trash and record.owned and removed.commit:
            await self.add(
                repo, record.worktree, record.branch, removed.commit, create=False, spare=None
            )

    async def empty_trash(self, trash: str) -> None:
        await _empty(trash)

    async def expire_recovery(self, repo: str, now: float) -> tuple[str, ...]:
        return await recovery.expire(repo, now)

    async def status(self, worktree: str, base: str) -> GitView:
        return await status.view(worktree, base)

    async def changed(self, worktree: str, base: str) -> tuple[str, ...]:
        return await status.changed(worktree, base)

    async def content(self, worktree: str) -> tuple[str, str]:
        return await status.content(worktree)


async def _empty(folder: str) -> None:
    await trash.empty(folder)


async def _make_branch(repo: str, branch: str, commit: str, made: list[str]) -> None:
    """Create the branch and note it in `made`; of two that try at once, git lets one."""
    await git(repo, "branch", "--no-track", "--", branch, commit, writes=True)
    made.append(branch)


async def _fill(
    repo: str, worktree: str, branch: str, commit: str, spare: str | None, progress: Progress | None
) -> None:
    """Check the existing branch out into the worktree, out of the spare where that works."""
    watch = _watch(progress) if progress else None
    if spare is not None:
        if await spares.fit(repo, spare, commit):
            try:
                await spares.take(repo, spare, worktree, commit, on_stderr=watch)
            except HiveError:
                await settle(_undo(repo, worktree, None, ""))
            else:
                await spares.attach(repo, worktree, branch)
                await spares.run_hook(worktree, commit)
                return
        await settle(_undo(repo, spare, None, ""))
    for left in reversed(range(_RACES)):
        try:
            await _check_out(repo, worktree, branch, watch)
        except GitError as error:
            if not left or _HALF_MADE not in error.message:
                raise
            await settle(_undo(repo, worktree, None, ""))
        else:
            return


async def _check_out(
    repo: str, worktree: str, branch: str, watch: Callable[[str], None] | None
) -> None:
    add = ("worktree", "add", "--", worktree, branch)
    await git(
        repo,
        *spares.checkout_options(),
        *add,
        env={"GIT_PROGRESS_DELAY": "0", "GIT_CEILING_DIRECTORIES": ""},
        writes=True,
        on_stderr=watch,
    )


def _watch(progress: Progress) -> Callable[[str], None]:
    """Turn git's progress lines into calls; each piece may end in the middle of a line."""
    rest = ""

    def more(text: str) -> None:
        nonlocal rest
        rest = (rest + text)[-400:]
        found = _PROGRESS.findall(rest)
        if found:
            done, of = found[-1]
            progress(int(done), int(of))

    return more


async def _undo(repo: str, worktree: str, branch: str | None, commit: str) -> None:
    """Take away a worktree that holds no work, its registration and, where given, its branch.

    A folder that is neither empty nor a worktree of this repository is left alone.
    """
    admin = admin_dir(await common_dir(repo), worktree)
    if admin is not None:
        gone = f"{worktree}.hive-gone-{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            os.rename(worktree, gone)
        await _delete(admin)
        await _delete(gone)
        drop_empty([os.path.dirname(admin)])
    else:
        with contextlib.suppress(OSError):
            os.rmdir(worktree)
    if branch is not None:
        await branches.drop(repo, branch, commit)


async def _delete(folder: str) -> None:
    """Delete a folder in which an orphan of a killed daemon may still be checking files out.

    Raises:
        HiveError: It is still there after half a minute.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _DELETE_S
    while os.path.lexists(folder):
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if loop.time() > deadline:
            raise HiveError(f"{folder} cannot be deleted", hint="delete it by hand")
        if os.path.lexists(folder):
            await asyncio.sleep(0.05)
