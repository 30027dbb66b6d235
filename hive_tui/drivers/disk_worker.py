"""Counts what folders take on the disk. A program of its own: a walk of millions of files is long.

Run as `python -I -S disk_worker.py`, with one line of folders in hexadecimal per owner on standard
input. Prints a line per owner, `FILES BYTES OWN`, then `total BYTES`; and on standard error, now
and then, how many files were seen. A file with several names counts once, and so do blocks that
several files share, where the filesystem tells which (FIEMAP).
"""

from __future__ import annotations

import array
import os
import stat
import struct
import sys
import time
from collections.abc import Iterator

_FIEMAP = 0xC020660B
"""`_IOWR('f', 11, struct fiemap)`, from linux/fs.h."""

_HEAD = struct.Struct("=QQLLLL")
_EXTENT = struct.Struct("=QQQQQLLLL")
_EXTENTS = 128
_LAST, _SHARED = 0x1, 0x2000
_UNMAPPED = 0x2 | 0x4 | 0x200
"""Extents whose place on the disk means nothing: unknown, not yet written, in the inode."""

_SHARING = frozenset({"btrfs", "xfs", "bcachefs", "ocfs2"})
_TELL_S = 0.2


class Tally:
    """What the folders of all owners take."""

    def __init__(self) -> None:
        self.total = 0
        self.seen = 0
        self._inodes: set[tuple[int, int]] = set()
        """Files with several names that count in the total already."""
        self._extents: set[tuple[int, int]] = set()
        """Shared blocks that count in the total already, by device and place."""
        self._told_at = time.monotonic()

    def count(self, folders: list[bytes]) -> tuple[int, int, int]:
        """Files, bytes that they take, and bytes that would be free without them."""
        files = size = own = 0
        names: dict[tuple[int, int], list[int]] = {}
        for folder in folders:
            shares = _filesystem(folder) in _SHARING
            for path, info in _walk(folder):
                files += 1
                self._tell()
                taken, key = info.st_blocks * 512, (info.st_dev, info.st_ino)
                several = info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode)
                if several and key in names:
                    names[key][0] += 1
                    continue
                shared, new = self._shared(path, info) if shares else (0, 0)
                shared = min(shared, taken)
                size += taken
                if several:
                    names[key] = [1, info.st_nlink, taken - shared]
                else:
                    own += taken - shared
                if not several or key not in self._inodes:
                    self.total += taken - shared + new
                if several:
                    self._inodes.add(key)
        own += sum(free for seen, links, free in names.values() if seen == links)
        return files, size, own

    def _shared(self, path: bytes, info: os.stat_result) -> tuple[int, int]:
        """Bytes whose blocks other files have too, and those of them that were not yet counted."""
        if not stat.S_ISREG(info.st_mode) or not info.st_blocks:
            return 0, 0
        shared = new = 0
        for place, length in shared_extents(path):
            shared += length
            if (info.st_dev, place) not in self._extents:
                self._extents.add((info.st_dev, place))
                new += length
        return shared, new

    def _tell(self) -> None:
        self.seen += 1
        if self.seen % 256 == 0 and time.monotonic() - self._told_at > _TELL_S:
            self._told_at = time.monotonic()
            sys.stderr.write(f"{self.seen}\n")
            sys.stderr.flush()


def shared_extents(path: bytes) -> Iterator[tuple[int, int]]:
    """Place and length of the parts of a file that others share, in bytes."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    try:
        start, last = 0, False
        while not last:
            head = _HEAD.pack(start, 2**64 - 1 - start, 0, 0, _EXTENTS, 0)
            answer = array.array("B", head + bytes(_EXTENT.size * _EXTENTS))
            fcntl.ioctl(descriptor, _FIEMAP, answer)
            mapped = _HEAD.unpack_from(answer)[3]
            last = mapped == 0
            for index in range(mapped):
                fields = _EXTENT.unpack_from(answer, _HEAD.size + index * _EXTENT.size)
                logical, physical, length, flags = fields[0], fields[1], fields[2], fields[5]
                start, last = logical + length, last or bool(flags & _LAST)
                if flags & _SHARED and not flags & _UNMAPPED:
                    yield physical, length
    except OSError:
        return
    finally:
        os.close(descriptor)


def _walk(top: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    """Everything in a folder and itself, each with its status; other mounts are left out."""
    try:
        first = os.lstat(top)
    except OSError:
        return
    yield top, first
    folders = [top] if stat.S_ISDIR(first.st_mode) else []
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    info = entry.stat(follow_symlinks=False)
                    if info.st_dev == first.st_dev:
                        yield entry.path, info
                        if stat.S_ISDIR(info.st_mode):
                            folders.append(entry.path)
        except OSError:  # gone meanwhile, or not ours to read
            continue


def _filesystem(path: bytes) -> str:
    """Type of the filesystem that a path lies on; "" where that is unknown."""
    found, longest = "", -1
    path = os.path.realpath(path)
    try:
        with open("/proc/self/mounts", "rb") as file:
            for line in file:
                fields = line.split(b" ")
                place = fields[1].decode("unicode_escape").encode("latin-1")
                below = path == place or path.startswith(place.rstrip(b"/") + b"/")
                if below and len(place) >= longest:
                    found, longest = fields[2].decode(), len(place)
    except OSError:
        return ""
    return found


def main() -> None:
    """Count what standard input names."""
    tally = Tally()
    for line in sys.stdin:
        folders = [bytes.fromhex(word) for word in line.split()]
        print(*tally.count(folders))  # noqa: T201 - that is what it is for
    print("total", tally.total)  # noqa: T201


if __name__ == "__main__":
    main()
