"""The terminal in other hands for a while: those of the shell before it, or of one of its own."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.hives import alive
from tests.integration.keys.stage import Stage
from tests.terminals import Terminal

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None and not os.environ.get("CI"), reason="bash is not installed"
)


def dashboards(terminal: Terminal) -> list[int]:
    """Pids of the shell's children."""
    pid = terminal.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_brings_the_screen_back(fleet: Stage) -> None:
    terminal = fleet.terminal
    terminal.press("2", "enter")
    terminal.until_match("shop . billing-v2")
    terminal.press("ctrl+z")
    terminal.until_shown("Stopped")
    terminal.press("echo $((6 * 7)) is what the shell says", "enter")
    terminal.until_shown("42 is what the shell says")
    terminal.press("fg", "enter")
    terminal.until_match("shop . billing-v2")
    terminal.press("esc")
    terminal.until_shown("enter open")


def test_a_window_that_was_resized_meanwhile_is_drawn_anew(fleet: Stage) -> None:
    terminal = fleet.terminal
    terminal.press("ctrl+z")
    terminal.until_shown("Stopped")
    terminal.resize(80, 24)
    terminal.press("fg", "enter")
    terminal.until(lambda: "? help" in terminal.rows()[-1], "the keys stand in the last row")
    assert all(len(row) <= 80 for row in terminal.rows())


def test_a_shell_of_an_env_has_its_variables_and_comes_back_to_the_same_screen(
    fleet: Stage,
) -> None:
    terminal = fleet.terminal
    terminal.press("2", "enter")
    terminal.until_match("shop . billing-v2")
    terminal.press("x")
    terminal.until_shown("a shell in billing-v2")
    terminal.press('echo "this is $HIVE_ENV"', "enter")
    terminal.until_shown("this is shop/billing-v2")
    terminal.press("exit", "enter")
    terminal.until_match("shop . billing-v2")


def test_a_shell_that_is_killed_gives_the_terminal_back(fleet: Stage) -> None:
    terminal = fleet.terminal
    terminal.press("x")
    terminal.until_shown("a shell in")
    terminal.press("echo its pid is $$.", "enter")
    terminal.until_match(r"its pid is \d+\.")
    pid = int(terminal.text().rpartition("its pid is ")[2].partition(".")[0])
    os.kill(pid, signal.SIGKILL)
    terminal.until_shown("enter open")
    terminal.press("?")
    terminal.until_shown("keys and marks")


@pytest.mark.parametrize("keys", [(), ("x",)], ids=["on the dashboard", "in a shell"])
def test_a_terminal_that_hangs_up_ends_the_dashboard(fleet: Stage, keys: tuple[str, ...]) -> None:
    terminal = fleet.terminal
    if keys:
        terminal.press(*keys)
        terminal.until_shown("a shell in")
    (dashboard,) = dashboards(terminal)
    terminal.hang_up()
    fleet.yard.until(lambda: not alive(dashboard), "the dashboard has ended")
