"""What a command loads before it has done anything: it is paid on every call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = (
    "asyncio",
    "dataclasses",
    "hashlib",
    "inspect",
    "logging",
    "msgspec",
    "pygit2",
    "rich",
    "sqlite3",
    "subprocess",
    "textual",
)


def test_calling_the_daemon_loads_nothing_heavy() -> None:
    code = f"import sys, hive_tui.client.calls; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"
