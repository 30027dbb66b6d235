"""Whole `hive` processes: streams, signals, exit statuses, and the program that `run` becomes."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli_offline.conftest import HIVE, Hang, Hive, ScriptedDaemon


def _never(params: dict[str, Any]) -> Any:
    raise Hang


def _environ(worktree: Path) -> dict[str, Any]:
    return {
        "variables": {"HIVE_ENV": "auth", "PORT": "10000"},
        "secrets": [],
        "worktree": str(worktree),
    }


def test_list_passes_the_daemons_json_through(hive: Hive, daemon: ScriptedDaemon) -> None:
    daemon.answers["list"] = lambda _: {"environments": []}
    ended = hive("list", "--json")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, '{"environments":[]}\n', "")


def test_status_and_completion_start_no_daemon(hive: Hive, home: Path) -> None:
    assert json.loads(hive("daemon", "status", "--json").stdout)["running"] is False
    completed = hive("__complete", "warm", "")
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "", "")
    assert list(home.iterdir()) == []


def test_help_and_usage_errors_need_no_daemon(hive: Hive, home: Path) -> None:
    assert hive("--help").returncode == 0
    assert hive("--version").stdout.startswith("hive ")
    assert hive("lst").returncode == 2
    assert list(home.iterdir()) == []


def test_run_becomes_the_command_in_the_worktree(
    hive: Hive, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    daemon.answers["environ"] = lambda _: _environ(tmp_path)
    ended = hive("run", "auth", "--", "sh", "-c", "pwd; echo $PORT; exit 7")
    assert ended.returncode == 7
    assert ended.stdout.splitlines() == [str(tmp_path), "10000"]


def test_run_lets_nothing_of_the_caller_leak_in(
    hive: Hive, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    daemon.answers["environ"] = lambda _: _environ(tmp_path)
    ended = hive("run", "auth", "--", "env", LINES="5", COLUMNS="9", HIVE_ENV="other", FOO="x")
    seen = dict(line.split("=", 1) for line in ended.stdout.splitlines())
    assert seen["HIVE_ENV"] == "auth"
    assert set(seen) == {"PATH", "HOME", "LC_ALL", "TERM", "HIVE_HOME", "HIVE_ENV", "PORT"}


def test_run_restores_the_signals_that_the_interpreter_ignores(
    hive: Hive, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    daemon.answers["environ"] = lambda _: _environ(tmp_path)
    ended = hive("run", "auth", "--", "sh", "-c", "kill -PIPE $$; echo survived")
    assert ended.returncode == -signal.SIGPIPE
    assert ended.stdout == ""


@pytest.mark.parametrize(("program", "status"), [("no-such-program", 127), ("./file", 126)])
def test_run_of_what_cannot_run_ends_as_a_shell_would(
    hive: Hive, daemon: ScriptedDaemon, tmp_path: Path, program: str, status: int
) -> None:
    (tmp_path / "file").write_text("x")
    daemon.answers["environ"] = lambda _: _environ(tmp_path)
    ended = hive("run", "auth", "--", program)
    assert ended.returncode == status
    assert program in ended.stderr


@pytest.mark.parametrize("names", [["auth"], ["auth", "billing"]])
def test_ctrl_c_detaches_and_the_process_ends(
    daemon: ScriptedDaemon, environ: dict[str, str], tmp_path: Path, names: list[str]
) -> None:
    daemon.answers["transition"] = _never
    daemon.events["transition"] = [{"kind": "note", "text": "on its way"}]
    with subprocess.Popen(
        [*HIVE, "warm", *names], cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "on its way" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "goes on" in rest
    assert "Traceback" not in rest


def test_a_reader_that_leaves_ends_a_followed_log_quietly(
    daemon: ScriptedDaemon, environ: dict[str, str], tmp_path: Path
) -> None:
    daemon.answers["logs"] = _never
    daemon.events["logs"] = [{"lines": [[0.0, "api", "YQ=="]] * 500}] * 200
    with subprocess.Popen(
        [*HIVE, "logs", "auth", "-f"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


def test_an_ascii_terminal_ends_no_command(hive: Hive, daemon: ScriptedDaemon) -> None:
    daemon.answers["url"] = lambda _: {"url": "http://日本"}
    ended = hive("url", "auth", LC_ALL="POSIX", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stdout) == (0, "http://??\n")


def test_a_daemon_that_goes_away_is_an_error_of_its_own(
    hive: Hive, daemon: ScriptedDaemon, environ: dict[str, str]
) -> None:
    def die(params: dict[str, Any]) -> Any:
        raise OSError

    daemon.answers["list"] = die
    ended = hive("list", "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["error"]["code"] == "disconnected"
