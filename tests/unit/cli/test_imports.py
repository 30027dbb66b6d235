"""Commands load little: with the daemon's libraries they would start ten times slower."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"textual", "rich", "pygit2", "aiohttp", "aiodocker", "psutil", "asyncio", "watchfiles"}
ALSO_HEAVY = {"msgspec", "dataclasses", "inspect", "typing_extensions", "hypothesis"}

RUN = """
import sys
from io import StringIO
from hive_tui.cli.context import Context
from hive_tui.cli.main import guarded

class Link:
    def call(self, method, params=None, on_event=None):
        return {
            "env": "shop/auth", "rest": [], "envs": ["shop/auth"], "environments": [], "ports": [],
            "transition": "warm", "outcome": "succeeded", "error": None,
            "running": True, "pid": 1, "version": "0", "socket": "/s", "home": "/h",
        }
    def call_raw(self, method, params=None):
        return b"{}"
    def close(self): ...

out = StringIO()
context = Context(cwd="/", environ={}, connect=lambda **_: Link(), out=out, err=out)
guarded(sys.argv[1:], context)
context.home
import hive_tui.client.calls
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["list"],
        ["list", "--json"],
        ["list", "--frob"],
        ["warm", "auth"],
        ["ports"],
        ["logs", "auth"],
        ["daemon", "status"],
        ["completions", "bash"],
    ],
    ids=" ".join,
)
def test_a_simple_command_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    loaded = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=root,
        env={"HIVE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not (HEAVY | ALSO_HEAVY) & set(loaded)
