"""`hive spawn`, whole process, beside plain `git worktree add` of the same tree, in pairs.

The repositories are generated; each pair runs both on the same state of the same repository.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import time
from pathlib import Path

import msgspec
import psutil

from bench.figures import Figure, median, spread
from bench.yards import HIVE, PATIENCE_S, timed_s, yard
from hive_tui.engine.state import Spare
from tests.hives import GIT, Yard

THEME = "spawn: hive spawn / git worktree add"

SMALL, LARGE = 2_000, 50_000
"""Files of the repositories."""

_MEMORY = Path("/dev/shm")
_PER_FOLDER = 50
_LOOK_S = 0.5
_CALM_CPU_S = 0.02
"""What an idle daemon uses at most between two looks."""


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Both sizes, on the disk and, where there is one, on a file system in memory.

    Args:
        quick: Fewer pairs, and the large repository only in memory.
        stack: Closes what has to be closed at the end.
    """
    places: list[tuple[str, Path | None]] = [("disk", None)]
    if os.access(_MEMORY, os.W_OK):
        places.append(("memory", _MEMORY))
    figures: list[Figure] = []
    for name, place in places:
        for spares in (0, 1):
            figures += _pairs(SMALL, spares, 5 if quick else 9, name, place)
    name, place = places[-1] if quick else places[0]
    figures += _pairs(LARGE, 1, 1 if quick else 3, name, place)
    return figures


def _pairs(files: int, spares: int, pairs: int, name: str, place: Path | None) -> list[Figure]:
    how = "with a spare" if spares else "no spare"
    print(f"  {files} files on the {name}, {how}, {pairs} pairs", flush=True)
    hives_s: list[float] = []
    gits_s: list[float] = []
    with yard(place) as made:
        made.make_repo(f"spares = {spares}\n", {"README": "bench\n"})
        _fill(made, files)
        made.hive("spawn", "first")
        for number in range(pairs):
            _rest(made, spares)
            tree = str(made.folder / f"plain{number}")
            add = (*GIT, "worktree", "add", "-q", "-b", f"plain{number}", tree)
            spawn = (HIVE, "spawn", f"env{number}")
            for words, into in ((add, gits_s), (spawn, hives_s))[:: 1 if number % 2 else -1]:
                into.append(timed_s(made, *words))
    ratios = [ours / plain for ours, plain in zip(hives_s, gits_s, strict=True)]
    title = f"{files} files on the {name}, {how}"
    beside = f"hive {median(hives_s):.3f} s, git {median(gits_s):.3f} s"
    if files == LARGE:
        times = [plain / ours for ours, plain in zip(hives_s, gits_s, strict=True)]
        faster = f"{title}: times faster"
        beside = f"{beside}; {spread(times)} pairs"
        return [Figure(THEME, faster, median(times), aim=10, at_least=True, beside=beside)]
    beside = f"{beside}; {spread(ratios)} pairs"
    aim = 1.5 if place is None else None  # in memory git is done before an interpreter has begun
    return [
        Figure(THEME, f"{title}, median", median(ratios), aim=aim, beside=beside),
        Figure(THEME, f"{title}, worst pair", max(ratios), aim=aim),
    ]


def _fill(made: Yard, files: int) -> None:
    """Commit that many files of 0 to 26 KB in folders of some dozens, and check them out.

    Their mean, 13 KB, is that of large code bases: 28 MB in 2,000 files, 650 MB in 50,000.
    """
    parent = made.git("rev-parse", "HEAD").strip()
    lines = ["commit refs/heads/main", "committer b <b@example.invalid> 1700000000 +0000", "data 4"]
    lines += ["fill", f"from {parent}"]
    for index in range(files):
        text = f"# file {index}\n" + f"line of file {index:05}\n" * (index * 37 % 1300)
        path = f"src/p{index // (_PER_FOLDER * 20)}/q{index // _PER_FOLDER % 20}/f{index}.txt"
        lines += [f"M 100644 inline {path}", f"data {len(text)}", text]
    subprocess.run(
        [*GIT, "fast-import", "--quiet"],
        cwd=made.repo,
        input="\n".join(lines).encode() + b"\n",
        check=True,
    )
    made.git("reset", "-q", "--hard", "main")


def _rest(made: Yard, spares: int) -> None:
    """Wait until the spare is there and the daemon does nothing in the background.

    Raises:
        TimeoutError: It is never at rest.
    """
    pid = made.daemon_pid()
    if pid is None:
        raise ChildProcessError("the daemon is gone")
    daemon = psutil.Process(pid)
    deadline = time.monotonic() + PATIENCE_S
    used_s = -1.0
    while time.monotonic() < deadline:
        before_s, used_s = used_s, sum(daemon.cpu_times()[:4])
        calm = not daemon.children() and used_s - before_s < _CALM_CPU_S
        if calm and _ready_spares(made) >= spares:
            os.sync()
            return
        time.sleep(_LOOK_S)
    raise TimeoutError(f"the daemon is not at rest within {PATIENCE_S:g} s")


def _ready_spares(made: Yard) -> int:
    database = made.home / "hive.db"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as store:
        rows = store.execute("SELECT record FROM spares").fetchall()
    return sum(msgspec.json.decode(record, type=Spare).state == "ready" for (record,) in rows)
