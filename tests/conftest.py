"""Fixtures for every test."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest

from tests.hives import Yard
from tests.terminals import Terminal

for _number in (signal.SIGINT, signal.SIGHUP):  # a shell may have begun the tests without them
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler)

hypothesis.settings.register_profile("hive", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("hive")


class OnTerminal(Protocol):
    """Runs `hive` in the yard's repository on a terminal of its own."""

    def __call__(
        self,
        *words: str,
        columns: int = 120,
        rows: int = 36,
        environ: dict[str, str] | None = None,
        controlling: bool = True,
    ) -> Terminal:
        """Start it.

        Args:
            words: After `hive`; none for the dashboard.
            columns: Cells of a row.
            rows: Rows of the terminal.
            environ: Beside the yard's own variables.
            controlling: Whether a hang-up is told.
        """


@pytest.fixture
def yard() -> Iterator[Yard]:
    """A place for a repository and a hive home of the test's own."""
    made = Yard(Path(tempfile.mkdtemp(prefix="hv-")))  # short: a socket's path has to fit
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def on_terminal(yard: Yard) -> Iterator[OnTerminal]:
    """Terminals with commands of the yard; closed afterwards."""
    opened: list[Terminal] = []

    def start(
        *words: str,
        columns: int = 120,
        rows: int = 36,
        environ: dict[str, str] | None = None,
        controlling: bool = True,
    ) -> Terminal:
        terminal = Terminal(
            (sys.executable, "-m", "hive_tui", *words),
            environ={**yard.environ, **(environ or {})},
            controlling=controlling,
            cwd=yard.repo,
            columns=columns,
            rows=rows,
        )
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()
