"""The terminal goes away under a command or under the dashboard: daemon and services go on."""

from __future__ import annotations

import os
import signal

import pytest

from tests.conftest import OnTerminal
from tests.hives import DEADLINE_S, Yard, alive

LEFT = b"\x1b[?1049l"
"""Drawn when the second screen is left."""

GATED = """
[tasks.gate]
run = "touch ../in; until [ -e ../open ]; do sleep 0.05; done"
[services.web]
run = "exec sleep 1000"
needs = ["gate"]
[services.watch]
run = "exec sleep 1000"
when = "cold"
"""

FLOOD = """
[services.api]
run = "until [ -e ../pour ]; do sleep 0.05; done; yes flood | head -c 4000000; exec sleep 1000"
"""


def test_a_terminal_closed_under_a_warm_leaves_it_going(
    yard: Yard, on_terminal: OnTerminal
) -> None:
    yard.make_repo(GATED)
    yard.hive("spawn", "auth")
    terminal = on_terminal("warm", "auth")
    yard.until((yard.trees / "in").exists, "it warms")
    daemon = yard.daemon_pid()
    terminal.hang_up()
    assert yard.env("auth")["state"] == "warming"
    (yard.trees / "open").touch()
    yard.until(lambda: yard.env("auth")["state"] == "warm", "the warm has ended")
    assert yard.daemon_pid() == daemon


def test_a_terminal_closed_on_the_first_command_leaves_the_daemon_it_started(
    yard: Yard, on_terminal: OnTerminal
) -> None:
    yard.make_repo(GATED)
    (yard.trees / "open").parent.mkdir()
    (yard.trees / "open").touch()
    terminal = on_terminal("spawn", "auth", "--warm")
    terminal.until_shown("succeeded")
    terminal.hang_up()
    assert yard.env("auth")["state"] == "warm"
    pid = yard.daemon_pid()
    assert pid is not None
    assert os.getsid(pid) != terminal.process.pid


@pytest.mark.parametrize("how", ["hang-up", "kill"])
def test_a_terminal_closed_under_the_dashboard_leaves_all_as_it_was(
    yard: Yard, on_terminal: OnTerminal, how: str
) -> None:
    yard.make_repo(GATED)
    yard.hive("spawn", "auth")
    (yard.trees / "open").touch()
    yard.hive("warm", "auth")
    before = [service["pid"] for service in yard.env("auth")["services"]]
    terminal = on_terminal()
    terminal.until_shown("auth")
    if how == "kill":
        terminal.process.send_signal(signal.SIGKILL)
    terminal.hang_up()
    after = yard.env("auth")
    assert after["state"] == "warm"
    assert [service["pid"] for service in after["services"]] == before
    assert all(alive(pid) for pid in before)
    again = on_terminal()
    again.until_shown("auth")
    again.press("q")
    again.until(lambda: LEFT in again.drawn, "it gives the screen back")
    again.process.wait(DEADLINE_S)
    assert again.process.returncode == 0


def test_ctrl_c_stops_watching_and_not_the_warm(yard: Yard, on_terminal: OnTerminal) -> None:
    yard.make_repo(GATED)
    yard.hive("spawn", "auth")
    terminal = on_terminal("warm", "auth")
    yard.until((yard.trees / "in").exists, "it warms")
    terminal.until_shown("gate")
    terminal.press("\x03")
    terminal.until_shown("goes on")
    terminal.process.wait(DEADLINE_S)
    assert terminal.process.returncode == 130
    (yard.trees / "open").touch()
    yard.until(lambda: yard.env("auth")["state"] == "warm", "the warm has ended")


def test_a_terminal_that_stops_reading_harms_nothing_but_itself(
    yard: Yard, on_terminal: OnTerminal
) -> None:
    yard.make_repo(FLOOD)
    yard.hive("spawn", "auth", "--warm")
    daemon = yard.daemon_pid()
    stuck = on_terminal()
    stuck.until_shown("auth")
    stuck.press("l")
    stuck.until_shown("following")
    (yard.trees / "pour").touch()
    yard.until(stuck.full, "the terminal takes no more")
    second = on_terminal()
    second.until_shown("auth")
    yard.hive("spawn", "later", "--warm")
    second.until_shown("later")
    yard.hive("stop", "auth")
    yard.hive("warm", "auth")
    assert yard.env("auth")["state"] == "warm"
    assert yard.daemon_pid() == daemon
    assert stuck.full()
    stuck.press("\x1b")
    stuck.until_shown("later")
    stuck.press("q")
    stuck.until(lambda: LEFT in stuck.drawn, "it gives the screen back")
    stuck.process.wait(DEADLINE_S)
    assert stuck.process.returncode == 0


def test_a_terminal_that_goes_without_a_word_takes_the_dashboard_with_it(
    yard: Yard, on_terminal: OnTerminal
) -> None:
    yard.make_repo(GATED)
    yard.hive("spawn", "auth")
    terminal = on_terminal(controlling=False)
    terminal.until_shown("auth", "q quit")
    terminal.hang_up()
    assert terminal.process.returncode == 128 + signal.SIGHUP
    assert yard.env("auth")["state"] == "cold"
