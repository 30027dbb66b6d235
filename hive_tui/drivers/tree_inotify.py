"""Watches whole folders by inotify: one descriptor for the hive, one watch per folder that matters.

Folders come and go one by one, so a new env costs what it has itself and nothing of the others is
touched. Walking happens in a thread; the event loop only sorts names.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from hive_tui.drivers import inotify
from hive_tui.drivers.inotify import Inotify
from hive_tui.drivers.watching import LEFT_OUT, Changed, TreeWatch, git_folders, is_noise
from hive_tui.engine.protocols import Trees

log = logging.getLogger(__name__)

COLLECT_S = 0.1
"""How long changes are collected before they are told."""

_PAUSE_S = 0.02
"""Between two looks at a busy descriptor: bursts are read at once."""

_MASK = (
    inotify.MODIFY
    | inotify.ATTRIB
    | inotify.CREATE
    | inotify.DELETE
    | inotify.MOVED_FROM
    | inotify.MOVED_TO
    | inotify.ONLY_FOLDERS
    | inotify.NOT_THROUGH_LINKS
)
_GIT = ".git"


class _Tree(msgspec.Struct, eq=False):
    root: str
    changed: Changed
    files: bool
    pending: set[str] = msgspec.field(default_factory=set)
    timer: asyncio.TimerHandle | None = None


class _Folder(msgspec.Struct, eq=False):
    """A watched folder; several trees may share one."""

    path: str
    keys: dict[str, bool] = msgspec.field(default_factory=dict)
    """Key of the tree -> whether the folder is git's own there."""


def trees() -> Trees:
    """The best watcher that works here: inotify, else watchfiles."""
    try:
        return InotifyTrees()
    except OSError:
        return TreeWatch()


