"""Trees that are copied, cloned or hard-linked whole or not at all, by a program beside us.

The files are made by `tree_worker`, in processes of its own: neither the loop nor its threads wait
for them. Which mode is taken, and whether at all, is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from hive_tui.drivers import tree_worker
from hive_tui.drivers.git import shown_text
from hive_tui.drivers.parents import drop_empty, make_parents
from hive_tui.drivers.settling import settle
from hive_tui.model.errors import HiveError

Progress = Callable[[int, int], None]
"""Told (files, bytes) made so far, on the loop."""

_WORKER = str(Path(tree_worker.__file__))
_SHOWN_SKIPPED = 3

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hive-folders")


class Copied(msgspec.Struct, frozen=True):
    """What came over, and what did not."""

    files: int = 0
    bytes: int = 0
    vanished: int = 0
    """Files that were deleted at the source while they were copied."""
    skipped: int = 0
    """Sockets, pipes and devices: they mean nothing in a copy."""
    examples: tuple[str, ...] = ()
    """Paths of some that were skipped."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it; mostly nothing."""
        notes = []
        if self.skipped:
            more = ", …" if self.skipped > len(self.examples) else ""
            names = ", ".join(self.examples) + more
            notes.append(f"sockets, pipes and devices are left out: {self.skipped} ({names})")
        if self.vanished:
            notes.append(f"deleted in the main checkout meanwhile: {self.vanished}")
        return tuple(notes)


class _StoppedError(Exception):
    """The caller was cancelled."""


