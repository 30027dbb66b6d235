"""Copies a tree with several processes. A program of its own, so that no lock of ours is held.

Run as `python -I -S tree_worker.py HOW SOURCE TARGET WORKERS`, with paths in hexadecimal; it
imports little and starts in a few milliseconds. It tells how far it is on standard output, one line
each (`progress FILES BYTES`, `skipped PATH`, `error ERRNO PATH`, `done FILES BYTES VANISHED`), and
ends when nobody reads that any more. It keeps no list of files: its memory does not grow with the
tree.

It deletes nothing and leaves what it made where it fails: the caller takes that away.
"""

from __future__ import annotations

import errno
import mmap
import os
import select
import socket
import stat
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

FICLONE = 0x40049409
"""`_IOW(0x94, 9, int)`, from linux/fs.h: share the blocks of another file."""

_SMALL_BYTES = 64 * 1024
"""Up to here one read and one write are the fastest copy."""

_CHUNK_BYTES = 8 * 1024 * 1024
_BATCH_NAMES = 64
_BATCH_BYTES = 32 * 1024
_TELL_S = 0.1
_REGION_BYTES = 8192
"""Of each worker's shared memory: its counts, and the error that it ended with."""

_COUNTS = struct.Struct("=QQQ")
_ERROR = struct.Struct("=II")
_ERROR_AT = 64

_NOT_HERE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a kernel says that cannot copy within itself between two files."""

Put = Callable[[bytes, int, int, "Counts"], None]
"""Makes one regular file: (name, folder that has it, folder that gets it, counts)."""


class Counts:
    """How far one process is, where all of them can see it."""

    def __init__(self, memory: mmap.mmap, index: int) -> None:
        """Take one worker's region of the shared memory."""
        self._memory = memory
        self._at = index * _REGION_BYTES
        self.files = self.bytes = self.vanished = 0

    def tell(self) -> None:
        """Show the counts as they are."""
        _COUNTS.pack_into(self._memory, self._at, self.files, self.bytes, self.vanished)

    def fail(self, number: int, path: bytes) -> None:
        """Show what went wrong."""
        path = path[: _REGION_BYTES - _ERROR_AT - _ERROR.size]
        at = self._at + _ERROR_AT
        self._memory[at + _ERROR.size : at + _ERROR.size + len(path)] = path
        _ERROR.pack_into(self._memory, at, number, len(path))


def copy_file(name: bytes, source: int, target: int, counts: Counts) -> None:
    """Copy content, mode, times and extended attributes of one file; holes stay holes."""
    with _Pair(name, source, target) as pair:
        if pair.info.st_size <= _SMALL_BYTES and pair.info.st_blocks:
            left = memoryview(os.read(pair.old, _SMALL_BYTES + 1))
            if len(left) > _SMALL_BYTES:  # it has grown since it was looked at
                os.lseek(pair.old, 0, os.SEEK_SET)
                _copy_content(pair, counts)
            else:
                counts.bytes += len(left)
                while left:
                    left = left[os.write(pair.new, left) :]
        elif pair.info.st_size:
            _copy_content(pair, counts)
        pair.finish()


def clone_file(name: bytes, source: int, target: int, counts: Counts) -> None:
    """Share the blocks of one file.

    Raises:
        OSError: The filesystem cannot, or the two are on different ones.
    """
    import fcntl

    with _Pair(name, source, target) as pair:
        if pair.info.st_size:
            fcntl.ioctl(pair.new, FICLONE, pair.old)
            counts.bytes += pair.info.st_size
        pair.finish()


def link_file(name: bytes, source: int, target: int, counts: Counts) -> None:
    """Give one file a second name."""
    os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)


PUTS: dict[str, Put] = {"copy": copy_file, "reflink": clone_file, "hardlink": link_file}


class _Pair:
    """A regular file that is open, and the new one that it is copied to."""

    def __init__(self, name: bytes, source: int, target: int) -> None:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self.old = os.open(name, flags, dir_fd=source)
        try:
            self.info = os.fstat(self.old)
            if not stat.S_ISREG(self.info.st_mode):
                raise FileNotFoundError(errno.ENOENT, "is no file any more")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self.new = os.open(name, flags, self.info.st_mode & 0o777, dir_fd=target)
        except BaseException:
            os.close(self.old)
            raise

    def __enter__(self) -> _Pair:
        return self

    def __exit__(self, *_exc: object) -> None:
        os.close(self.old)
        os.close(self.new)

    def finish(self) -> None:
        """Give the new file what is not content."""
        _copy_stat(self.info, self.old, self.new)