class InotifyTrees(Trees):
    """The watcher of Linux. Lives on one event loop, with one thread that walks."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            OSError: The system has no inotify, or no more for this user.
        """
        self._inotify = Inotify()
        self._walker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hive-walk")
        self._lock = threading.Lock()
        self._trees: dict[str, _Tree] = {}
        self._folders: dict[int, _Folder] = {}
        self._numbers: dict[str, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._full = False
        self._pause: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to listen; needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._inotify.fd, self._readable)
        for key in self._trees:
            self._cover(key)

    def watch(self, key: str, root: str, changed: Changed, *, files: bool = True) -> None:
        self.unwatch(key)
        self._trees[key] = _Tree(os.path.realpath(root), changed, files)
        if self._loop is not None:
            self._cover(key)

    def unwatch(self, key: str) -> None:
        tree = self._trees.pop(key, None)
        if tree is None:
            return
        if tree.timer is not None:
            tree.timer.cancel()
        with self._lock:
            for number, folder in list(self._folders.items()):
                if folder.keys.pop(key, None) is not None and not folder.keys:
                    self._forget(number)

    async def settled(self) -> None:
        """Wait until everything that was asked for so far is watched."""
        await asyncio.get_running_loop().run_in_executor(self._walker, lambda: None)

    async def close(self) -> None:
        """Stop watching and wait for the thread."""
        for key in tuple(self._trees):
            self.unwatch(key)
        if self._loop is not None:
            self._loop.remove_reader(self._inotify.fd)
        if self._pause is not None:
            self._pause.cancel()
        await asyncio.to_thread(self._walker.shutdown)
        self._inotify.close()

    # --- covering ------------------------------------------------------------------------------

    def _cover(self, key: str) -> None:
        self._walker.submit(self._cover_tree, key, self._trees[key])

    def _cover_tree(self, key: str, tree: _Tree) -> None:
        """Watch all of a tree, then tell that it may have changed meanwhile. In the thread."""
        if tree.files:
            self._walk(key, tree, tree.root, False)
        self._walk_git(key, tree)
        self._from_thread(tree, (_GIT,))

    def _walk_git(self, key: str, tree: _Tree) -> None:
        for folder in git_folders(tree.root):
            if folder.endswith("heads"):
                self._walk(key, tree, folder, True)
            else:
                self._add(key, tree, folder, git=True)

    def _walk(self, key: str, tree: _Tree, top: str, git: bool) -> None:
        """Watch a folder and all below it but what is left out. Runs in the thread."""
        folders = [top]
        while folders:
            folder = folders.pop()
            if not self._add(key, tree, folder, git=git):
                continue
            try:
                with os.scandir(folder) as entries:
                    folders += [
                        entry.path
                        for entry in entries
                        if entry.is_dir(follow_symlinks=False) and entry.name not in LEFT_OUT
                    ]
            except OSError:
                continue

    def _add(self, key: str, tree: _Tree, path: str, *, git: bool) -> bool:
        """Watch one folder; false where it cannot be, or nobody wants it any more."""
        with self._lock:
            if self._trees.get(key) is not tree:
                return False
            try:
                number = self._inotify.add(path, _MASK)
            except OSError as error:
                self._refused(path, error)
                return False
            folder = self._folders.setdefault(number, _Folder(path))
            folder.path = path
            folder.keys[key] = git
            self._numbers[path] = number
        return True

    def _refused(self, path: str, error: OSError) -> None:
        gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
        if not gone and not self._full:
            self._full = True
            log.warning(
                "%s cannot be watched (%s): raise fs.inotify.max_user_watches; "
                "what changes there is seen late",
                path,
                error.strerror,
            )

    def _forget(self, number: int) -> None:
        folder = self._folders.pop(number, None)
        if folder is not None:
            self._numbers.pop(folder.path, None)
            self._inotify.remove(number)

    # --- listening -----------------------------------------------------------------------------

    def _readable(self) -> None:
        """Take what there is, then look away for a moment: a checkout is thousands of events."""
        if self._loop is None:
            return
        for event in self._inotify.events():
            self._event(event)
        self._loop.remove_reader(self._inotify.fd)
        self._pause = self._loop.call_later(_PAUSE_S, self._listen)

    def _listen(self) -> None:
        if self._loop is not None:
            self._loop.add_reader(self._inotify.fd, self._readable)

    def _event(self, event: inotify.Event) -> None:
        if event.mask & inotify.OVERFLOW:
            for every in self._trees.values():
                self._tell(every, _GIT)
            return
        with self._lock:
            folder = self._folders.get(event.number)
            if folder is not None and event.mask & inotify.IGNORED:
                self._folders.pop(event.number, None)
                if self._numbers.get(folder.path) == event.number:
                    del self._numbers[folder.path]
        if folder is None or not event.name:
            return
        path = os.path.join(folder.path, event.name)
        for key, git in tuple(folder.keys.items()):
            tree = self._trees.get(key)
            if tree is not None:
                self._changed(key, tree, path, event, git)

    def _changed(self, key: str, tree: _Tree, path: str, event: inotify.Event, git: bool) -> None:
        if git:
            if not is_noise(event.name):
                self._tell(tree, _GIT)
        elif event.name in LEFT_OUT:
            return
        else:
            self._tell(tree, path[len(tree.root) + 1 :])
        if not event.mask & inotify.ISDIR:
            return
        if event.mask & (inotify.CREATE | inotify.MOVED_TO):
            self._walker.submit(self._appeared, key, tree, path, git)
        elif event.mask & inotify.MOVED_FROM:
            self._leave(path)

    def _appeared(self, key: str, tree: _Tree, path: str, git: bool) -> None:
        """Watch a new folder and tell of what it brought along. Runs in the thread."""
        self._walk(key, tree, path, git)
        if not git:
            self._from_thread(tree, [name[len(tree.root) + 1 :] for name in _files(path)])

    def _from_thread(self, tree: _Tree, paths: Sequence[str]) -> None:
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._tell_all, tree, paths)
        except RuntimeError:
            return  # the loop has ended, and with it those who would want to know

    def _leave(self, path: str) -> None:
        """Forget a folder that was moved away, with all below it."""
        with self._lock:
            below = path + os.sep
            for known in [p for p in self._numbers if p == path or p.startswith(below)]:
                self._forget(self._numbers[known])

    def _tell_all(self, tree: _Tree, paths: Iterable[str]) -> None:
        for path in paths:
            self._tell(tree, path)

    def _tell(self, tree: _Tree, path: str) -> None:
        tree.pending.add(path)
        if tree.timer is None and self._loop is not None:
            tree.timer = self._loop.call_later(COLLECT_S, self._flush, tree)

    def _flush(self, tree: _Tree) -> None:
        tree.timer = None
        paths, tree.pending = frozenset(tree.pending), set()
        if tree in self._trees.values():
            tree.changed(paths)


def _files(top: str) -> Iterator[str]:
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in names:
            yield os.path.join(folder, name)
