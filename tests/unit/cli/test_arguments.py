"""Command lines: what they ask for, and what a wrong one is told."""

from __future__ import annotations

import pytest

from hive_tui.cli.arguments import HelpAsked, asks_for_json, parse
from hive_tui.cli.table import COMMANDS, Command
from hive_tui.model.errors import UsageError
from tests.unit.cli.conftest import Run


def test_no_words_ask_for_the_dashboard() -> None:
    assert parse([]).command is None


@pytest.mark.parametrize("words", [["--json", "list"], ["list", "--json"]])
def test_json_may_stand_on_either_side_of_the_command(words: list[str]) -> None:
    request = parse(words)
    assert request.json
    assert request.command is not None
    assert request.command.name == "list"


def test_options_may_stand_between_the_words() -> None:
    arguments = parse(["logs", "auth", "-f", "api", "-n", "5", "worker"]).arguments
    assert arguments.words == ["auth", "api", "worker"]
    assert arguments.follow
    assert arguments.lines == 5


def test_everything_after_the_dashes_belongs_to_the_command_that_is_run() -> None:
    request = parse(["run", "auth", "--", "ls", "--json", "-h", "--", "x"])
    assert request.arguments.words == ["auth"]
    assert request.arguments.command == ["ls", "--json", "-h", "--", "x"]
    assert not request.json


def test_json_of_the_command_that_is_run_is_not_ours() -> None:
    assert not asks_for_json(["run", "auth", "--", "ls", "--json"])
    assert asks_for_json(["run", "--json", "auth", "--", "ls"])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["lst"], "did you mean `list`?"),
        (["destory", "auth"], "did you mean `destroy`?"),
        (["list", "--jsn"], "did you mean `--json`?"),
        (["spawn", "x", "--resue-branch"], "did you mean `--reuse-branch`?"),
        (["frobnicate"], "`hive --help` lists the commands"),
    ],
)
def test_a_wrong_word_gets_the_nearest_right_one(words: list[str], hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(words)
    assert raised.value.hint == hint


@pytest.mark.parametrize(
    "words",
    [["spawn"], ["daemon", "jump"], ["logs", "-n", "-3"], ["logs", "-n", "x"], ["--json"]],
)
def test_missing_and_bad_values_are_usage_errors(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(words)


def test_abbreviated_options_are_not_guessed() -> None:
    with pytest.raises(UsageError):
        parse(["destroy", "auth", "--forc"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_explains_itself(command: Command) -> None:
    with pytest.raises(HelpAsked) as raised:
        parse([command.name, "--help"])
    assert f"hive {command.name}" in str(raised.value)
    assert command.example in str(raised.value)


def test_the_overview_names_every_command(hive: Run) -> None:
    ended = hive("--help")
    assert ended.status == 0
    assert all(f"  {command.name} " in ended.out for command in COMMANDS)


def test_a_usage_error_is_a_document_with_json(hive: Run) -> None:
    ended = hive("list", "--json", "--frob")
    assert ended.status == 2
    assert ended.document["error"]["code"] == "usage"
    assert ended.err == ""


def test_a_usage_error_is_text_on_standard_error_without(hive: Run) -> None:
    ended = hive("lst")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "hive: there is no command 'lst'\n      did you mean `list`?\n"


def test_the_dashboard_is_refused_without_a_terminal(hive: Run) -> None:
    ended = hive()
    assert ended.status == 2
    assert "terminal" in ended.err
