"""The walk-through of the docs, walked: every step of the page in a real terminal, in order."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hives import Yard
from tests.integration.walk.pages import PAGE, Step, parts, steps
from tests.terminals import Terminal

WALK = steps(PAGE.read_text("utf-8"))

needs_hive = pytest.mark.skipif(
    not (Path(sys.executable).parent / "hive").exists() and not os.environ.get("CI"),
    reason="`hive` is not installed beside this Python",
)
needs_bash = pytest.mark.skipif(
    shutil.which("bash") is None and not os.environ.get("CI"), reason="bash is not installed"
)


@pytest.fixture
def walker() -> Iterator[Yard]:
    """A home without anything in it, and `hive` on the path as `make setup` leaves it."""
    made = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
    made.repo.mkdir()
    made.extra = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SHELL": "/bin/sh",
        "PS1": "$ ",
    }
    try:
        yield made
    finally:
        made.close()


def test_every_step_has_keys_and_words_and_every_part_has_steps() -> None:
    assert all(step.keys and (step.words or step.gone) for step in WALK)
    assert {step.part for step in WALK} == set(parts(PAGE.read_text("utf-8")))


def test_no_key_follows_escape_in_one_step() -> None:
    # a terminal could not tell the two from one key with alt
    assert all("esc" not in step.keys[:-1] for step in WALK)


def walk(terminal: Terminal, step: Step) -> None:
    """Press the keys of a step, and see what it says; none of it was so before."""
    seen = terminal.text()
    new = [word for word in step.words if word not in seen]
    assert new or step.gone, f"is there already\n{seen}"
    assert all(word in seen for word in step.gone), f"is not there before\n{seen}"
    terminal.press(*step.keys)
    terminal.until_shown(*step.words)
    for word in step.gone:
        terminal.until_gone(word)


@needs_hive
@needs_bash
@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_step_shows_what_the_page_says(walker: Yard, size: tuple[int, int]) -> None:
    terminal = Terminal(
        ["bash", "--norc", "--noprofile", "-i"],
        environ=walker.environ,
        cwd=walker.folder,
        columns=size[0],
        rows=size[1],
    )
    try:
        terminal.until_shown("$")
        for step in WALK:
            try:
                walk(terminal, step)
            except AssertionError as error:
                raise AssertionError(f"{step}\n{error}") from None
        terminal.press("exit", "enter")
        assert terminal.ended() == 0
    finally:
        terminal.close()
    assert walker.runs() == {}
