"""What git says, made fit for people."""

from __future__ import annotations

import pytest

from hive_tui.drivers.git import clean_environment, failure, last_lines, shown_path
from hive_tui.drivers.programs import Completed


def test_the_last_lines_come_without_control_codes() -> None:
    said = "one\ntwo\nthree\n\x1b[31mfour\x1b[0m\nUpdating 1%\rUpdating 2%\n\n"
    assert last_lines(said) == ("three", "\\x1b[31mfour\\x1b[0m", "Updating 2%")


def test_paths_are_shown_without_control_codes_and_foreign_bytes() -> None:
    assert shown_path("a b/🐝".encode()) == "a b/🐝"
    assert shown_path(b"a\nb\x1b\xff") == "a\\x0ab\\x1b\\xff"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("fatal: not a git repository", "git init"),
        ("fatal: Unable to create '/r/.git/index.lock': File exists.", "lock"),
        ("error: unable to write file x: No space left on device", "disk"),
        ("fatal: detected dubious ownership in repository", "safe.directory"),
    ],
)
def test_known_failures_say_what_to_do(said: str, hint: str) -> None:
    error = failure(Completed(128, b"", said), ("-c", "a=b", "worktree", "add"))
    assert error.message == f"git worktree: {said}"
    assert hint in str(error.hint)


def test_a_silent_failure_names_its_status() -> None:
    assert failure(Completed(-9, b"", ""), ("status",)).message == "git status: exit status -9"


def test_only_the_users_own_git_settings_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/x")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -v")
    monkeypatch.setenv("HIVE_ENV", "auth")
    environment = clean_environment()
    assert "GIT_DIR" not in environment
    assert "HIVE_ENV" not in environment
    assert environment["GIT_SSH_COMMAND"] == "ssh -v"
    assert environment["LC_ALL"] == "C"
