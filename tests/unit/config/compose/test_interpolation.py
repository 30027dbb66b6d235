"""`${NAME:-default}` in a compose file."""

from __future__ import annotations

import pytest

from hive_tui.config.compose.interpolation import InterpolationError, Values
from tests.unit.config.compose.files import one, problems, service, took

_KNOWN = {"A": "1", "EMPTY": "", "B": "b"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$A${B}", "1b"),
        ("$$A", "$A"),
        ("${A:-x} ${EMPTY:-x} ${NONE:-x}", "1 x x"),
        ("${A-x} ${EMPTY-x} ${NONE-x}", "1  x"),
        ("${A:+x} ${EMPTY:+x} ${NONE:+x}", "x  "),
        ("${EMPTY+x}", "x"),
        ("${NONE:-${ALSO:-${B}}}", "b"),
        ("${NONE:-a:b-c}", "a:b-c"),
        ("${A?needed}", "1"),
        ("${NONE}", ""),
        ("$A.$B-", "1.b-"),
    ],
)
def test_names_are_filled_in(text: str, filled: str) -> None:
    assert Values(_KNOWN).fill(text) == filled


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${NONE:?set it}", "set it"),
        ("${EMPTY:?}", "required"),
        ("${A", "not closed"),
        ("${A:-", "not closed"),
        ("${}", "no name"),
        ("5 $ each", "write $$"),
        ("${A:-" * 50, "too deeply"),
    ],
)
def test_what_cannot_be_filled_in_says_why(text: str, reason: str) -> None:
    with pytest.raises(InterpolationError, match=reason.replace("$", r"\$")):
        Values(_KNOWN).fill(text)


def test_only_a_default_that_is_used_is_asked_for() -> None:
    values = Values(_KNOWN)
    values.fill("${A:-${NEVER}} ${NONE:-${ALSO}}")

    assert values.missed == {"ALSO"}


def test_a_value_that_is_missing_is_a_note_with_its_line() -> None:
    taken = took(service('user: "1000:${GID}"'))

    assert taken.services["a"]["user"] == "1000:"
    assert str(taken.notes[0]) == (
        "0.yaml:4: key services.a.user: GID has no value and is taken as empty"
    )


def test_a_value_that_is_required_is_a_problem_with_its_line() -> None:
    (problem,) = problems("command: x\nuser: ${WHO:?who are you}")

    assert problem == "0.yaml:5: key services.a.user: WHO has no value: who are you"


def test_values_of_hive_toml_go_before_those_of_the_env_file() -> None:
    more = {".env": "A=file\nB=file\n"}

    assert one("user: $A-$B", known={"A": "{{port.web}}"}, more=more)["user"] == (
        "{{port.web}}-file"
    )


def test_two_braces_would_be_a_template_and_are_refused() -> None:
    (problem,) = problems("command: ps --format '{{.Names}}'")

    assert "services.a.command: found two braces" in problem


def test_what_is_left_out_anyway_is_not_filled_in() -> None:
    assert problems("labels:\n  rule: Host(`${DOMAIN?}`) {{x}}") == []
