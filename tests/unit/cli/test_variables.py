"""`hive env`, and what `hive run` keeps of its caller. Running for real is an integration test."""

from __future__ import annotations

import shlex

from hive_tui.cli.variables import base
from tests.unit.cli.conftest import Daemon, Run

ANSWER = {
    "variables": {"PORT": "10000", "ODD": "a 'b' $(c)\n\x1b[2J", "TOKEN": "s3cret"},
    "secrets": ["TOKEN"],
    "worktree": "/nowhere",
}


def test_env_prints_lines_that_a_shell_reads_back(hive: Run, daemon: Daemon) -> None:
    daemon.answers["environ"] = ANSWER
    words = shlex.split(hive("env", "auth").out)
    assert words[::2] == ["export"] * 3
    assert words[1::2] == ["PORT=10000", "ODD=a 'b' $(c)\n\x1b[2J", "TOKEN=s3cret"]


def test_env_shows_no_secret_on_a_terminal(hive: Run, daemon: Daemon) -> None:
    daemon.answers["environ"] = ANSWER
    for words in (["env", "auth"], ["env", "auth", "--json"]):
        out = hive(*words, terminal=True).out
        assert "s3cret" not in out
        assert "•••" in out
        assert "\x1b" not in out


def test_env_with_json_is_one_document(hive: Run, daemon: Daemon) -> None:
    daemon.answers["environ"] = ANSWER
    assert hive("env", "auth", "--json").document == ANSWER


def test_only_the_base_environment_is_kept() -> None:
    caller = {"PATH": "/bin", "LC_ALL": "C", "HIVE_ENV": "x", "LINES": "5", "PORT": "1", "FOO": ""}
    assert base(caller) == {"PATH": "/bin", "LC_ALL": "C"}


def test_run_needs_a_command_and_an_env(hive: Run, daemon: Daemon) -> None:
    daemon.inside = "shop/auth"
    assert hive("run", "auth").status == 2
    assert hive("run", "nosuch", "--", "ls").status == 3
    assert not daemon.asked("environ")


def test_run_in_a_worktree_that_is_gone_says_so(hive: Run, daemon: Daemon) -> None:
    daemon.answers["environ"] = ANSWER
    ended = hive("run", "auth", "--", "ls")
    assert ended.status == 1
    assert "cannot enter the worktree /nowhere" in ended.err
