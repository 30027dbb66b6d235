"""Runs one call of `GitWorktrees` in a process that dies at its n-th git. Asserts nothing.

A stand-in for `git`, first on the child's PATH, counts the calls; at the n-th it kills its parent,
either before git runs or after.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from hive_tui.drivers.worktrees import GitWorktrees
from hive_tui.model.environment import EnvRecord

_STAND_IN = """#!/bin/sh
echo >> "$KILL_COUNT"
if [ "$(wc -l < "$KILL_COUNT")" -eq "$KILL_AT" ]; then
    test "$KILL_WHEN" = before || {real} "$@"
    kill -9 $PPID
    exit 1
fi
exec {real} "$@"
"""


class Call(msgspec.Struct, frozen=True):
    """What the child does."""

    verb: str
    repo: str
    record: EnvRecord
    spare: str | None = None


def run_and_die(call: Call, folder: Path, *, at: int, when: str) -> bool:
    """Run the call, killed at the n-th git from 1 on; False where it ended before that."""
    programs = folder / f"bin-{at}-{when}"
    programs.mkdir()
    stand_in = programs / "git"
    stand_in.write_text(_STAND_IN.format(real=shutil.which("git")))
    stand_in.chmod(0o755)
    done = subprocess.run(
        (sys.executable, "-m", "tests.faults.git.killed"),
        input=msgspec.json.encode(call),
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "KILL_COUNT": str(programs / "count"),
            "KILL_AT": str(at),
            "KILL_WHEN": when,
        },
        check=False,
    )
    assert done.returncode in (0, -9)
    return done.returncode == -9


async def _main() -> None:
    call = msgspec.json.decode(sys.stdin.buffer.read(), type=Call)
    worktrees = GitWorktrees(now=lambda: 1_795_000_000.0)
    env = call.record
    if call.verb == "remove":
        await worktrees.remove(env, call.repo, force=True, keep_branch=False)
    elif call.verb == "restore":
        removed = await worktrees.remove(env, call.repo, force=True, keep_branch=False)
        await worktrees.restore(env, call.repo, removed)
    else:
        await worktrees.add(
            call.repo,
            env.worktree,
            env.branch,
            env.base_commit,
            create=True,
            spare=call.spare,
        )


if __name__ == "__main__":
    asyncio.run(_main())
