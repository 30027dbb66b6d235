"""What the word under the cursor may become."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from hive_tui.cli.completions import complete
from hive_tui.cli.context import Context
from hive_tui.cli.scripts import SCRIPTS
from hive_tui.cli.table import COMMANDS
from tests.unit.cli.conftest import Daemon, Run


@pytest.fixture
def known(daemon: Daemon) -> Daemon:
    words: dict[str, list[str]] = {
        "envs": ["auth", "billing"],
        "services": ["api", "web"],
        "suites": ["unit"],
    }

    def answer(params: dict[str, Any]) -> Any:
        return {"words": words[params["what"]]}

    daemon.answers["complete"] = answer
    return daemon


def ask(daemon: Daemon, *words: str) -> list[str]:
    out = StringIO()
    context = Context(cwd="/w", environ={}, connect=daemon.connect, out=out, err=StringIO())
    assert complete(words, context) == 0
    return out.getvalue().split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["wa"], ["warm"]),
        (["warm", ""], ["auth", "billing"]),
        (["warm", "auth", ""], ["billing"]),
        (["warm", "--no"], ["--no-wait"]),
        (["status", "b"], ["billing"]),
        (["status", "auth", ""], []),
        (["logs", "auth", "-f", ""], ["api", "web", "unit"]),
        (["logs", "auth", "-n", "5", "w"], ["web"]),
        (["test", "auth", ""], ["unit"]),
        (["stop", "auth", "--service", ""], ["api", "web"]),
        (["plan", "auth", "w"], ["warm"]),
        (["daemon", "st"], ["start", "stop", "status"]),
        (["daemon", "stop", ""], []),
        (["completions", "z"], ["zsh"]),
        (["spawn", ""], []),
        (["spawn", "x", "--base", ""], []),
        (["run", "auth", "--", ""], []),
        (["nosuch", ""], []),
    ],
)
def test_words_are_completed(known: Daemon, words: list[str], found: list[str]) -> None:
    assert ask(known, *words) == found


def test_inside_an_env_the_first_word_may_be_a_service(known: Daemon) -> None:
    known.inside = "shop/auth"
    assert ask(known, "restart", "") == ["auth", "billing", "api", "web"]
    assert known.asked("complete")[-1]["env"] == "shop/auth"


def test_without_a_daemon_there_is_silence_and_none_is_started(daemon: Daemon) -> None:
    daemon.running = False
    assert ask(daemon, "warm", "") == []
    assert daemon.calls == []


def test_a_name_with_control_codes_is_never_offered(daemon: Daemon) -> None:
    daemon.answers["complete"] = {"words": ["ok", "a\x1b[2J", "b\nc"]}
    assert ask(daemon, "warm", "") == ["ok"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_knows_every_command_and_option(hive: Run, shell: str) -> None:
    script = hive("completions", shell).out
    assert script.rstrip("\n") == SCRIPTS[shell]().rstrip("\n")
    assert all(command.name in script for command in COMMANDS)
    assert "reuse-branch" in script
    assert hive("completions", shell, "--json").document["shell"] == shell


def test_an_unknown_shell_is_a_usage_error(hive: Run) -> None:
    assert hive("completions", "tcsh").status == 2
