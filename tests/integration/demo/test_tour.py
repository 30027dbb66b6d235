"""`hive tour` in a real terminal: the demo is made, real keys lead through it, escape leaves."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hives import Yard


class Terminal:
    """A tmux session of the test's own, on a server of its own."""

    def __init__(self, yard: Yard, size: tuple[int, int]) -> None:
        self._yard = yard
        self._socket = str(yard.folder / "tmux")
        width, height = map(str, size)
        tour = f"{shlex.quote(sys.executable)} -m hive_tui tour; echo ended with $?; exec cat"
        new = ("new-session", "-d", "-x", width, "-y", height, "sh", "-c", tour)
        self._tmux("-f", "/dev/null", *new)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def shows(self, text: str) -> None:
        """Wait until a text stands on the screen."""

        def shown() -> bool:
            now = self.text()
            assert text in now or "ended with" not in now, now
            return text in now

        self._yard.until(shown, f"{text!r} is shown")

    def hides(self, text: str) -> None:
        """Wait until a text is gone."""
        self._yard.until(lambda: text not in self.text(), f"{text!r} is gone")

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def close(self) -> None:
        self._run("kill-server")

    def _tmux(self, *words: str) -> str:
        done = self._run(*words)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["tmux", "-S", self._socket, *words],
            cwd=self._yard.repo,
            env={**self._yard.environ, "TERM": "xterm-256color"},
            capture_output=True,
            text=True,
            timeout=30,
        )


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        if os.environ.get("CI"):
            pytest.fail("tmux is needed")
        pytest.skip("tmux is not installed")
    yard = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
    yard.repo.mkdir()
    shown = Terminal(yard, (100, 30))
    try:
        yield shown
    finally:
        shown.close()
        yard.close()


def test_a_newcomer_is_led_through_the_demo_by_real_keys(terminal: Terminal) -> None:
    terminal.shows("1/20")
    terminal.resize(80, 24)
    for at in range(2, 9):
        terminal.press("Right")
        terminal.shows(f" {at}/20")
    terminal.press("Enter")
    terminal.shows("Press tab:")
    terminal.press("Tab")
    terminal.shows("Press enter")
    terminal.press("Enter")
    terminal.shows("with its last words")
    assert "search.index" in terminal.text()
    terminal.press("Right")
    terminal.shows("Press l ")
    terminal.press("l")
    terminal.shows("Lines as they are written.")
    terminal.press("Right")
    terminal.shows("Press esc:")
    terminal.press("Escape")
    terminal.shows("And esc once more")
    terminal.press("Escape")
    terminal.shows("Press w:")
    terminal.press("w")
    terminal.shows("Press c:")
    terminal.press("c")
    terminal.shows("Press x ")
    terminal.press("x")
    terminal.shows("hive: a shell in cart-cleanup")
    terminal.press("exit", "Enter")
    terminal.shows("D removes an env")
    terminal.press("Escape")
    terminal.hides("/20")
    terminal.press("q")
    terminal.shows("ended with 0")
