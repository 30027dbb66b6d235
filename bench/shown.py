"""The dashboard in a terminal, beside a daemon that only talks; and how late its loop runs."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.terminals import Terminal
from bench.yards import PATIENCE_S, yard
from tests.hives import Yard

SETTLED_S = 2.0
"""After so long a dashboard that was started has come to rest, in seconds."""


@contextlib.contextmanager
def terminal(made: Yard, *argv: str) -> Iterator[Terminal]:
    """A program in a terminal, ended with the block."""
    opened = Terminal(argv, made.environ, made.folder)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def watched(made: Yard) -> Iterator[tuple[Terminal, list[float]]]:
    """The dashboard; after the block the list holds how late its loop ran, in milliseconds.

    The time before it settled is left out, and so is its end: there Textual waits for its threads.
    """
    noted = made.folder / "late"
    late_ms: list[float] = []
    with terminal(made, sys.executable, "-m", "bench.watched", str(noted)) as shown:
        yield shown, late_ms
        left = time.perf_counter()
        shown.leave("\x11")
    began = shown.began + SETTLED_S
    for line in noted.read_text().splitlines():
        at, late_s = map(float, line.split())
        if began < at < left:
            late_ms.append(late_s * 1e3)


@contextlib.contextmanager
def busy(*words: str) -> Iterator[Yard]:
    """A home whose daemon only talks (`bench.busy_daemon`), ended with the block."""
    root = str(Path(__file__).parents[1])
    with yard(PYTHONPATH=root) as made:
        talking = subprocess.Popen(
            (sys.executable, "-m", "bench.busy_daemon", *words),
            env=made.environ,
            cwd=made.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert talking.stdout is not None
            if not talking.stdout.readline():
                raise ChildProcessError("the talking daemon ended")
            yield made
        finally:
            talking.communicate(timeout=PATIENCE_S)