def _copy_stat(info: os.stat_result, old: int, new: int, *, mode: bool = False) -> None:
    """Owner (as far as we may), extended attributes, times, and the mode bits that are missing."""
    if os.geteuid() == 0 and (info.st_uid or info.st_gid):
        os.fchown(new, info.st_uid, info.st_gid)
    if sys.platform == "linux":
        with suppress(OSError):
            for name in os.listxattr(old):
                os.setxattr(new, name, os.getxattr(old, name))
    if mode or info.st_mode & 0o7000:
        os.fchmod(new, stat.S_IMODE(info.st_mode))
    os.utime(new, ns=(info.st_atime_ns, info.st_mtime_ns))


def _copy_content(pair: _Pair, counts: Counts) -> None:
    """Copy what is no hole, in chunks, within the kernel where that can."""
    end = pair.info.st_size
    sparse = pair.info.st_blocks * 512 < end
    at = 0
    while at < end:
        start, stop = _data(pair.old, at, end) if sparse else (at, end)
        if start >= end:
            break
        os.lseek(pair.old, start, os.SEEK_SET)
        os.lseek(pair.new, start, os.SEEK_SET)
        if not _copy_range(pair.old, pair.new, stop - start, counts):
            break  # it has been cut off meanwhile
        at = stop
    if sparse:
        os.ftruncate(pair.new, end)


def _data(descriptor: int, at: int, end: int) -> tuple[int, int]:
    """The next part that is no hole; (end, end) where there is none."""
    try:
        start = os.lseek(descriptor, at, os.SEEK_DATA)
        return start, min(end, os.lseek(descriptor, start, os.SEEK_HOLE))
    except OSError as error:
        return (end, end) if error.errno == errno.ENXIO else (at, end)


def _copy_range(old: int, new: int, length: int, counts: Counts) -> bool:
    """Copy from the two positions on; false where the file ended before."""
    inside = hasattr(os, "copy_file_range")
    while length > 0:
        size = min(length, _CHUNK_BYTES)
        if inside:
            try:
                done = os.copy_file_range(old, new, size)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                inside = False
                continue
        else:
            left = memoryview(os.read(old, min(size, 1024 * 1024)))
            done = len(left)
            while left:
                left = left[os.write(new, left) :]
        if not done:
            return False
        length -= done
        counts.bytes += done
        counts.tell()
    return True


def _copy_link(name: bytes, source: int, target: int) -> None:
    info = os.stat(name, dir_fd=source, follow_symlinks=False)
    os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
    if os.geteuid() == 0 and (info.st_uid or info.st_gid):
        os.chown(name, info.st_uid, info.st_gid, dir_fd=target, follow_symlinks=False)
    times = (info.st_atime_ns, info.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)


# --- a worker -----------------------------------------------------------------------------------


def do_batch(batch: bytes, put: Put, counts: Counts) -> None:
    """Make the files and links of one folder that a batch names.

    Raises:
        OSError: Its `filename` is the whole path of what could not be made.
    """
    source, target, *entries = batch.split(b"\0")
    folder = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    old = os.open(source, folder)
    new = os.open(target, folder)
    name = b""
    try:
        for entry in entries:
            name = entry[1:]
            try:
                if entry[:1] == b"l":
                    _copy_link(name, old, new)
                else:
                    put(name, old, new, counts)
            except FileNotFoundError:  # the main checkout lives on while it is copied
                counts.vanished += 1
                continue
            counts.files += 1
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.path.join(source, name)) from error
    finally:
        os.close(old)
        os.close(new)
    counts.tell()


def _work(batches: socket.socket, put: Put, counts: Counts) -> int:
    try:
        while batch := batches.recv(_BATCH_BYTES * 4):
            do_batch(batch, put, counts)
    except OSError as error:
        counts.tell()
        counts.fail(error.errno or errno.EIO, os.fsencode(error.filename or b""))
        return 1
    return 0


# --- the one that walks -------------------------------------------------------------------------


