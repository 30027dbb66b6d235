"""One watcher for all folders of the hive. Knows nothing of what a change means.

This one is on watchfiles and works everywhere; Linux has a better one in `tree_inotify`. Folders
that only tools write (`node_modules`, `target`, …) are never registered: a kernel has few watches
per user, and other programs need some too. The watcher is a thread, replaced by the next one only
once that one watches, so that no change falls between two of them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from watchfiles import watch

from hive_tui.engine.protocols import Trees

log = logging.getLogger(__name__)

LEFT_OUT = frozenset(
    {
        "node_modules",
        ".git",
        ".hg",
        ".venv",
        "venv",
        "__pycache__",
        "target",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".next",
        ".turbo",
        ".gradle",
        ".terraform",
    }
)
"""Names of folders that are never looked into."""

STEP_MS = 100
"""How long changes are collected; also how often the thread wakes."""

_OVERLAP = 5
"""Looks that two watchers take side by side, so that the older one tells what it collected."""

_REPLACE_S = 0.05
"""How long changes of what is watched are collected."""

_APPEAR_S = 0.2
"""How often a folder that was not there yet is looked for."""

_GIT_NOISE = (".lock", "COMMIT_EDITMSG", "FETCH_HEAD", "gc.pid")

Changed = Callable[[frozenset[str]], None]


class Cover(msgspec.Struct, frozen=True):
    """Which folders to watch, so that the left out ones are not."""

    deep: frozenset[str]
    """With everything below."""
    flat: frozenset[str]
    """Only what lies directly in them."""


class _Tree(msgspec.Struct, frozen=True):
    root: str
    git: tuple[str, ...]
    changed: Changed
    files: bool


def cover(root: str) -> Cover:
    """Cover a folder: as deep as possible, flat along the way to what is left out."""
    deep: set[str] = set()
    flat: set[str] = set()
    if not _clean(root, deep, flat):
        flat.add(root)
    else:
        deep.add(root)
    return Cover(frozenset(deep), frozenset(flat))


def _clean(folder: str, deep: set[str], flat: set[str]) -> bool:
    """True where nothing below is left out; else its parts have been added."""
    try:
        with os.scandir(folder) as entries:
            children = [e for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError:
        return True
    kept = [e.path for e in children if e.name not in LEFT_OUT]
    clean = [path for path in kept if _clean(path, deep, flat)]
    if len(clean) == len(children):
        return True
    deep.update(clean)
    flat.update(path for path in kept if path not in clean)
    return False


def git_folders(root: str) -> tuple[str, ...]:
    """Where git keeps what changes with a commit, a checkout or a branch of this worktree."""
    dot = Path(root, ".git")
    try:
        if dot.is_dir():
            return tuple(str(p) for p in (dot, dot / "refs" / "heads") if p.is_dir())
        admin = dot.read_text().removeprefix("gitdir:").strip()
    except (OSError, UnicodeDecodeError):
        return ()
    return (os.path.join(root, admin),) if os.path.isdir(os.path.join(root, admin)) else ()


def is_noise(path: str) -> bool:
    """Whether a file of git's own changes without the worktree or its branch having changed."""
    return path.endswith(_GIT_NOISE)


