"""Copies and links of untracked things from the main checkout into a worktree.

Never follows a link out of the tree, never overwrites, and shows nothing before it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from hive_tui.drivers import package_stores, tree_copy
from hive_tui.drivers.committed import committed
from hive_tui.drivers.disk_use import disk_use
from hive_tui.drivers.fingerprint import Fingerprints
from hive_tui.drivers.ignored import counted
from hive_tui.drivers.overlays import Overlays, mounted
from hive_tui.drivers.parents import drop_empty, make_parents
from hive_tui.engine.protocols import DiskUse, Folders, Linked, Lying
from hive_tui.model.errors import HiveError

T = TypeVar("T")

_STAMPED = (".package-lock.json", ".yarn-integrity", ".yarn-state.yml", ".modules.yaml")
"""What package managers write into their folder each time they install."""

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hive-links")


class LocalFolders(Folders):
    """Folders of this machine."""

    def __init__(self, overlays: Path | None = None) -> None:
        """Create it, with an empty memory of fingerprints.

        Args:
            overlays: Where the upper folders of overlays lie; `None`: overlays are refused.
        """
        self._fingerprints = Fingerprints()
        self._overlays = Overlays(overlays)

    async def copy(
        self, source: str, target: str, *, progress: tree_copy.Progress | None = None
    ) -> Linked:
        if not os.path.lexists(source):
            return Linked("missing")
        if os.path.lexists(target):
            return Linked("existing")
        copied = await tree_copy.put(source, target, "copy", progress=progress)
        return Linked("copy", copied.notes)

    async def link(
        self,
        source: str,
        target: str,
        mode: str,
        *,
        owner: str = "",
        replace: bool = False,
        progress: tree_copy.Progress | None = None,
    ) -> Linked:
        if not os.path.lexists(source):
            return Linked("missing")
        if mode == "overlay":
            if os.path.lexists(target) and not _empty(target):
                return Linked("existing")
            await _aside(self._overlays.mount, source, target, owner)
            return Linked(mode)
        if os.path.lexists(target) and not (replace and os.path.islink(target)):
            return Linked("existing")
        if mode == "auto":
            mode = await _aside(_best, source, os.path.dirname(target))
        if mode == "symlink":
            _symlink(source, target)
            return Linked(mode)
        if mode not in ("copy", "reflink", "hardlink"):
            raise HiveError(f"there is no link mode {mode!r}", code="config")
        copied = await tree_copy.put(source, target, mode, replace=replace, progress=progress)
        return Linked(mode, copied.notes)

    async def lying(self, source: str, target: str) -> Lying:
        return await _aside(_lying, source, target)

    async def clear(self, target: str, owner: str) -> None:
        await _aside(lambda: self._overlays.release(owner, target, forget=True))
        await _aside(tree_copy.delete, target)

    async def unmount(self, owner: str) -> None:
        await _aside(lambda: self._overlays.release(owner, forget=False))

    async def forget(self, owner: str) -> None:
        await _aside(lambda: self._overlays.release(owner, forget=True))

    async def disk_use(
        self, envs: Sequence[tuple[str, str]], progress: Callable[[int], None]
    ) -> tuple[tuple[DiskUse, ...], int]:
        owners = [(worktree, *self._overlays.uppers(owner)) for owner, worktree in envs]
        return await disk_use(owners, progress)

    async def fingerprint(self, worktree: str, globs: Sequence[str]) -> str:
        return await self._fingerprints.of(worktree, tuple(globs))

    async def committed(self, repo: str, commit: str, globs: Sequence[str]) -> str:
        return await committed(repo, commit, tuple(globs))

    async def meant(
        self, worktree: str, globs: Sequence[str], paths: frozenset[str]
    ) -> frozenset[str]:
        return frozenset(await counted(worktree, globs, tuple(paths)))


async def _aside(work: Callable[..., T], *args: object) -> T:
    """Run what may take a while in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_pool, lambda: work(*args))


def _best(source: str, folder: str) -> str:
    """What `auto` comes to: blocks shared where the filesystem can, else the folder itself.

    A folder whose content follows from one branch is never shared, and a copy at the worst.
    """
    store = package_stores.store_of(source)
    if not (store and store.fixed) and can_reflink(source, folder):
        return "reflink"
    return "copy" if package_stores.build_cache(source) else "symlink"


def _lying(source: str, target: str) -> Lying:
    """What there is to take, and what lies where it should go."""
    if os.path.islink(target):
        kind = "symlink" if os.path.realpath(target) == os.path.realpath(source) else "own"
    elif not os.path.lexists(target):
        kind = "nothing"
    elif mounted(target):
        kind = "overlay"
    else:
        kind = "empty" if _empty(target) else "own"
    here = os.path.lexists(source)
    store = package_stores.store_of(source) if here else None
    return Lying(
        kind=kind,
        source=here,
        stamp=_stamp(source) if here else "",
        store=store.name if store else None,
        store_install=store.install if store else None,
        fixed=store.fixed if store else False,
        reflinks=can_reflink(source, os.path.dirname(target)) if store else False,
        build_cache=package_stores.build_cache(source),
    )


def _stamp(folder: str) -> str:
    """Changes when a package manager has installed into the folder."""
    times = []
    for name in ("", *_STAMPED):
        with contextlib.suppress(OSError):
            times.append(f"{name}{os.stat(os.path.join(folder, name)).st_mtime_ns}")
    return " ".join(times)


def _empty(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path)


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
        tree_copy.put_file(sample, trial, "reflink")
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
        raise tree_copy.failed(target, error) from error
