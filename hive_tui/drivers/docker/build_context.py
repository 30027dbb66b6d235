"""The folder that an image is built from: which of its files count, their hash, and their archive.

Follows `.dockerignore` as Docker does: patterns count from the folder itself, the last one that
matches decides, and what a pattern takes in again is in, also below a folder that is left out.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pathspec

from hive_tui.engine.container_protocols import BuildSpec
from hive_tui.model.errors import HiveError

_BLOCK = 1 << 20
_IGNORE = ".dockerignore"


def files(spec: BuildSpec) -> list[str]:
    """Paths relative to the context, in order, of all files and links that the engine gets.

    Raises:
        HiveError: There is no such folder, or no Dockerfile in it.
    """
    root = Path(spec.context)
    if not root.is_dir():
        raise HiveError(
            f"the folder {root} that an image is built from does not exist",
            hint="check `build` in hive.toml",
            code="folder_missing",
        )
    if not (root / spec.dockerfile).is_file():
        raise HiveError(
            f"there is no {spec.dockerfile} in {root}",
            hint="write one, or name it: `build = { context = …, dockerfile = … }`",
            code="no_dockerfile",
        )
    ignored = _ignored(root, spec.dockerfile)
    always = {spec.dockerfile, _IGNORE}
    return sorted(path for path in _walk(root) if path in always or not _matches(ignored, path))


def digest(spec: BuildSpec) -> str:
    """Hash of all that decides how the image comes out, but for the images that it is based on.

    Raises:
        HiveError: As `files`.
    """
    found = hashlib.sha256()
    for word in (spec.dockerfile, spec.target or "", spec.platform or ""):
        found.update(word.encode() + b"\0")
    for name, value in sorted(spec.args.items()):
        found.update(f"{name}={value}\0".encode())
    for path in files(spec):
        full = os.path.join(spec.context, path)
        status = os.lstat(full)
        executable = stat.S_ISREG(status.st_mode) and status.st_mode & 0o111
        found.update(f"\0{path}\0{'x' if executable else '-'}\0".encode())
        if stat.S_ISLNK(status.st_mode):
            found.update(b"->" + os.readlink(os.fsencode(full)))
        else:
            with open(full, "rb") as file:
                while block := file.read(_BLOCK):
                    found.update(block)
    return found.hexdigest()


def archive(spec: BuildSpec, into: IO[bytes]) -> None:
    """Write the context as a tar file. Times and owners are left out: they are not its content.

    Raises:
        HiveError: As `files`.
    """

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = ""
        return info

    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in files(spec):
            tar.add(os.path.join(spec.context, path), path, recursive=False, filter=plain)


def _ignored(root: Path, dockerfile: str) -> pathspec.PathSpec[Any]:
    """What is left out: by `<Dockerfile>.dockerignore` where there is one."""
    lines: list[str] = []
    for name in (f"{dockerfile}{_IGNORE}", _IGNORE):
        try:
            lines = (root / name).read_text(errors="replace").splitlines()
            break
        except OSError:
            continue
    return pathspec.PathSpec.from_lines("gitignore", map(_anchored, lines))


def _matches(ignored: pathspec.PathSpec[Any], path: str) -> bool:
    """Whether the last pattern that matches a path, or a folder that it is in, leaves it out."""
    parts = path.split("/")
    places = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    left_out = False
    for pattern in ignored.patterns:
        if pattern.include is not None and any(map(pattern.match_file, places)):
            left_out = pattern.include
    return left_out


def _anchored(line: str) -> str:
    """A pattern of `.dockerignore` in the words of `.gitignore`, where it counts from the root."""
    text = line.strip()
    if not text or text.startswith("#"):
        return ""
    negated, text = ("!", text[1:].strip()) if text.startswith("!") else ("", text)
    text = os.path.normpath(text.lstrip("/")) if text.strip("/") else ""
    return f"{negated}/{text}" if text not in ("", ".") else ""


def _walk(root: Path) -> Iterator[str]:
    for folder, names, found in os.walk(root):
        relative = os.path.relpath(folder, root)
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        for name in (*found, *links):
            path = name if relative == "." else f"{relative}/{name}"
            mode = os.lstat(os.path.join(folder, name)).st_mode
            if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                yield path
