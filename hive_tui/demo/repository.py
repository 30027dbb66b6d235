"""Makes the demo's repository out of a sample project: `main`, and a branch for each scene.

It knows no daemon. Its git sees neither the user's configuration nor hooks.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

from hive_tui.demo.samples import SHOP, Sample
from hive_tui.demo.scenes import Edit
from hive_tui.model.errors import HiveError

_BASE_LINE = "base = 20000 "
_PORTS = range(20000, 32000)
"""Where the demo's ports are: below those that Linux and macOS hand out by themselves."""
_BLOCK = 10
"""As in the sample's hive.toml."""


def make(folder: Path, environ: Mapping[str, str], *, seed: str, sample: Sample = SHOP) -> Path:
    """Make the repository, whole or not at all; one that is there stays as it is.

    Args:
        folder: Holds it, as `shop`; made where it is not there.
        environ: Of the caller, for `PATH` and what replaces the sample's images.
        seed: Decides where the ports are, so that two homes do not meet.
        sample: What it is made of.

    Returns:
        The repository.

    Raises:
        HiveError: git is missing or failed, or the folder cannot be written.
    """
    repo, half = folder / "shop", folder / "shop.half"
    if repo.exists():
        return repo
    try:
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(sample.files, half, ignore=shutil.ignore_patterns("__pycache__", ".data"))
        for name in sample.borrowed:
            shutil.copy(SHOP.files / name, half / name)
        _adapt(
            half / "hive.toml",
            environ,
            free_base(seed, len(sample.scenes) + sample.contained),
            sample,
        )
        _commit_all(half, environ, sample)
        half.rename(repo)
    except OSError as error:
        raise HiveError(
            f"the demo cannot be made in {folder}: {error.strerror or error}",
            hint="make room there or set HIVE_HOME to another folder, then `hive demo` again",
            code="demo_failed",
        ) from None
    return repo


def write(root: Path, edit: Edit) -> None:
    """Apply an edit to the files under a folder.

    Raises:
        ValueError: The old text is not there exactly once.
    """
    path = root / edit.file
    before = path.read_text(encoding="utf-8") if edit.old else ""
    if edit.old and before.count(edit.old) != 1:
        raise ValueError(f"{edit.file} does not hold exactly once: {edit.old!r}")
    after = before.replace(edit.old, edit.new) if edit.old else edit.new
    path.write_text(after, encoding="utf-8")


def free_base(seed: str, blocks: int = len(SHOP.scenes)) -> int:
    """First port for the demo: the same for a seed each time, unless its ports are in use."""
    length = _BLOCK * blocks
    places = len(_PORTS) // length
    first = crc32(seed.encode()) % places
    for step in range(places):
        base = _PORTS.start + (first + step) % places * length
        if all(_bindable(port) for port in range(base, base + length)):
            return base
    return _PORTS.start + first * length


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _adapt(toml: Path, environ: Mapping[str, str], base: int, sample: Sample) -> None:
    """Write ports and images into hive.toml, and where Python is if `python3` does not name it."""
    write(toml.parent, Edit(toml.name, _BASE_LINE, _BASE_LINE.replace("20000", str(base))))
    for variable, usual in sample.images.items():
        if image := environ.get(variable):
            write(
                toml.parent, Edit(toml.name, f'image = "{usual}"', f"image = {json.dumps(image)}")
            )
    if shutil.which("python3", path=environ.get("PATH")) is None:
        text = toml.read_text(encoding="utf-8")
        toml.write_text(text.replace("python3", shlex.quote(sys.executable)), encoding="utf-8")


def _commit_all(repo: Path, environ: Mapping[str, str], sample: Sample) -> None:
    def git(*words: str) -> None:
        _git(repo, environ, *words)

    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all", "--", ".", ":!README.md")
    git("commit", "--quiet", "--message", "Sell what a beekeeper needs")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Say what can be tried here")
    for scene in sample.scenes:
        git("checkout", "--quiet", "-b", scene.name, scene.start)
        for commit in scene.commits:
            for edit in commit.edits:
                write(repo, edit)
            git("add", "--all")
            git("commit", "--quiet", "--message", commit.message)
    git("checkout", "--quiet", "main")


def _git(repo: Path, environ: Mapping[str, str], *words: str) -> None:
    try:
        done = subprocess.run(
            ["git", "-c", "user.name=demo", "-c", "user.email=demo@localhost", *words],
            cwd=repo,
            env={
                "PATH": environ.get("PATH", os.defpath),
                "HOME": str(repo),
                "LC_ALL": "C",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise HiveError(
            "the demo needs git, which is not on PATH",
            hint="install git 2.34 or newer, then `hive demo` again",
            code="no_git",
        ) from None
    if done.returncode:
        raise HiveError(
            f"git {words[0]} failed in {repo}: {done.stderr.strip()}",
            hint="`hive doctor` says whether git is new enough",
            code="demo_failed",
        )
