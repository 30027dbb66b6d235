"""Suites that run by themselves when what they watch changes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.hives import Yard

SUITE = """
[tests.unit]
run = "echo run >> ../runs; mkdir -p .data; date +%N > .data/left-behind; test ! -e red.py"
watch = ["**"]
"""


def count(yard: Yard) -> int:
    """How often the suite has run."""
    path = yard.trees / "runs"
    return path.read_text().count("run") if path.exists() else 0


def at_rest(yard: Yard) -> bool:
    """Whether the verdict is about the worktree as it is."""
    suite = yard.env("auth")["tests"][0]
    return suite["state"] in {"passed", "failed"} and not suite["stale"]


def change_until_it_runs(yard: Yard) -> None:
    """Change a file, again and again with a rest between: a fresh checkout is not watched yet."""
    before = count(yard)
    for at in range(6):
        Path(yard.tree("auth"), "a.py").write_text(f"{before} {at}")
        patience = time.monotonic() + 2.0
        while time.monotonic() < patience:
            if count(yard) > before:
                yard.until(lambda: at_rest(yard), "nothing is due any more")
                return
            time.sleep(0.02)
    raise AssertionError("no change ran the suite")


@pytest.fixture
def watched(yard: Yard) -> Yard:
    """The env `auth`, whose suite has run once by itself."""
    yard.make_repo(SUITE)
    yard.hive("spawn", "auth")
    change_until_it_runs(yard)
    return yard


def test_many_changes_at_once_run_it_once_and_what_it_leaves_behind_never(watched: Yard) -> None:
    before = count(watched)
    for at in range(20):
        Path(watched.tree("auth"), f"new{at}.py").write_text("new")
    watched.until(lambda: count(watched) > before and at_rest(watched), "it ran again")
    Path(watched.tree("auth"), ".data", "more").write_text("ignored")
    ran = watched.hive("test", "auth")
    assert "unit" in ran.out
    assert count(watched) == before + 2


def test_a_change_that_breaks_something_shows_red_by_itself(watched: Yard) -> None:
    Path(watched.tree("auth"), "red.py").touch()
    watched.until(lambda: watched.env("auth")["tests"][0]["state"] == "failed", "it is red")
    Path(watched.tree("auth"), "red.py").unlink()
    watched.until(lambda: watched.env("auth")["tests"][0]["state"] == "passed", "it is green")


def test_a_suite_goes_on_being_watched_after_the_daemon_was_killed(watched: Yard) -> None:
    watched.kill_daemon()
    assert watched.names() == ["auth"]
    change_until_it_runs(watched)
