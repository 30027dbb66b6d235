"""Writes numbered lines to a log at a steady rate, from a thread, as a service would."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_STEP_S = 0.02
_TEXT = b" \x1b[32mINFO\x1b[0m GET /api/items/4711?sort=price&page=3 200 in 12.3 ms\n"


@contextlib.contextmanager
def writing(log: Path, lines: int) -> Iterator[Callable[[], int]]:
    """Append while the block runs.

    Args:
        log: The file.
        lines: A second.

    Yields:
        What tells the number of the last line that was written.
    """
    ended = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        began = time.monotonic()
        with log.open("ab", buffering=0) as file:
            while not ended.wait(_STEP_S):
                due = int((time.monotonic() - began) * lines)
                file.write(b"".join(b"line%09d" % at + _TEXT for at in range(written, due)))
                written = due

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield lambda: written
    finally:
        ended.set()
        thread.join()
