"""What tmux alone can do to its host: connections killed, servers killed, old versions."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from hive_tui.drivers.processes import LocalProcesses
from hive_tui.drivers.terminals import tmux_program
from hive_tui.drivers.terminals.tmux import TmuxTerminals
from hive_tui.model.errors import HiveError
from tests.integration.terminals.desk import ENVIRON, Desk, until
from tests.terminals import Terminal


def _by_hand(desk: Desk, *words: str) -> str:
    """What a person does with the server from outside."""
    found = subprocess.run(
        ["tmux", "-S", str(desk.folder / "tm"), *words], capture_output=True, text=True, check=True
    )
    return found.stdout


async def test_a_killed_connection_is_begun_anew_and_nothing_is_told_to_have_ended(
    tmux: Desk,
) -> None:
    await tmux.start("exec cat")
    before = tmux.host.connection_pid
    os.kill(before, signal.SIGKILL)
    await until(lambda: tmux.host.connection_pid not in (None, before))
    await tmux.host.paste("e1", "agent", "still there")
    await tmux.shows("still there")
    assert not any(view.dead for view in tmux.told)


async def test_a_command_waits_for_a_connection_that_is_begun_anew(tmux: Desk) -> None:
    await tmux.start("echo hello; exec cat")
    os.kill(tmux.host.connection_pid, signal.SIGKILL)
    await tmux.shows("hello")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_windows_of_a_killed_server_are_told_as_gone(
    tmux: Desk, number: signal.Signals
) -> None:
    await tmux.start("exec cat")
    await tmux.start("exec cat", window="shell")
    os.kill(int(_by_hand(tmux, "display-message", "-p", "#{pid}")), number)
    await until(lambda: tmux.host.windows() == ())
    ended = {view.window: view for view in tmux.told if view.dead}
    assert set(ended) == {"agent", "shell"}
    assert all((view.pid, view.exit_code) == (None, None) for view in ended.values())
    with pytest.raises(HiveError):
        await tmux.host.screen("e1", "agent")
    again = await tmux.start("exec cat")
    assert not again.dead


async def test_a_shell_that_is_left_takes_its_window_with_it(tmux: Desk) -> None:
    await tmux.start("exec cat")
    await tmux.start("read line; exit 0", window="shell")
    await tmux.host.press("e1", "shell", "Enter")
    await until(lambda: tmux.view(window="shell") is None)
    assert any(view.window == "shell" and view.dead for view in tmux.told)


async def test_a_persons_own_windows_and_panes_are_not_taken_for_the_hives(tmux: Desk) -> None:
    await tmux.start("exec cat")
    _by_hand(tmux, "split-window", "-t", "=e1:agent", "cat")
    _by_hand(tmux, "new-window", "-t", "=e1:", "-n", "agent")
    await tmux.start("exec cat", window="shell")
    assert {view.window for view in tmux.host.windows()} == {"agent", "shell"}
    await tmux.host.kill("e1")
    assert not (tmux.folder / "tm").exists()


async def test_watching_starts_no_process_and_reads_no_output(tmux: Desk) -> None:
    await tmux.start("while :; do echo noise; done")
    await tmux.seen(lambda view: view.active_at > 0)
    own = psutil.Process(tmux.host.connection_pid)
    children = {child.pid for child in psutil.Process().children()}
    before = own.io_counters().write_chars
    at = tmux.view()
    assert at is not None
    await tmux.seen(lambda view: view.active_at >= at.active_at + 2)
    assert {child.pid for child in psutil.Process().children()} <= children
    assert own.io_counters().write_chars - before < 10_000


async def test_a_person_attaches_sees_types_and_comes_back(tmux: Desk) -> None:
    await tmux.start("echo hello there; exec cat", variables={"HIVE_ENV": "auth"})
    await tmux.start("echo a shell; exec cat", window="shell")
    terminal = Terminal(
        tmux.host.attach_command("e1", "agent"),
        environ={**ENVIRON, "TMUX": "/somewhere,1,2"},
        cwd=tmux.folder,
    )
    try:
        await asyncio.to_thread(terminal.until_shown, "hello there", "auth", "F12")
        await until(lambda: bool(tmux.host.attached("e1")))
        terminal.press("t", "y", "p", "e", "d", "enter")
        # both the echo and the answer: keys in one burst are a paste to tmux, and not bound
        await tmux.shows("typed\ntyped")
        terminal.press("\x1b[24~")
        assert await asyncio.to_thread(terminal.ended) == 0
    finally:
        terminal.close()
    await until(lambda: not tmux.host.attached("e1"))
    assert tmux.view() is not None


async def test_without_tmux_or_with_an_old_one_it_is_said_what_to_do(
    tmp_path: Path,
) -> None:
    processes = LocalProcesses("test-none")
    host = TmuxTerminals(tmp_path / "tm", processes, {"PATH": str(tmp_path)})
    with pytest.raises(HiveError, match="no tmux") as none:
        await host.open()
    assert none.value.hint is not None
    old = tmp_path / "tmux"
    old.write_text("#!/bin/sh\necho tmux 3.1c\n")
    old.chmod(0o755)
    with pytest.raises(HiveError, match=r"3\.1c is too old"):
        await tmux_program.find(str(tmp_path))
    await processes.close()
