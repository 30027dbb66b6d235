"""The completion scripts in the shells that they are for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hive_tui.cli.scripts import SCRIPTS
from tests.integration.cli_offline.conftest import ScriptedDaemon

_CHECK = {"bash": ["-n"], "zsh": ["-n"], "fish": ["--no-execute"]}


def _shell(name: str) -> str:
    """The shell's path; a missing one is a skip here and a failure in CI."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def path(tmp_path: Path, environ: dict[str, str], daemon: ScriptedDaemon) -> dict[str, str]:
    """An environment in which `hive` is on PATH and has names to complete."""
    program = tmp_path / "bin" / "hive"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hive_tui "$@"\n')
    program.chmod(0o755)
    daemon.answers["complete"] = lambda _: {"words": ["auth", "auth two", "$(touch owned)"]}
    return environ | {"PATH": f"{program.parent}:{environ['PATH']}"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_is_valid(name: str, tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(SCRIPTS[name]())
    done = subprocess.run(
        [_shell(name), *_CHECK[name], str(script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["hive", "wa"], ["warm"]),
        (["hive", "spawn", "--re"], ["--reuse-branch"]),
        (["hive", "warm", "a"], ["auth", r"auth\ two"]),
        (["hive", "warm", "$"], [r"\$\(touch\ owned\)"]),
    ],
)
def test_bash_completes_and_expands_nothing(
    path: dict[str, str], tmp_path: Path, words: list[str], found: list[str]
) -> None:
    driver = (
        f'{SCRIPTS["bash"]()}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_hive\n'
        "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(
        [_shell("bash"), "--norc", "-c", driver, "bash", *words],
        cwd=tmp_path,
        env=path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.splitlines(), done.stderr) == (found, "")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("line", "found"),
    [("hive wa", "warm"), ("hive spawn x --re", "--reuse-branch"), ("hive warm au", "auth")],
)
def test_fish_completes(path: dict[str, str], tmp_path: Path, line: str, found: str) -> None:
    driver = f"{SCRIPTS['fish']()}\ncomplete -C '{line}'"
    done = subprocess.run(
        [_shell("fish"), "--no-config", "-c", driver],
        cwd=tmp_path,
        env=path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found in [candidate.split("\t")[0] for candidate in done.stdout.splitlines()]


def test_zsh_completes_names_as_they_are(path: dict[str, str], tmp_path: Path) -> None:
    driver = (
        "compdef() { :; }\n"
        "compadd() { shift; printf '%s\\n' \"$@\"; }\n"
        f"{SCRIPTS['zsh']()}\n"
        'words=("$@"); CURRENT=$#\n_hive\n'
    )
    done = subprocess.run(
        [_shell("zsh"), "-f", "-c", driver, "zsh", "hive", "warm", ""],
        cwd=tmp_path,
        env=path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["auth", "auth two", "$(touch owned)"]
    assert not (tmp_path / "owned").exists()
