"""Everything that can be wrong in a hive.toml, and the whole of what is said about it.

The cases are in `bad_input.txt`: a title after `===`, the file, `---`, the message.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.config.loading import parse
from hive_tui.model.errors import ConfigError


def _cases() -> dict[str, tuple[str, str]]:
    cases = {}
    text = Path(__file__).with_name("bad_input.txt").read_text(encoding="utf-8")
    for case in text.removeprefix("=== ").split("\n=== "):
        title, rest = case.split("\n", 1)
        file, message = rest.split("\n---\n")
        cases[title] = (file, message.rstrip("\n"))
    return cases


_CASES = _cases()


def _message(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, root="/repo/shop")
    assert caught.value.code == "config"
    assert caught.value.exit_status == 2
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize(("text", "message"), _CASES.values(), ids=_CASES)
def test_the_message_says_where_what_and_what_else(text: str, message: str) -> None:
    assert _message(text) == message


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        "[project]\nspares = -1\n\n[tasks.build]\nrun = 3\n\n"
        "[services.api]\nrun = 'x'\nneeds = ['build', 'bild']\nready = {}\n"
    )

    starts = [line.split(": found")[0] for line in _message(text).splitlines()]

    assert starts == [
        "hive.toml:2: key project.spares",
        "hive.toml:5: key tasks.build.run",
        "hive.toml:9: key services.api.needs",
        "hive.toml:10: key services.api.ready",
    ]


def test_lists_that_are_nested_too_deeply_are_a_config_error() -> None:
    assert _message("a = " + "[" * 5000) == "hive.toml: lists or tables are nested too deeply"


def test_of_very_many_problems_the_first_hundred_are_told() -> None:
    lines = _message("\n".join(f"x{number} = 1" for number in range(150))).splitlines()

    assert len(lines) == 101
    assert lines[-1] == "… and 50 more problems"


def test_a_cycle_through_a_thousand_steps_is_found() -> None:
    text = "\n".join(
        f"[tasks.t{number}]\nrun = 'x'\nneeds = ['t{(number + 1) % 1000}']"
        for number in range(1000)
    )

    message = _message(text)
    assert message.startswith("hive.toml:3: key tasks.t0.needs: found the cycle t0 -> t1 -> t2")
    assert "t9 -> (981 more) -> t991" in message
    assert "t999 -> t0; allowed" in message


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"[tasks.t{n}]\nrun = 'x'\nneeds = ['u{n}']\n" for n in range(15_000)),
        "".join(f"[tasks.t{n}]\nrun = 'x'\nneeds = ['t{n}']\n" for n in range(15_000)),
        "[tasks.a]\nrun = '" + "{{" * 300_000 + "'",
        "[tasks.a]\nrun = '{{" + " " * 600_000 + "'",
        "[services.a]\nrun = 'x'\nready = { log = '" + "(" * 600_000 + "' }",
        "x = [" + "[1]," * 100_000 + "]",
    ],
    ids=["unknown needs", "cycles", "braces", "spaces", "brackets", "lists"],
)
def test_a_huge_file_of_problems_gets_a_message_that_can_be_read(text: str) -> None:
    assert len(_message(text)) < 50_000


def test_the_name_of_the_file_can_be_given() -> None:
    with pytest.raises(ConfigError, match=r"^/x/hive\.toml:1: key a: found"):
        parse("a = 1", root="/x", file="/x/hive.toml")


def test_a_number_of_too_many_digits_is_a_config_error() -> None:
    assert _message("a = " + "1" * 5000).startswith("hive.toml: not valid TOML: Exceeds the limit")
