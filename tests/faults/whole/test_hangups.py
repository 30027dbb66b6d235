"""The terminal goes away under a command or under the dashboard: daemon and services go on."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest

from tests.hives import DEADLINE_S, Yard, alive

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

FULL_BYTES = 4095
"""What Linux holds for the reader of a terminal before the writer has to wait."""


class Terminal:
    """A command on a terminal of its own, as a session that has it as its controlling one."""

    def __init__(self, yard: Yard, *words: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        program = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
            "os.execv(sys.executable, [sys.executable, '-m', 'hive_tui', *sys.argv[1:]])"
        )
        self.process = subprocess.Popen(
            (sys.executable, "-c", program, *words),
            cwd=yard.repo,
            env={**yard.environ, "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = b""

    def until_shown(self, text: bytes) -> None:
        """Read what it draws until the text is there."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown[-2000:]
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self.master, 65536)
                except OSError:  # nobody has the other end any more
                    assert text in self.shown, self.shown[-2000:]

    def full(self) -> bool:
        """True where what it draws is not read and it can draw no more."""
        waiting = struct.unpack("i", fcntl.ioctl(self.master, termios.FIONREAD, b"\0" * 4))[0]
        return bool(waiting >= FULL_BYTES)

    def hang_up(self) -> None:
        """Close the terminal, and wait until the command has gone."""
        os.close(self.master)
        self.master = -1
        self.process.wait(DEADLINE_S)

    def close(self) -> None:
        """End all of it."""
        if self.master >= 0:
            os.close(self.master)
        self.process.kill()
        self.process.wait()


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Those of the test, closed afterwards."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_a_terminal_closed_under_a_warm_leaves_it_going(
    yard: Yard, terminals: list[Terminal]
) -> None:
    yard.make_repo(GATED)
    yard.hive("spawn", "auth")
    terminal = Terminal(yard, "warm", "auth")
    terminals.append(terminal)
    yard.until((yard.trees / "in").exists, "it warms")
    daemon = yard.daemon_pid()
    terminal.hang_up()
    assert yard.env("auth")["state"] == "warming"
    (yard.trees / "open").touch()
    yard.until(lambda: yard.env("auth")["state"] == "warm", "the warm has ended")
    assert yard.daemon_pid() == daemon


def test_a_terminal_closed_on_the_first_command_leaves_the_daemon_it_started(
    yard: Yard, terminals: list[Terminal]
) -> None:
    yard.make_repo(GATED)
    (yard.trees / "open").parent.mkdir()
    (yard.trees / "open").touch()
    terminal = Terminal(yard, "spawn", "auth", "--warm")
    terminals.append(terminal)
    terminal.until_shown(b"succeeded")
    terminal.hang_up()
    assert yard.env("auth")["state"] == "warm"
    pid = yard.daemon_pid()
    assert pid is not None
    assert os.getsid(pid) != terminal.process.pid


@pytest.mark.parametrize("how", ["hang-up", "kill"])
def test_a_terminal_closed_under_the_dashboard_leaves_all_as_it_was(
    yard: Yard, terminals: list[Terminal], how: str
) -> None:
    yard.make_repo(GATED)
    yard.hive("spawn", "auth")
    (yard.trees / "open").touch()
    yard.hive("warm", "auth")
    before = [service["pid"] for service in yard.env("auth")["services"]]
    terminal = Terminal(yard)
    terminals.append(terminal)
    terminal.until_shown(b"auth")
    if how == "kill":
        terminal.process.send_signal(signal.SIGKILL)
    terminal.hang_up()
    after = yard.env("auth")
    assert after["state"] == "warm"
    assert [service["pid"] for service in after["services"]] == before
    assert all(alive(pid) for pid in before)
    again = Terminal(yard)
    terminals.append(again)
    again.until_shown(b"auth")
    os.write(again.master, b"q")
    again.until_shown(b"\x1b[?1049l")
    again.process.wait(DEADLINE_S)
    assert again.process.returncode == 0


def test_ctrl_c_stops_watching_and_not_the_warm(yard: Yard, terminals: list[Terminal]) -> None:
    yard.make_repo(GATED)
    yard.hive("spawn", "auth")
    terminal = Terminal(yard, "warm", "auth")
    terminals.append(terminal)
    yard.until((yard.trees / "in").exists, "it warms")
    terminal.until_shown(b"gate")
    os.write(terminal.master, b"\x03")
    terminal.until_shown(b"goes on")
    terminal.process.wait(DEADLINE_S)
    assert terminal.process.returncode == 130
    (yard.trees / "open").touch()
    yard.until(lambda: yard.env("auth")["state"] == "warm", "the warm has ended")


def test_a_terminal_that_stops_reading_harms_nothing_but_itself(
    yard: Yard, terminals: list[Terminal]
) -> None:
    yard.make_repo(FLOOD)
    yard.hive("spawn", "auth", "--warm")
    daemon = yard.daemon_pid()
    stuck = Terminal(yard)
    terminals.append(stuck)
    stuck.until_shown(b"auth")
    os.write(stuck.master, b"l")
    stuck.until_shown(b"following")
    (yard.trees / "pour").touch()
    yard.until(stuck.full, "the terminal takes no more")
    second = Terminal(yard)
    terminals.append(second)
    second.until_shown(b"auth")
    yard.hive("spawn", "later", "--warm")
    second.until_shown(b"later")
    yard.hive("stop", "auth")
    yard.hive("warm", "auth")
    assert yard.env("auth")["state"] == "warm"
    assert yard.daemon_pid() == daemon
    assert stuck.full()
    os.write(stuck.master, b"\x1b")
    stuck.until_shown(b"later")
    os.write(stuck.master, b"q")
    stuck.until_shown(b"\x1b[?1049l")
    stuck.process.wait(DEADLINE_S)
    assert stuck.process.returncode == 0
