"""What an agent gets to read about its env, and that it stays true while it works."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.agents.conftest import Desk

SERVICE = """
[services.web]
run = "exec sleep 1000"
[services.worker]
run = "exec sleep 1000"
"""


@pytest.fixture
def working(desk: Desk) -> Desk:
    """An agent at work in a warm env with two services."""
    with (desk.yard.repo / "hive.toml").open("a") as file:
        file.write(SERVICE)
    desk.yard.hive("spawn", "auth", "--warm", "--agent", "scripted", "--prompt", "{run:sleep 1000}")
    desk.becomes("auth", "working", "sleep 1000")
    return desk


def skill_file(desk: Desk) -> Path:
    (folder,) = (desk.yard.home / "agents").iterdir()
    return folder / "claude" / "skills" / "hive" / "SKILL.md"


def test_it_is_the_skill_that_the_command_shows_and_the_agent_is_told_where(working: Desk) -> None:
    path = skill_file(working)
    shown = working.yard.hive("skill", "auth").out
    working.yard.until(lambda: path.read_text() == shown, "both say the same")
    window = next(
        line
        for line in working.yard.hive("why", "auth", "agent").out.splitlines()
        if "pid " in line
    )
    pid = int(window.split("pid ")[1].split()[0])
    told = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    assert f"which is the file {path}." in told


def test_it_is_written_again_when_what_is_so_changes(working: Desk) -> None:
    path = skill_file(working)
    working.yard.until(lambda: "| `worker` | ready |" in path.read_text(), "it is up")
    working.yard.hive("stop", "auth", "--service", "worker")
    working.yard.until(lambda: "| `worker` | stopped |" in path.read_text(), "it is down")
    before = os.stat(path).st_mtime_ns
    working.yard.hive("start", "auth", "--service", "worker")
    working.yard.until(lambda: "| `worker` | ready |" in path.read_text(), "it is up again")
    assert os.stat(path).st_mtime_ns > before
