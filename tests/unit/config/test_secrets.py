"""Secrets come from a file of their own and are shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.config import secrets
from hive_tui.config.loading import parse
from hive_tui.model.errors import ConfigError


def _write(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "secrets.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_file_goes_before_the_environment(tmp_path: Path) -> None:
    path = _write(tmp_path, 'A = "file"\n')

    found = secrets.read(path, {"A": "environment", "B": "environment"})

    assert (found["A"], found["B"], found.get("C")) == ("file", "environment", None)


def test_a_missing_file_has_no_secrets(tmp_path: Path) -> None:
    assert dict(secrets.read(tmp_path / "none.toml", {"A": "a"})) == {"A": "a"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o700])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = _write(tmp_path, 'A = "s3cret"', mode)

    with pytest.raises(ConfigError) as caught:
        secrets.read(path, {})

    assert caught.value.code == "secrets_open"
    assert caught.value.message == f"{path} has mode {mode:04o}; secrets need 0600"
    assert caught.value.hint == f"run: chmod 600 {path}"


@pytest.mark.parametrize(
    "text",
    ['A = "s3cret', 'A = s3cret"', "A = 53", 's3cret"', 'A = ["s3cret"]', "[A]\nb = 's3cret'"],
)
def test_a_broken_file_is_told_without_what_it_holds(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        secrets.read(_write(tmp_path, text), {})

    assert caught.value.code == "secrets"
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint} {caught.value.__cause__}"


def test_printing_secrets_shows_none(tmp_path: Path) -> None:
    found = secrets.read(_write(tmp_path, 'A = "s3cret"'), {})

    assert "s3cret" not in f"{found!r} {found}"


@pytest.mark.parametrize(
    ("text", "values", "masked"),
    [
        ("a token in a line", ["token"], "a ••• in a line"),
        ("longer and long", ["long", "longer"], "••• and •••"),
        ("nothing", ["", "other"], "nothing"),
        ("x first-line-of-key y", ["first-line-of-key\nend"], "x ••• y"),
        ("the end", ["first-line-of-key\nend"], "the end"),
    ],
)
def test_secrets_are_masked(text: str, values: list[str], masked: str) -> None:
    assert secrets.mask(text, values) == masked
    assert secrets.Masker(values)(text.encode()) == masked.encode()


def test_those_that_a_project_names_are_used() -> None:
    project = parse(
        "[env]\nA = { secret = 'ONE' }\nB = 'x'\n"
        "[services.a]\nrun = 'x'\nenv = { C = { secret = 'TWO' } }\n"
        "[tests.t]\nrun = 'x'\nenv = { D = { secret = 'MISSING' } }",
        root="/r",
    )

    assert secrets.used(project, {"ONE": "1", "TWO": "2", "OTHER": "3"}) == ("1", "2")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"token: ", b"token: "),
        (b"token: s", b"token: "),
        (b"token: s3cr3", b"token: "),
        (b"token: s3cr3t", b"token: "),
        (b"token: s3cr3t.", "token: •••.".encode()),
        (b"token: pw-77", "token: •••".encode()),
        (b"token: pw-77p", "token: •••".encode()),
        (b"token: s3cr3t-and", b"token: "),
        (b"token: s3cr3t-and-more", "token: •••".encode()),
        (b"s3cr3t-an or s3x", "•••-an or s3x".encode()),
        (b"", b""),
        (b"-----BEGIN", b""),
    ],
)
def test_of_a_line_that_still_grows_the_beginning_of_a_secret_is_held_back(
    line: bytes, shown: bytes
) -> None:
    masker = secrets.Masker(["pw-77", "s3cr3t", "s3cr3t-and-more", "-----BEGIN KEY\nabcdefgh\n"])
    assert masker.unfinished(line) == shown
