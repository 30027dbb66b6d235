"""Dependency folders: copies beside `cp -a`, and `hive spawn` with a large one by each mode.

The folders are generated. A filesystem that shares blocks is made in a file where that is allowed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, median, spread
from bench.yards import HIVE, timed_s, yard
from hive_tui.drivers import tree_copy, tree_worker
from tests.filesystems import UnavailableError, filesystem

THEME = "links: dependency folders"

SMALL_FILES = 20_000
"""Of 0 to 4 KB, in folders of ten."""

LARGE_FILES, LARGE_BYTES = 12_000, 300_000_000
"""A `node_modules` of the size that web projects have."""

_MEMORY = Path("/dev/shm")


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Copies, clones and spawns.

    Args:
        quick: Fewer rounds.
        stack: Closes what has to be closed at the end.
    """
    rounds = 3 if quick else 9
    figures: list[Figure] = []
    for name, place in (("memory", _MEMORY), ("disk", None)):
        if place is None or os.access(place, os.W_OK):
            folder = Path(tempfile.mkdtemp(prefix="hive-bench-", dir=place))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            figures.append(_beside_cp("copy", ("cp", "-a"), folder, name, rounds))
    figures += _spawns("disk", None, ("symlink", "copy", "hardlink", "overlay"))
    scratch = Path(tempfile.mkdtemp(prefix="hive-bench-"))
    stack.callback(shutil.rmtree, scratch, ignore_errors=True)
    for kind in ("xfs", "btrfs"):
        try:
            with filesystem(kind, scratch, size=1_500_000_000) as place:
                clone = ("cp", "-a", "--reflink=always")
                figures.append(_beside_cp("reflink", clone, place, kind, rounds))
                figures += _spawns(kind, place, ("auto", "copy"))
        except UnavailableError as why:
            print(f"  {kind} is left out: {why}", flush=True)
    return figures


def _beside_cp(how: str, cp: tuple[str, ...], place: Path, name: str, rounds: int) -> Figure:
    """Our copy of many small files beside cp's, in turns."""
    print(f"  {how} of {SMALL_FILES} files on {name}, {rounds} rounds", flush=True)
    source, target = place / "source", place / "target"
    fill(source, SMALL_FILES, SMALL_FILES * 2000)
    paths = (os.fsencode(path).hex() for path in (source, target))
    worker = (sys.executable, "-I", "-S", tree_worker.__file__, how, *paths)
    ours_s: list[float] = []
    theirs_s: list[float] = []
    turns = (
        ((*worker, str(tree_copy.workers())), ours_s),
        ((*cp, str(source), str(target)), theirs_s),
    )
    for number in range(rounds):
        for argv, into in turns[:: 1 if number % 2 else -1]:
            os.sync()
            into.append(_timed(argv))
            shutil.rmtree(target)
    shutil.rmtree(source)
    ratios = [ours / theirs for ours, theirs in zip(ours_s, theirs_s, strict=True)]
    beside = f"ours {median(ours_s):.2f} s, cp {median(theirs_s):.2f} s; {spread(ratios)} rounds"
    title = f"{how} of {SMALL_FILES} files / {' '.join(cp)}, {name}"
    return Figure(THEME, title, median(ratios), aim=1.0, beside=beside)


def _spawns(name: str, place: Path | None, modes: tuple[str, ...]) -> list[Figure]:
    """`hive spawn`, whole process, with a large folder by each mode."""
    figures = []
    for mode in modes:
        print(f"  spawn with 300 MB by {mode} on {name}", flush=True)
        with yard(place) as made:
            made.make_repo(f'[[link]]\npath = "node_modules"\nmode = "{mode}"\n', {"README": "x"})
            made.write(".gitignore", ".data/\nnode_modules\n")
            made.commit("ignore")
            fill(made.repo / "node_modules", LARGE_FILES, LARGE_BYTES)
            os.sync()
            made.hive("list")
            try:
                took_s = timed_s(made, HIVE, "spawn", "auth")
            except subprocess.CalledProcessError as error:
                print(f"    left out: {error.stderr.decode().strip()}", flush=True)
                continue
            used = made.hive("disk", "auth", "--json").json["environments"][0]
            own = f"{used['own_bytes'] / 1e6:.0f} MB of its own"
            made.hive("destroy", "auth", "--force")
        title = f"hive spawn with 300 MB by {mode}, {name}"
        figures.append(Figure(THEME, title, took_s, "s", beside=own))
    return figures


def fill(folder: Path, files: int, size: int) -> None:
    """Make files in folders of ten; their sizes differ and add up to about `size`."""
    mean = size // files
    for number in range(files):
        inner = folder / f"p{number // 200}" / f"q{number // 10 % 20}"
        if number % 10 == 0:
            inner.mkdir(parents=True, exist_ok=True)
        (inner / f"f{number}.js").write_bytes(b"x" * (number * 37 % (2 * mean)))


def _timed(argv: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
