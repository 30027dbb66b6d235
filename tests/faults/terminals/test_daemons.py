"""A daemon that dies, hangs, is another one or works for two, seen from a terminal."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hive_tui.model.framing import PROTOCOL
from hive_tui.model.home import locate
from tests.conftest import OnTerminal
from tests.hives import Yard


@contextmanager
def stranger(yard: Yard) -> Iterator[None]:
    """A daemon of another version at the home's socket: it says so, and hangs up."""
    path = locate(yard.environ, uid=os.getuid()).socket
    path.unlink(missing_ok=True)
    greeting = {"version": "99.0", "protocol": PROTOCOL + 1, "pid": os.getpid(), "home": ""}
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()

        def greet() -> None:
            while True:
                try:
                    guest, _ = door.accept()
                except OSError:  # the door is closed
                    return
                with guest:
                    guest.sendall(json.dumps(greeting).encode() + b"\n")

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        try:
            yield
        finally:
            door.shutdown(socket.SHUT_RDWR)
    thread.join()
    path.unlink()


def test_a_daemon_that_is_killed_comes_back_and_the_keys_work_on(
    hive: Yard, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal()
    terminal.until_shown("auth", "billing", "q quit")
    before = hive.daemon_pid()
    hive.kill_daemon()
    terminal.until(lambda: b"reconnecting: the daemon went away" in terminal.drawn, "it is told")
    terminal.until_gone("reconnecting")
    terminal.press("w")
    terminal.until_shown("● warm")
    assert hive.daemon_pid() != before


def test_a_daemon_that_hangs_is_told_and_so_is_its_return(
    hive: Yard, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal()
    terminal.until_shown("auth", "billing", "q quit")
    pid = hive.daemon_pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        terminal.until_shown("the daemon does not answer since", "auth")
        terminal.press("w")
        terminal.until_shown("▲ the daemon does not answer")
        terminal.press("\r")
        terminal.until_shown("services")
        terminal.press("esc")
        terminal.until_shown("enter open")
        again = on_terminal()
        again.until_shown("does not answer")
        again.press("q")
        assert again.ended() == 0
    finally:
        os.kill(pid, signal.SIGCONT)
    terminal.until_gone("the daemon does not answer since")
    terminal.press("w")
    terminal.until_shown("● warm")


def test_a_daemon_of_another_version_is_told_with_what_to_do(
    hive: Yard, on_terminal: OnTerminal
) -> None:
    open_before = on_terminal()
    open_before.until_shown("auth", "billing", "q quit")
    hive.hive("daemon", "stop")
    with stranger(hive):
        for terminal in (open_before, on_terminal()):
            terminal.until_shown("daemon 99.0 runs", "`hive daemon stop`")
            terminal.press("w")
            terminal.press("?")
            terminal.until_shown("the fleet")
        terminal.press("q")
        assert terminal.ended() == 0
    open_before.press("esc")
    open_before.until_shown("enter open", "auth")
    open_before.until_gone("daemon 99.0")


def test_two_dashboards_show_the_same_and_one_may_go(hive: Yard, on_terminal: OnTerminal) -> None:
    first, second = on_terminal(), on_terminal(columns=80, rows=24)
    for terminal in (first, second):
        terminal.until_shown("auth", "billing", "q quit")
    first.press("w")
    for terminal in (first, second):
        terminal.until_shown("● warm")
    second.press("n")
    second.until_shown("New env of shop")
    second.press("third\r")
    for terminal in (first, second):
        terminal.until_shown("▌ third")
    first.press("q")
    assert first.ended() == 0
    second.press("s")
    second.until_shown("· stopped")
    assert hive.env("auth")["state"] == "stopped"
