"""Values of templates go through a real shell byte for byte, whatever stands around them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_tui.config.templates import shell

_VALUES = st.text(
    st.one_of(
        st.sampled_from("'\"`$\\(){}<>|&;*?[]!#~ \n\t=ab0"),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    max_size=30,
).filter(lambda value: len(value.encode()) < 1000)

_CONTEXTS = [
    "printf %s {{branch}}",
    'printf %s "{{branch}}"',
    "printf %s '{{branch}}'",
    "printf %s \\{{branch}}",
    'printf %s "$(printf %s {{branch}})"',
    "printf %s \"$(printf %s '{{branch}}')\"",
    'printf %s "$(printf %s "{{branch}}")"',
    "printf %s \"`printf '%s' {{branch}}`\"",
    "printf %s it\\'s >/dev/null; printf %s {{branch}}",
    "printf %s \"it's\" >/dev/null; printf %s '{{branch}}'",
    "true # don't\nprintf %s {{branch}}",
    'x={{branch}}; printf %s "$x"',
    "printf %s $(echo a | tr -d 'a\n') {{branch}}",
]


def _run(text: str, value: str, cwd: Path | None = None) -> bytes:
    script, variables = shell(text, {"branch": value})
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"PATH": os.environ["PATH"], **variables},
        cwd=cwd,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("text", _CONTEXTS)
@given(value=_VALUES)
@settings(max_examples=25)
def test_a_value_arrives_byte_for_byte(text: str, value: str) -> None:
    # A command substitution drops trailing newlines: that is the shell's, not the value's.
    if "$(printf" in text or "`printf" in text:
        value = value.rstrip("\n")

    assert _run(text, value) == os.fsencode(value)


@pytest.mark.parametrize("text", _CONTEXTS)
@pytest.mark.parametrize(
    "value",
    [
        "$(touch owned)",
        "`touch owned`",
        "'; touch owned; '",
        '"; touch owned; "',
        "\ntouch owned\n",
        "'\"'\"'; touch owned #",
        "& touch owned",
        "${IFS+$(touch owned)}",
    ],
)
def test_a_value_is_never_executed(text: str, value: str, tmp_path: Path) -> None:
    _run(text, value, tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("printf %s ${{branch}}", b"$a b"),
        ('printf %s "${{branch}}"', b"$a b"),
        ('printf %s "\\{{branch}}"', b"\\a b"),
        ("printf '%s,' x{{branch}}y '{{branch}}'", b"xa by,a b,"),
        ("printf %s '' # {{branch}}", b""),
    ],
)
def test_what_stands_before_a_value_stays_literal(text: str, output: bytes) -> None:
    assert _run(text, "a b") == output
