"""Taking a worktree away and bringing it back. Two renames and a ref; nothing is copied or lost.

A trash folder holds the worktree's folder, git's administrative folder of it (HEAD, index, what is
staged) and `removed.json`, which is written first: a removal that was killed anywhere is finished,
and a finished one repeated, by calling it again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

import msgspec

from hive_tui.drivers import branches, recovery
from hive_tui.drivers.git import clean_environment, git, last_lines
from hive_tui.drivers.losses import folder_is_gone, last_commit, losses
from hive_tui.drivers.parents import drop_empty, drop_empty_above, make_parents
from hive_tui.drivers.programs import run
from hive_tui.drivers.registrations import admin_dir, checkouts, common_dir
from hive_tui.drivers.settling import settle
from hive_tui.engine.protocols import Removed
from hive_tui.engine.refusing import refusal
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError, RefusedError

TRASH = ".hive-trash"
"""Beside the worktrees, so that a rename is all it takes."""

_NOTE = "removed.json"
_FOLDER = "worktree"
_ADMIN = "admin"


class Note(msgspec.Struct, frozen=True):
    """What a restore needs beside the folders."""

    worktree: str
    admin: str | None
    """Where the administrative folder belongs; `None` where git knew none."""
    branch: str | None
    """Branch to delete."""
    commit: str | None
    recovery_ref: str | None
    config: dict[str, str] = {}
    """The branch's section of the repository's configuration."""


async def remove(
    record: EnvRecord, repo: str, *, force: bool, keep_branch: bool, now: float
) -> Removed:
    """Rename the worktree into the trash, unregister it, delete the branch that spawn made.

    An adopted worktree is not touched. Called again after a crash it ends what it began.

    Raises:
        RefusedError: Work would be lost and `force` is false; or the worktree is locked.
        HiveError: The folder cannot be moved, or what `force` gives up cannot be kept.
    """
    if not record.owned:
        return Removed(trash="", branch=None, commit=None, recovery_ref=None)
    begun = _begun(record)
    if begun is None:
        note = await _decide(record, repo, force=force, keep_branch=keep_branch, now=now)
        return await settle(_begin(record, repo, note))
    trash, note = begun
    return await settle(_finish(repo, trash, note))


async def restore(record: EnvRecord, repo: str, removed: Removed) -> None:
    """Bring back folder, branch, registration, HEAD and index as they were.

    Raises:
        HiveError: The place or the branch's name was taken meanwhile, or the trash was emptied.
    """
    if removed.trash:
        note = _read_note(removed.trash)
        if note is None:
            raise HiveError(
                f"the folder of {record.id} is no longer in the trash",
                hint=f"`git branch {record.branch} {removed.recovery_ref or removed.commit}` "
                "brings the commits back",
                code="trash_emptied",
                env=record.name,
            )
        await _check_free(record, repo, removed, note)
        await settle(_bring_back(record, repo, removed, note))
    elif removed.branch and removed.commit:
        await _check_branch_free(record, repo, removed)
        await _remake_branch(repo, removed.branch, removed.commit)
        await _drop_ref(repo, removed)


async def empty(trash: str) -> None:
    """Delete a trash folder at the lowest priority; nothing happens where it is gone.

    Raises:
        HiveError: `trash` is no trash folder, or something in it cannot be deleted.
    """
    path = Path(trash)
    if not trash or not (path.parent.name == TRASH or path.name.startswith(TRASH + "-")):
        raise HiveError(f"{trash!r} is no trash folder of hive", code="not_trash")
    if path.exists():
        env = clean_environment()
        deleted = await run(("nice", "-n", "19", "rm", "-rf", "--", trash), env=env)
        if deleted.status != 0:
            await run(("chmod", "-R", "u+rwX", "--", trash), env=env)
            deleted = await run(("nice", "-n", "19", "rm", "-rf", "--", trash), env=env)
        if deleted.status != 0:
            said = "; ".join(last_lines(deleted.stderr))
            raise HiveError(f"{trash} cannot be deleted: {said}", hint=f"delete {trash} by hand")
    if path.parent.name == TRASH:
        drop_empty_above(trash, levels=3)


async def _decide(
    record: EnvRecord, repo: str, *, force: bool, keep_branch: bool, now: float
) -> Note:
    """Everything that has to be known, kept or refused before anything moves."""
    common = await common_dir(repo)
    admin = admin_dir(common, record.worktree)
    if admin and os.path.lexists(os.path.join(admin, "locked")):
        raise RefusedError(
            f"the worktree {record.worktree} is locked",
            hint=f"`git worktree unlock {record.worktree}`, then destroy again",
            code="locked_worktree",
            env=record.name,
        )
    found = await losses(record, repo)
    if keep_branch:
        found = msgspec.structs.replace(found, commits=0)
    tip = await last_commit(record, repo)
    kept = None
    if not found.nothing:
        if not force:
            raise refusal(record.name, found)
        kept = await recovery.keep(record, repo, found, tip=tip, now=now)
    branch = None
    if record.branch_made and not keep_branch and await branches.tip(repo, record.branch):
        own = os.path.realpath(record.worktree)
        elsewhere = any(
            checkout.branch == record.branch and os.path.realpath(checkout.path) != own
            for checkout in await checkouts(repo)
        )
        branch = None if elsewhere else record.branch
    config = await _config_of(repo, branch) if branch else {}
    return Note(record.worktree, admin, branch, tip, kept, config)


async def _begin(record: EnvRecord, repo: str, note: Note) -> Removed:
    if folder_is_gone(record.worktree):
        if note.admin:
            shutil.rmtree(note.admin)
            drop_empty([os.path.dirname(note.admin)])
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(record.worktree)
        await _delete_branch(repo, note)
        drop_empty_above(record.worktree)
        return Removed("", note.branch, note.commit, note.recovery_ref)
    parent = os.path.dirname(record.worktree)
    places = (
        os.path.join(parent, TRASH, record.uid),
        os.path.join(parent, f"{TRASH}-{record.uid}"),
    )
    for number, place in enumerate(places):
        trash = _free(place)
        try:
            _move_in(trash, note)
        except OSError as error:
            shutil.rmtree(trash, ignore_errors=True)
            if error.errno != errno.EXDEV or number == len(places) - 1:
                raise HiveError(
                    f"{record.worktree} cannot be moved into the trash: {error.strerror}",
                    hint="is it a mount point, or its parent folder read-only?",
                    code="trash_failed",
                    env=record.name,
                ) from error
        else:
            break
    return await _finish(repo, trash, note)


def _move_in(trash: str, note: Note) -> None:
    made = make_parents(os.path.join(trash, _NOTE))
    try:
        _write_note(trash, note)
        os.rename(note.worktree, os.path.join(trash, _FOLDER))
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(trash, _NOTE))
        drop_empty(made)
        raise


async def _finish(repo: str, trash: str, note: Note) -> Removed:
    """All that follows the rename of the folder; each part may have happened already."""
    admin = os.path.join(trash, _ADMIN)
    if note.admin and not os.path.exists(admin) and os.path.isdir(note.admin):
        _move(note.admin, admin)
        drop_empty([os.path.dirname(note.admin)])
    await _delete_branch(repo, note)
    return Removed(trash, note.branch, note.commit, note.recovery_ref)


async def _delete_branch(repo: str, note: Note) -> None:
    if not note.branch or not note.commit:
        return
    await branches.drop(repo, note.branch, note.commit)
    if note.config:
        section = f"branch.{note.branch}"
        await git(repo, "config", "--remove-section", section, check=False, writes=True)


async def _check_free(record: EnvRecord, repo: str, removed: Removed, note: Note) -> None:
    moved = os.path.exists(os.path.join(removed.trash, _FOLDER))
    if moved and not folder_is_gone(note.worktree):
        raise RefusedError(
            f"{note.worktree} exists again, so {record.id} cannot be brought back there",
            hint="move that folder away, then undo again",
            code="folder_exists",
            env=record.name,
        )
    await _check_branch_free(record, repo, removed)


async def _check_branch_free(record: EnvRecord, repo: str, removed: Removed) -> None:
    if removed.branch is None:
        return
    now_at = await branches.tip(repo, removed.branch)
    if now_at not in (None, removed.commit):
        raise RefusedError(
            f"branch {removed.branch!r} exists again, at another commit",
            hint=f"rename it (`git branch -m {removed.branch} …`), then undo again",
            code="branch_exists",
            env=record.name,
        )
    await branches.refuse_where_checked_out(repo, removed.branch, but=record.worktree)


async def _bring_back(record: EnvRecord, repo: str, removed: Removed, note: Note) -> None:
    if removed.branch and removed.commit:
        await _remake_branch(repo, removed.branch, removed.commit)
        for key, value in note.config.items():
            await git(repo, "config", key, value, writes=True)
    folder = os.path.join(removed.trash, _FOLDER)
    if os.path.exists(folder):
        made = make_parents(note.worktree)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(note.worktree)
            os.rename(folder, note.worktree)
        except OSError as error:
            drop_empty(made)
            raise HiveError(
                f"{record.id} cannot be brought back: {error.strerror}",
                hint=f"its folder lies in {folder}",
                env=record.name,
            ) from error
    admin = os.path.join(removed.trash, _ADMIN)
    if note.admin and os.path.exists(admin):
        place = note.admin if not os.path.lexists(note.admin) else _free(note.admin)
        make_parents(place)
        _move(admin, place)
        if place != note.admin:
            Path(note.worktree, ".git").write_bytes(b"gitdir: " + os.fsencode(place) + b"\n")
    await _drop_ref(repo, removed)
    shutil.rmtree(removed.trash)  # last, so that what was killed before can be called again
    if os.path.basename(os.path.dirname(removed.trash)) == TRASH:
        drop_empty([os.path.dirname(removed.trash)])


async def _drop_ref(repo: str, removed: Removed) -> None:
    if removed.recovery_ref:
        await recovery.drop(repo, removed.recovery_ref)


async def _remake_branch(repo: str, branch: str, commit: str) -> None:
    if await branches.tip(repo, branch) is None:
        await git(repo, "branch", "--no-track", "--", branch, commit, writes=True)


async def _config_of(repo: str, branch: str) -> dict[str, str]:
    said = await git(repo, "config", "--null", "--list", "--local")
    prefix = f"branch.{branch}."
    pairs = (entry.partition("\n") for entry in os.fsdecode(said.stdout).split("\0"))
    return {key: value for key, _, value in pairs if key.startswith(prefix)}


def _begun(record: EnvRecord) -> tuple[str, Note] | None:
    """The trash folder of a removal whose rename has happened. One that has not is forgotten."""
    parent = os.path.dirname(record.worktree)
    for folder, start in (
        (os.path.join(parent, TRASH), f"{record.uid}-"),
        (parent, f"{TRASH}-{record.uid}-"),
    ):
        try:
            names = sorted(entry for entry in os.listdir(folder) if entry.startswith(start))
        except OSError:
            continue
        for entry in names:
            trash = os.path.join(folder, entry)
            note = _read_note(trash)
            if os.path.exists(os.path.join(trash, _FOLDER)):
                if note is not None and note.worktree == record.worktree:
                    return trash, note
            elif not os.path.exists(os.path.join(trash, _ADMIN)):
                shutil.rmtree(trash, ignore_errors=True)
    return None


def _read_note(trash: str) -> Note | None:
    try:
        return msgspec.json.decode(Path(trash, _NOTE).read_bytes(), type=Note)
    except (OSError, msgspec.DecodeError):
        return None


def _write_note(trash: str, note: Note) -> None:
    path = os.path.join(trash, _NOTE)
    with open(f"{path}.new", "wb") as file:
        file.write(msgspec.json.encode(note))
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.new", path)


def _move(source: str, target: str) -> None:
    """Rename; where that crosses filesystems copy under another name first."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(source, f"{target}.new", symlinks=True)
        os.rename(f"{target}.new", target)
        shutil.rmtree(source)


def _free(path: str) -> str:
    """`path-1`, or with the next number that nothing has yet."""
    number = 1
    while os.path.lexists(f"{path}-{number}"):
        number += 1
    return f"{path}-{number}"