class _Stop:
    """Ends the program that copies, from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self.asked = False

    def begin(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            self._process = process
            if self.asked:
                _kill(process)

    def ended(self) -> None:
        with self._lock:
            self._process = None

    def ask(self) -> None:
        with self._lock:
            self.asked = True
            if self._process is not None:
                _kill(self._process)


async def put(
    source: str,
    target: str,
    how: str,
    *,
    replace: bool = False,
    progress: Progress | None = None,
) -> Copied:
    """Build `target` beside its place, then rename it there.

    Args:
        source: Folder, file or link.
        target: Untouched where there is something already.
        how: `copy`, `reflink` or `hardlink`.
        replace: Takes a link that lies at `target` away first.
        progress: Told how far it is.

    Raises:
        HiveError: It could not be made; nothing of it is left.
    """
    loop = asyncio.get_running_loop()
    stop = _Stop()

    def tell(files: int, size: int) -> None:
        if progress is not None:
            loop.call_soon_threadsafe(progress, files, size)

    building = loop.run_in_executor(_pool, _build, source, target, how, replace, stop, tell)

    async def ended() -> None:
        with contextlib.suppress(_StoppedError):
            await building

    try:
        return await asyncio.shield(building)
    except asyncio.CancelledError:
        stop.ask()
        await settle(ended())
        raise
    except OSError as error:
        raise failed(target, error) from error


def failed(target: str, error: OSError) -> HiveError:
    """The error for a folder that cannot be made."""
    about = ""
    if error.filename is not None:
        about = f" at {shown_text(os.fsdecode(error.filename))}"
    hint = "the filesystem cannot do that here: take another `mode`, `auto` finds one"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = "make room on the disk, then `hive warm` tries it again"
    elif error.errno in (errno.EACCES, errno.EPERM):
        hint = "see who owns it and who may read it (`ls -l`), or take another `mode`"
    return HiveError(
        f"{shown_text(target)} cannot be made: {error.strerror or error}{about}",
        hint=hint,
        code="link_failed",
    )


def delete(path: str) -> None:
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


def _build(
    source: str, target: str, how: str, replace: bool, stop: _Stop, tell: Progress
) -> Copied:
    made = make_parents(target)
    folder, name = os.path.split(target)
    mark = f".{name[:40]}.hive-"
    _sweep(folder, mark)
    part = os.path.join(folder, mark + secrets.token_hex(6))
    try:
        copied = _make(source, part, how, stop, tell)
        if replace and os.path.islink(target):
            os.unlink(target)
        if os.path.lexists(target):
            delete(part)
        else:
            os.rename(part, target)
    except BaseException:
        delete(part)
        drop_empty(made)
        raise
    return copied


def _sweep(folder: str, mark: str) -> None:
    """Delete what a daemon that was killed has left half made: nobody else builds here now."""
    for name in os.listdir(folder):
        if name.startswith(mark) and len(name) == len(mark) + 12:
            delete(os.path.join(folder, name))


def _make(source: str, part: str, how: str, stop: _Stop, tell: Progress) -> Copied:
    mode = os.lstat(source).st_mode
    if stat.S_ISDIR(mode):
        if sys.platform == "darwin" and how != "hardlink":
            return clone_by_cp(source, part)
        return _tree(source, part, how, stop, tell)
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(source), part)
        shutil.copystat(source, part, follow_symlinks=False)
    elif stat.S_ISREG(mode):
        put_file(source, part, how)
    else:
        raise OSError(errno.EINVAL, "it is no file, folder or link", source)
    return Copied(files=1)


def put_file(source: str, target: str, how: str) -> None:
    """Make one regular file.

    Raises:
        OSError: The filesystem cannot do that, or something is in the way.
    """
    if how == "reflink" and sys.platform == "darwin":
        clone_by_cp(source, target)
    elif how == "hardlink":
        os.link(source, target, follow_symlinks=False)
    elif how == "reflink" or not _clone(source, target):
        if how == "reflink":
            clone(source, target)
        else:
            shutil.copy2(source, target, follow_symlinks=False)


def _clone(source: str, target: str) -> bool:
    """Share the blocks where the filesystem can; false, and nothing there, where it cannot."""
    try:
        clone(source, target)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
        return False
    return True


def clone(source: str, target: str) -> None:
    """Share the blocks of a file.

    Raises:
        OSError: The filesystem cannot, or the two are on different ones.
    """
    import fcntl

    with open(source, "rb") as old, open(target, "xb") as new:
        fcntl.ioctl(new.fileno(), tree_worker.FICLONE, old.fileno())
    shutil.copystat(source, target)


def clone_by_cp(source: str, target: str) -> Copied:
    """Share the blocks of a whole tree by clonefile(2), which macOS offers through `cp -c`."""
    done = subprocess.run(
        ("cp", "-c", "-R", "-p", source, target), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise OSError(done.stderr.decode(errors="replace").strip())
    return Copied()


def workers() -> int:
    """How many processes copy: as many as there are cores, none where they cannot be fed."""
    return max(2, min(8, os.cpu_count() or 1)) if sys.platform == "linux" else 0


def _tree(source: str, target: str, how: str, stop: _Stop, tell: Progress) -> Copied:
    """Have the worker make a tree, and read what it says.

    Raises:
        OSError: Something could not be made.
    """
    paths = (os.fsencode(path).hex() for path in (source, target))
    argv = (sys.executable, "-I", "-S", _WORKER, how, *paths, str(workers()))
    skipped = 0
    examples: list[str] = []
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        stop.begin(process)
        try:
            for line in process.stdout or ():
                word, *rest = line.split()
                if word == "progress":
                    tell(int(rest[0]), int(rest[1]))
                elif word == "skipped":
                    skipped += 1
                    if len(examples) < _SHOWN_SKIPPED:
                        inner = os.path.relpath(os.fsdecode(bytes.fromhex(rest[0])), source)
                        examples.append(shown_text(inner))
                elif word == "error":
                    number = int(rest[0])
                    path = os.fsdecode(bytes.fromhex(rest[1])) if len(rest) > 1 else source
                    raise OSError(number, os.strerror(number), path)
                elif word == "done":
                    files, size, vanished = map(int, rest)
                    return Copied(files, size, vanished, skipped, tuple(examples))
        finally:
            stop.ended()
            _kill(process)
    if stop.asked:
        raise _StoppedError
    raise OSError(errno.EINTR, "the copying process was killed", source)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill it with its workers; does nothing once it was reaped."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
