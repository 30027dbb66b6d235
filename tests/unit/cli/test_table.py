"""The command table: complete, and true to the functions that it names."""

from __future__ import annotations

from importlib import import_module

import pytest

from hive_tui.cli.table import BY_NAME, COMMANDS, Command, usage_of

CONTRACT = {
    "init",
    "demo",
    "doctor",
    "spawn",
    "adopt",
    "release",
    "list",
    "status",
    "warm",
    "cool",
    "start",
    "stop",
    "freeze",
    "thaw",
    "restart",
    "destroy",
    "disk",
    "forward",
    "proxy",
    "undo",
    "logs",
    "ports",
    "url",
    "env",
    "run",
    "test",
    "open",
    "send",
    "why",
    "plan",
    "trace",
    "events",
    "daemon",
    "schema",
    "completions",
    "skill",
    "agent",
    "whoami",
    "mcp",
    "snapshot",
    "snapshots",
    "restore",
    "gc",
    "pin",
    "unpin",
    "heal",
    "idle",
    "web",
    "tour",
}


def test_every_command_of_the_contract_is_there_once() -> None:
    assert sorted(command.name for command in COMMANDS) == sorted(CONTRACT)
    assert len(BY_NAME) == len(COMMANDS)


def name_of(command: Command) -> str:
    return command.name


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.name != "demo"], ids=name_of)
def test_every_target_is_a_function(command: Command) -> None:
    module, _, function = command.target.partition(":")
    assert callable(getattr(import_module(f"hive_tui.cli.{module}"), function))


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_every_command_has_help_and_an_example_of_itself(command: Command) -> None:
    assert command.help
    assert not command.help.endswith(".")
    assert f"hive {command.name}" in command.example


def test_usage_shows_positionals_before_options() -> None:
    assert usage_of(BY_NAME["cool"]) == "hive cool [NAME…] [--no-wait]"
    assert usage_of(BY_NAME["daemon"]) == "hive daemon start|stop|status|logs [-n N]"
    assert usage_of(BY_NAME["trace"]) == "hive trace [NAME] [--chrome FILE]"