class TreeWatch(Trees):
    """The watcher. Lives on one event loop, with one or two threads beside it."""

    def __init__(self) -> None:
        self._trees: dict[str, _Tree] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._replacing: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._stop: list[threading.Event] = []
        self._threads: list[threading.Thread] = []
        self._generation = 0

    def open(self) -> None:
        """Begin to watch; needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self._replace_soon()

    def watch(self, key: str, root: str, changed: Changed, *, files: bool = True) -> None:
        self._trees[key] = _Tree(os.path.realpath(root), (), changed, files)
        self._replace_soon()

    def unwatch(self, key: str) -> None:
        if self._trees.pop(key, None) is not None:
            self._replace_soon()

    async def close(self) -> None:
        """Stop watching and wait for the threads."""
        for timer in (self._replacing, self._looking):
            if timer is not None:
                timer.cancel()
        self._generation += 1
        self._trees.clear()
        for stop in self._stop:
            stop.set()
        threads, self._threads = self._threads, []
        await asyncio.to_thread(_join, threads)

    def _replace_soon(self) -> None:
        if self._loop is not None and self._replacing is None:
            self._replacing = self._loop.call_later(_REPLACE_S, self._replace)

    def _replace(self) -> None:
        """Start the next watcher; it stops this one once it watches."""
        self._replacing = None
        self._generation += 1
        former, self._stop = self._stop, [threading.Event(), threading.Event()]
        trees = {
            key: msgspec.structs.replace(tree, git=git_folders(tree.root))
            for key, tree in self._trees.items()
        }
        self._trees = trees
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(
            target=self._run,
            args=(self._generation, tuple(trees.values()), self._stop, former),
            name="hive-watch",
            daemon=True,
        )
        self._threads.append(thread)
        thread.start()
        if self._looking is not None:
            self._looking.cancel()
        self._look_for([tree.root for tree in trees.values() if not _there(tree.root)])

    def _look_for(self, missing: list[str]) -> None:
        """Watch anew once one of the folders, such as a worktree in the making, is there."""
        self._looking = None
        if any(_there(root) for root in missing):
            self._replace_soon()
        elif missing and self._loop is not None:
            self._looking = self._loop.call_later(_APPEAR_S, self._look_for, missing)

    def _run(
        self,
        generation: int,
        trees: tuple[_Tree, ...],
        stop: list[threading.Event],
        former: list[threading.Event],
    ) -> None:
        """Watch in this thread what is deep, and in another one what is flat."""
        covers = [cover(tree.root) for tree in trees if tree.files]
        deep = frozenset().union(*(c.deep for c in covers))
        git = {folder for tree in trees for folder in tree.git}
        flat = frozenset().union(*(c.flat for c in covers), git)
        beside = threading.Thread(
            target=self._follow,
            args=(generation, flat, False, stop[1], ()),
            name="hive-watch-flat",
            daemon=True,
        )
        beside.start()
        self._follow(generation, deep, True, stop[0], former)
        beside.join()

    def _follow(
        self,
        generation: int,
        folders: Iterable[str],
        recursive: bool,
        stop: threading.Event,
        former: Iterable[threading.Event],
    ) -> None:
        paths = sorted(path for path in folders if os.path.isdir(path))
        try:
            changes = watch(
                *paths,
                watch_filter=None,
                debounce=2 * STEP_MS,
                step=STEP_MS,
                stop_event=stop,
                rust_timeout=STEP_MS,
                yield_on_timeout=True,
                recursive=recursive,
                raise_interrupt=False,
                ignore_permission_denied=True,
            )
            if paths:
                for turn, found in enumerate(changes):
                    if turn == _OVERLAP:
                        for event in former:
                            event.set()
                    if found:
                        self._tell(generation, frozenset(path for _, path in found))
        except OSError as error:
            log.warning(
                "%d folders cannot be watched (%s): raise fs.inotify.max_user_watches; "
                "what changes in them is seen late",
                len(paths),
                error,
            )
        finally:
            for event in former:
                event.set()

    def _tell(self, generation: int, paths: frozenset[str]) -> None:
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._changed, generation, paths)
        except RuntimeError:
            return  # the loop has ended, and this thread is about to

    def _changed(self, generation: int, paths: frozenset[str]) -> None:
        """Sort changes by tree. Those of an older watcher count too."""
        renew = False
        for tree in tuple(self._trees.values()):
            mine = frozenset(_relative(tree, path) for path in paths) - {None}
            if mine:
                tree.changed(frozenset(path for path in mine if path is not None))
            renew = renew or any(_needs_cover(tree, path) for path in paths)
        if renew and generation == self._generation:
            self._replace_soon()


def _there(root: str) -> bool:
    return os.path.lexists(os.path.join(root, ".git"))


def _relative(tree: _Tree, path: str) -> str | None:
    """The path as the tree's owner knows it; `None` where it is none of its business."""
    for folder in tree.git:
        if path.startswith(folder + os.sep):
            return None if is_noise(path) else ".git"
    if not tree.files or not path.startswith(tree.root + os.sep):
        return None
    relative = path[len(tree.root) + 1 :]
    parts = relative.split(os.sep)
    return None if LEFT_OUT.intersection(parts) else relative


def _needs_cover(tree: _Tree, path: str) -> bool:
    """Whether a new folder appeared where only a flat watch sees it, or a left out one deep."""
    if not tree.files or not path.startswith(tree.root + os.sep):
        return False
    inside = not any(path.startswith(folder + os.sep) for folder in tree.git)
    return inside and os.path.isdir(path) and not os.path.islink(path)


def _join(threads: Iterable[threading.Thread]) -> None:
    for thread in threads:
        thread.join()
