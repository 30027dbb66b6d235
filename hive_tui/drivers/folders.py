"""Copies and links of untracked things from the main checkout into a worktree.

Never follows a link out of the tree, never overwrites, and shows nothing before it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from hive_tui.drivers.fingerprint import Fingerprints
from hive_tui.drivers.ignored import counted
from hive_tui.drivers.parents import drop_empty, make_parents
from hive_tui.drivers.settling import settle
from hive_tui.engine.protocols import Folders
from hive_tui.model.errors import HiveError, NotAvailableError

_FICLONE = 0x40049409
"""`_IOW(0x94, 9, int)`, from linux/fs.h: share the blocks of another file."""

PutFile = Callable[[str, str], None]

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hive-folders")


class _StoppedError(Exception):
    """The caller was cancelled."""


class LocalFolders(Folders):
    """Folders of this machine."""

    def __init__(self) -> None:
        """Create it, with an empty memory of fingerprints."""
        self._fingerprints = Fingerprints()

    async def copy(self, source: str, target: str) -> None:
        """Copy; blocks are shared where the filesystem can.

        Raises:
            HiveError: It could not be read or written; nothing of it is left then.
        """
        if os.path.lexists(source) and not os.path.lexists(target):
            await _put(source, target, _copy_or_clone)

    async def link(self, source: str, target: str, mode: str) -> str:
        """Give a worktree a dependency folder.

        Args:
            source: Folder or file of the main checkout.
            target: Where it should appear; untouched if there is something already.
            mode: `auto`, `symlink`, `reflink`, `copy`, `hardlink` or `overlay`. `auto` is
                `reflink` where the filesystem can, else `symlink`.

        Returns:
            The mode that was used; `missing` without a source, `existing` with a target.

        Raises:
            NotAvailableError: The mode is `overlay`.
            HiveError: The filesystem cannot do the mode, or it failed.
        """
        if mode == "overlay":
            raise NotAvailableError(
                "links with mode `overlay` are not available yet",
                hint='`mode = "auto"` shares the folder or its blocks',
            )
        if not os.path.lexists(source):
            return "missing"
        if os.path.lexists(target):
            return "existing"
        if mode == "auto":
            able = await asyncio.get_running_loop().run_in_executor(
                _pool, can_reflink, source, os.path.dirname(target)
            )
            mode = "reflink" if able else "symlink"
        if mode == "symlink":
            _symlink(source, target)
        elif mode == "reflink" and sys.platform == "darwin":
            await _put(source, target, _clone_by_cp)
        elif mode in _PUT:
            await _put(source, target, _PUT[mode])
        else:
            raise HiveError(f"there is no link mode {mode!r}", code="config")
        return mode

    async def fingerprint(self, worktree: str, globs: Sequence[str]) -> str:
        return await self._fingerprints.of(worktree, tuple(globs))

    async def meant(
        self, worktree: str, globs: Sequence[str], paths: frozenset[str]
    ) -> frozenset[str]:
        return frozenset(await counted(worktree, globs, tuple(paths)))


def can_reflink(source: str, folder: str) -> bool:
    """Whether a file of `source` could share its blocks with one below `folder`. Tries it.

    `folder` may not exist yet: the nearest one above it is tried.
    """
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    sample = _sample(source)
    if sample is None:
        return False
    trial = os.path.join(folder, f".hive-{secrets.token_hex(6)}")
    try:
        (_clone_by_cp if sys.platform == "darwin" else _clone)(sample, trial)
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            os.unlink(trial)
    return True


def _sample(source: str) -> str | None:
    """Some regular file that is not empty, in or at `source`."""
    if os.path.isfile(source):
        return source
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            if stat.S_ISREG(info.st_mode) and info.st_size:
                return path
    return None


def _symlink(source: str, target: str) -> None:
    made: tuple[str, ...] = ()
    try:
        made = make_parents(target)
        os.symlink(source, target)
    except FileExistsError:
        return
    except OSError as error:
        drop_empty(made)
        raise _failed(target, error) from error


async def _put(source: str, target: str, put: PutFile) -> None:
    """Build the copy beside its place, in a thread, then rename it there."""
    stop = threading.Event()
    building = asyncio.get_running_loop().run_in_executor(_pool, _build, source, target, put, stop)

    async def ended() -> None:
        with contextlib.suppress(_StoppedError):
            await building

    try:
        await asyncio.shield(building)
    except asyncio.CancelledError:
        stop.set()
        await settle(ended())
        raise
    except OSError as error:
        raise _failed(target, error) from error


def _failed(target: str, error: OSError) -> HiveError:
    unable = "the filesystem cannot do that here: take another `mode`, `auto` finds one"
    return HiveError(
        f"{target} cannot be made: {error.strerror or error}",
        hint="make room on the disk" if error.errno == 28 else unable,
        code="link_failed",
    )


def _build(source: str, target: str, put: PutFile, stop: threading.Event) -> None:
    made = make_parents(target)
    folder, name = os.path.split(target)
    part = os.path.join(folder, f".{name[:40]}.hive-{secrets.token_hex(6)}")
    try:
        if put is _clone_by_cp:
            put(source, part)
        else:
            _tree(source, part, put, stop)
        if os.path.lexists(target):
            _delete(part)
        else:
            os.rename(part, target)
    except BaseException:
        _delete(part)
        drop_empty(made)
        raise


def _tree(source: str, target: str, put: PutFile, stop: threading.Event) -> None:
    """Copy one thing: links as links, folders with what is in them, no sockets or devices."""
    if stop.is_set():
        raise _StoppedError
    mode = os.lstat(source).st_mode
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(source), target)
        shutil.copystat(source, target, follow_symlinks=False)
    elif stat.S_ISREG(mode):
        put(source, target)
    elif stat.S_ISDIR(mode):
        os.mkdir(target, 0o700)
        with os.scandir(source) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            _tree(os.path.join(source, name), os.path.join(target, name), put, stop)
        shutil.copystat(source, target)


def _copy(source: str, target: str) -> None:
    shutil.copy2(source, target, follow_symlinks=False)


def _hardlink(source: str, target: str) -> None:
    os.link(source, target, follow_symlinks=False)


def _clone(source: str, target: str) -> None:
    """Share the blocks of a file.

    Raises:
        OSError: The filesystem cannot, or the two are on different ones.
    """
    import fcntl

    with open(source, "rb") as old, open(target, "xb") as new:
        fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    shutil.copystat(source, target)


def _copy_or_clone(source: str, target: str) -> None:
    if sys.platform == "linux":
        try:
            _clone(source, target)
            return
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(target)
    _copy(source, target)


def _clone_by_cp(source: str, target: str) -> None:
    """Share the blocks of a whole tree by clonefile(2), which macOS offers through `cp -c`."""
    done = subprocess.run(
        ("cp", "-c", "-R", "-p", source, target), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise OSError(done.stderr.decode(errors="replace").strip())


def _delete(path: str) -> None:
    """Delete what was built so far, folders without rights included."""
    if os.path.isdir(path) and not os.path.islink(path):
        for folder, names, _ in os.walk(path):
            for name in names:
                inner = os.path.join(folder, name)
                if not os.path.islink(inner):
                    with contextlib.suppress(OSError):
                        os.chmod(inner, 0o700)
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


_PUT: dict[str, PutFile] = {"copy": _copy, "reflink": _clone, "hardlink": _hardlink}
