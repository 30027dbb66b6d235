"""Tells in its log which files of the catalog change, until it is asked to end."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from shop.output import speak

FLAG = Path(".data/watching")
"""Exists while the watcher runs: its environment waits for it."""
PAUSE_S = 1.0


def stamps() -> dict[str, int]:
    """Each file of the catalog with the time of its last change."""
    return {str(file): file.stat().st_mtime_ns for file in Path("catalog").iterdir()}


def watch() -> None:
    """Go on until SIGTERM."""
    log = speak()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    known = stamps()
    FLAG.parent.mkdir(exist_ok=True)
    FLAG.touch()
    try:
        log.info("watching %d files", len(known))
        while True:
            time.sleep(PAUSE_S)
            before, known = known, stamps()
            for file, _ in sorted(set(before.items()) ^ set(known.items())):
                log.info("%s changed", file)
    finally:
        FLAG.unlink()


if __name__ == "__main__":
    watch()
