"""A dashboard that is put aside, ended by signals, or loses its terminal with a shell open."""

from __future__ import annotations

import os
import shutil
import signal
import sys

import psutil
import pytest

from tests.conftest import OnTerminal
from tests.hives import Yard
from tests.terminals import Terminal


def processes_of(session: int) -> list[int]:
    """Pids of what lives in a session."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def test_put_aside_and_brought_back_it_shows_what_happened_meanwhile(hive: Yard) -> None:
    bash = shutil.which("bash")
    if bash is None:
        if os.environ.get("CI") == "true":
            pytest.fail("bash is missing")
        pytest.skip("bash is not here: nothing else has job control for sure")
    terminal = Terminal(
        (bash, "--norc", "--noprofile", "-i"),
        environ={**hive.environ, "PS1": "at-the-shell$ "},
        cwd=hive.repo,
    )
    try:
        terminal.until_shown("at-the-shell$")
        for _ in range(2):
            terminal.press(f"{sys.executable} -m hive_tui\r" if not _ else "fg\r")
            terminal.until_shown("▌▸auth", "billing", "q quit")
            terminal.press("\x1a")
            terminal.until(lambda: b"Stopped" in terminal.drawn, "it is put aside")
            terminal.press("stty -a | tr ';' '\\n' | grep -o ' echo ' ; echo mark$((1+1))\r")
            terminal.until_shown("mark2")
            terminal.drawn = b""
        hive.hive("spawn", "third")
        terminal.press("fg\r")
        terminal.until_shown("▌▸auth", "third", "q quit")
        terminal.press("?")
        terminal.until_shown("keys and marks", "esc back")
        terminal.press("esc")
        terminal.until_shown("enter open")
        terminal.press("q")
        terminal.until_shown("3 envs go on", "at-the-shell$")
        terminal.press("echo $?-left\r")
        terminal.until_shown("0-left")
    finally:
        terminal.close()


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_a_signal_that_ends_it_gives_the_terminal_back_in_order(
    hive: Yard, on_terminal: OnTerminal, name: str
) -> None:
    terminal = on_terminal()
    terminal.until_shown("▌▸auth", "q quit")
    terminal.process.send_signal(getattr(signal, name))
    status = terminal.ended()
    assert status == 128 + getattr(signal, name)
    assert b"\x1b[?1049l" in terminal.drawn
    assert b"\x1b[?25h" in terminal.drawn
    assert b"Traceback" not in terminal.drawn


def test_a_terminal_that_hangs_up_takes_dashboard_and_shell_with_it(
    hive: Yard, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal(environ={"SHELL": "/bin/sh", "PS1": "here$ "})
    terminal.until_shown("▌▸auth", "q quit")
    terminal.press("x")
    terminal.until_shown("here$")
    assert len(processes_of(terminal.process.pid)) == 2
    terminal.hang_up()
    hive.until(lambda: processes_of(terminal.process.pid) == [], "nothing is left of the session")
    assert hive.names() == ["auth", "billing"]


@pytest.mark.parametrize("key", ["", "\r", "l", "D", "/"])
def test_a_terminal_that_hangs_up_leaves_no_process_from_any_screen(
    hive: Yard, on_terminal: OnTerminal, key: str
) -> None:
    terminal = on_terminal()
    terminal.until_shown("▌▸auth", "q quit")
    if key:
        terminal.press_and_see(key)
    terminal.hang_up()
    hive.until(lambda: processes_of(terminal.process.pid) == [], "nothing is left of the session")
    assert hive.daemon_pid() is not None
