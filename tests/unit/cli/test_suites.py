"""`hive test`: counts, failures, exit status."""

from __future__ import annotations

from tests.unit.cli.conftest import Daemon, Run, suite

RED = suite("e2e", "failed", failed=1, passed=40) | {
    "failures": [
        {"name": "test_pay", "message": "assert 1 == 2\nwhere\x1b[2J", "file": "t.py", "line": 12}
    ]
}


def test_green_suites_end_with_nought(hive: Run, daemon: Daemon) -> None:
    green = suite("unit") | {"failures": []}
    daemon.answers["test"] = {"tests": [green], "outcome": "succeeded", "error": None}
    ended = hive("test", "auth", "unit")
    assert (ended.status, ended.out) == (0, "unit ✓ 41, 1 skipped  3.2 s\n")
    assert daemon.asked("test") == [{"env": "shop/auth", "suites": ["unit"], "wait": True}]
    assert hive("test", "auth", "--json").document == {"tests": [green]}


def test_a_red_suite_ends_with_one_and_names_the_tests(hive: Run, daemon: Daemon) -> None:
    daemon.answers["test"] = {"tests": [RED], "outcome": "failed", "error": None}
    ended = hive("test", "auth")
    assert ended.status == 1
    assert ended.out.splitlines() == [
        "e2e ✗ 1/41, 1 skipped  3.2 s",
        "  ✗ test_pay  (t.py:12)",
        "    assert 1 == 2",
        "    where·",
    ]


def test_a_run_that_could_not_happen_says_why(hive: Run, daemon: Daemon) -> None:
    error = {"code": "step_failed", "message": "build failed", "hint": "look", "env": "auth"}
    daemon.answers["test"] = {"tests": [], "outcome": "failed", "error": error | {"status": 1}}
    ended = hive("test", "auth")
    assert (ended.status, ended.err) == (1, "hive: auth: build failed\n      look\n")
    assert hive("test", "auth", "--json").document == {"tests": [], "error": error}


def test_without_waiting_a_suite_that_still_runs_is_no_failure(hive: Run, daemon: Daemon) -> None:
    running = suite("unit", "running") | {"failures": []}
    daemon.answers["test"] = {"tests": [running], "outcome": "failed", "error": None}
    ended = hive("test", "auth", "--no-wait")
    assert ended.status == 0
    assert "unit ◐ running" in ended.out


def test_ctrl_c_leaves_the_tests_running(hive: Run, daemon: Daemon) -> None:
    daemon.answers["test"] = KeyboardInterrupt()
    ended = hive("test", "auth")
    assert ended.status == 130
    assert "go on" in ended.err