class _Crew:
    """The workers, and what is known of how far they are."""

    def __init__(self, put: Put, workers: int) -> None:
        """Start them; with none everything is done here."""
        self._put = put
        self._memory = mmap.mmap(-1, _REGION_BYTES * max(1, workers))
        self._own = Counts(self._memory, 0)
        self._size = max(1, workers)
        self._told_at = 0.0
        self._pids: list[int] = []
        self._out: socket.socket | None = None
        if not workers:
            return
        self._out, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._over, gone = os.pipe()
        for index in range(workers):
            pid = os.fork()
            if pid == 0:
                self._out.close()
                os.close(self._over)
                os._exit(_work(inside, put, Counts(self._memory, index)))
            self._pids.append(pid)
        inside.close()
        os.close(gone)
        self._out.settimeout(_TELL_S)

    def give(self, batch: bytes) -> None:
        """Have a batch done; waits while all workers are busy.

        Raises:
            OSError: Something could not be made.
        """
        if self._out is None:
            do_batch(batch, self._put, self._own)
        else:
            while True:
                try:
                    self._out.send(batch)
                    break
                except TimeoutError:
                    self.tell(0.0)
                except OSError:
                    self.check()
                    raise
        self.tell(_TELL_S)

    def finish(self) -> None:
        """Wait for the workers' ends.

        Raises:
            OSError: Something could not be made.
        """
        if self._out is not None:
            self._out.close()
            while not select.select([self._over], [], [], _TELL_S)[0]:
                self.tell(0.0)
            ended = [os.waitpid(pid, 0)[1] for pid in self._pids]
            self.check()
            if any(ended):
                raise OSError(errno.EINTR, "a copying process was killed")
        self.check()

    def check(self) -> None:
        """Raise what a worker has failed with."""
        for index in range(self._size):
            at = index * _REGION_BYTES + _ERROR_AT
            number, length = _ERROR.unpack_from(self._memory, at)
            if number:
                path = self._memory[at + _ERROR.size : at + _ERROR.size + length]
                raise OSError(number, os.strerror(number), path)

    def counts(self) -> tuple[int, int, int]:
        """Files, bytes and vanished entries of all."""
        rows = (_COUNTS.unpack_from(self._memory, i * _REGION_BYTES) for i in range(self._size))
        files, size, vanished = zip(*rows, strict=True)
        return sum(files), sum(size), sum(vanished)

    def tell(self, every_s: float) -> None:
        """Say how far all are, unless that was said just now; notice a worker that failed."""
        now = time.monotonic()
        if now - self._told_at >= every_s:
            self._told_at = now
            self.check()
            files, size, _ = self.counts()
            say(f"progress {files} {size}")


def copy_tree(how: str, source: bytes, target: bytes, workers: int) -> tuple[int, int, int]:
    """Make `target`, which must not exist, out of the folder `source`.

    Returns:
        Files and links made, bytes, and entries that vanished while they were copied.

    Raises:
        OSError: Something could not be made; what was made so far is left there.
    """
    os.umask(0)  # modes are what they are at the source
    crew = _Crew(PUTS[how], workers)
    os.mkdir(target, 0o700)
    stack = [(source, target, os.scandir(source))]
    while stack:
        folder, copy, entries = stack[-1]
        deeper = _files(folder, copy, entries, crew)
        if deeper is None:
            stack.pop()
        else:
            inner = os.path.join(folder, deeper), os.path.join(copy, deeper)
            try:
                listing = os.scandir(inner[0])
            except FileNotFoundError:
                continue
            os.mkdir(inner[1], 0o700)
            stack.append((*inner, listing))
    crew.finish()
    _finish_folders(source, target)
    return crew.counts()


def _files(
    folder: bytes, copy: bytes, entries: Iterator[os.DirEntry[bytes]], crew: _Crew
) -> bytes | None:
    """Have the files copied up to the next folder; its name, or `None` at the end."""
    head = folder + b"\0" + copy
    batch: list[bytes] = []
    size = len(head)
    deeper = None
    for entry in entries:
        if entry.is_symlink():
            batch.append(b"l" + entry.name)
        elif entry.is_dir(follow_symlinks=False):
            deeper = entry.name
            break
        elif entry.is_file(follow_symlinks=False):
            batch.append(b"f" + entry.name)
        else:
            say(f"skipped {entry.path.hex()}")
            continue
        size += len(entry.name) + 2
        if len(batch) == _BATCH_NAMES or size > _BATCH_BYTES:
            crew.give(b"\0".join((head, *batch)))
            batch, size = [], len(head)
    if batch:
        crew.give(b"\0".join((head, *batch)))
    return deeper


def _finish_folders(source: bytes, target: bytes) -> None:
    """Give every folder its mode and times, inner ones first: nothing is put into them any more."""
    stack = [(source, target, os.scandir(target))]
    while stack:
        old, new, entries = stack[-1]
        inner = next((e.name for e in entries if e.is_dir(follow_symlinks=False)), None)
        if inner is not None:
            below = os.path.join(new, inner)
            stack.append((os.path.join(old, inner), below, os.scandir(below)))
            continue
        stack.pop()
        with suppress(FileNotFoundError):
            _finish_folder(old, new)


def _finish_folder(old: bytes, new: bytes) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    source, target = os.open(old, flags), os.open(new, flags)
    try:
        _copy_stat(os.fstat(source), source, target, mode=True)
    finally:
        os.close(source)
        os.close(target)


def say(line: str) -> None:
    """One line for whoever started us."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(argv: list[str]) -> int:
    """Do what the command line says; 1 where something could not be made."""
    how, source, target, workers = argv
    try:
        done = copy_tree(how, bytes.fromhex(source), bytes.fromhex(target), int(workers))
    except BrokenPipeError:
        return 1
    except OSError as error:
        say(f"error {error.errno or errno.EIO} {os.fsencode(error.filename or b'').hex()}")
        return 1
    say("done {} {} {}".format(*done))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
