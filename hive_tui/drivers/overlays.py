"""Dependency folders as overlays: the main checkout's below, an upper folder of the env's own.

The upper folders lie in the hive's state, by env. A mount goes with a reboot and is made again over
the same upper folder. The kernel's overlay needs the right to mount; where that is missing,
`fuse-overlayfs` does it, if it is installed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

from hive_tui.drivers.parents import make_parents
from hive_tui.drivers.tree_copy import delete
from hive_tui.model.errors import HiveError, NotAvailableError

_MNT_DETACH = 2
_REMEDY = (
    "run the daemon with the right to mount, install fuse-overlayfs, or take `mode` reflink or copy"
)


class Overlays:
    """The overlays of one home."""

    def __init__(self, folder: Path | None) -> None:
        """Create it.

        Args:
            folder: Where the upper folders lie, by env; `None`: there are none.
        """
        self._folder = folder

    def mount(self, source: str, target: str, owner: str) -> None:
        """Lay the env's own folder over `source` and show both at `target`.

        Raises:
            NotAvailableError: This machine cannot, or may not.
            HiveError: The kernel refused.
        """
        if sys.platform != "linux" or self._folder is None:
            raise NotAvailableError('`mode = "overlay"` needs Linux', hint=_REMEDY)
        if not os.path.isdir(source):
            raise HiveError(
                f"{source} is no folder: only folders can be overlaid",
                hint="take `mode` copy for a file",
                code="link_failed",
            )
        place = self._place(owner, target)
        for name in ("upper", "work"):
            (place / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        (place / "target").write_bytes(os.fsencode(target))
        make_parents(target)
        fresh = not os.path.isdir(target)
        if fresh:
            os.mkdir(target)
        try:
            self._mount(source, place, target)
        except BaseException:
            if fresh:
                os.rmdir(target)
            if not any((place / "upper").iterdir()):
                delete(str(place))
            raise

    def release(self, owner: str, target: str | None = None, *, forget: bool) -> None:
        """Unmount an env's overlays, or the one at `target`; busy ones go when they are let go.

        Args:
            owner: The env.
            target: Only this one.
            forget: Also delete what the env has changed in them.
        """
        if self._folder is None:
            return
        places = [self._place(owner, target)] if target else self._places(owner)
        for place in places:
            try:
                shown = os.fsdecode((place / "target").read_bytes())
            except FileNotFoundError:
                continue
            if mounted(shown):
                _unmount(shown)
            if forget:
                delete(str(place))
        if forget and not self._places(owner):
            delete(str(self._folder / owner))

    def uppers(self, owner: str) -> list[str]:
        """Folders that hold what an env has changed in its overlays."""
        return [str(place / "upper") for place in self._places(owner)]

    def _places(self, owner: str) -> list[Path]:
        folder = (self._folder or Path()) / owner
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _place(self, owner: str, target: str) -> Path:
        import hashlib

        digest = hashlib.sha256(os.fsencode(target)).hexdigest()[:16]
        return (self._folder or Path()) / owner / digest

    def _mount(self, source: str, place: Path, target: str) -> None:
        parts = [(name, str(place / name)) for name in ("upper", "work")]
        options = ",".join(
            (f"lowerdir={_escaped(source)}", *(f"{n}dir={_escaped(path)}" for n, path in parts))
        )
        number = _mount(target, options)
        if number == 0:
            return
        program = shutil.which("fuse-overlayfs")
        if number in (errno.EPERM, errno.EACCES, errno.ENODEV) and program is not None:
            done = subprocess.run(
                (program, "-o", options, target), capture_output=True, text=True, check=False
            )
            if done.returncode == 0 and mounted(target):
                return
            said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise NotAvailableError(f"fuse-overlayfs cannot mount {target}: {said}", hint=_REMEDY)
        if number in (errno.EPERM, errno.EACCES, errno.ENODEV):
            raise NotAvailableError(
                f"{target} cannot be an overlay: {os.strerror(number)}", hint=_REMEDY
            )
        raise HiveError(
            f"{target} cannot be an overlay: {os.strerror(number)}",
            hint="the upper folder (in the hive's state) must be on a filesystem that can carry "
            "one: no overlay, no network; or take `mode` reflink or copy",
            code="link_failed",
        )


def mounted(target: str) -> bool:
    """Whether something is mounted there."""
    return os.path.isdir(target) and not os.path.islink(target) and os.path.ismount(target)


def _escaped(path: str) -> str:
    """A path as an option of the overlay: its own separators are taken as they are."""
    for character in "\\,:":
        path = path.replace(character, "\\" + character)
    return path


def _mount(target: str, options: str) -> int:
    """Mount an overlay; 0 or the number of the error."""
    libc = ctypes.CDLL(None, use_errno=True)
    data = os.fsencode(options)
    if libc.mount(b"overlay", os.fsencode(target), b"overlay", ctypes.c_ulong(0), data) == 0:
        return 0
    return ctypes.get_errno()


def _unmount(target: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    path = os.fsencode(target)
    if libc.umount2(path, 0) == 0 or libc.umount2(path, _MNT_DETACH) == 0:
        return
    number = ctypes.get_errno()
    for program in ("fusermount3", "fusermount"):
        argv = (program, "-u", "-z", target)
        if shutil.which(program) and not subprocess.run(argv, capture_output=True).returncode:
            return
    raise HiveError(
        f"{target} cannot be unmounted: {os.strerror(number)}",
        hint=f"`umount {target}` as the user who mounted it",
        code="unmount_failed",
    )
