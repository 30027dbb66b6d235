"""What happens to plain terminals alone: holders killed, floods, questions, persons who look."""

from __future__ import annotations

import asyncio
import os
import signal

import msgspec
import psutil

from hive_tui.drivers.terminals import talk
from tests.integration.terminals.desk import ENVIRON, Desk, marked, until
from tests.terminals import Terminal

_ASKS = """
import os, tty
tty.setraw(0)
os.write(1, b"abc\\x1b[6n")
print(ascii(os.read(0, 100)), end="\\r\\n")
os.write(1, b"\\x1b[c")
print(ascii(os.read(0, 100)), end="\\r\\n")
os.read(0, 1)
"""


def _holder(desk: Desk) -> int:
    """Pid of the process that holds the agent's window."""
    view = desk.view()
    assert view is not None
    return psutil.Process(view.pid).ppid()


async def test_a_holder_that_is_killed_takes_its_window_and_all_that_ran_in_it(
    plain: Desk,
) -> None:
    mark = str(plain.folder)
    await plain.start("(trap '' HUP; exec sleep 1000) & exec cat", variables={"MARK": mark})
    await until(lambda: len(marked("MARK", mark)) == 2)
    os.kill(_holder(plain), signal.SIGKILL)
    await until(lambda: plain.host.windows() == ())
    assert (plain.told[-1].dead, plain.told[-1].exit_code) == (True, None)
    await until(lambda: marked("MARK", mark) == [])
    assert not (await plain.start("exec cat")).dead


async def test_a_holder_that_was_killed_while_no_daemon_looked_is_no_window(plain: Desk) -> None:
    await plain.start("exec cat")
    holder = _holder(plain)
    await plain.host.close()
    os.kill(holder, signal.SIGKILL)
    await until(lambda: not psutil.pid_exists(holder) or _zombie(holder))
    await plain.again()
    assert plain.host.windows() == ()
    assert not [path for path in plain.folder.rglob("*") if path.is_socket()]


async def test_sockets_are_the_persons_alone(plain: Desk) -> None:
    await plain.start("exec cat")
    sockets = [path for path in plain.folder.rglob("*") if path.is_socket()]
    assert [path.stat().st_mode & 0o777 for path in sockets] == [0o600]
    record = next((plain.folder / "records").glob("*.json"))
    assert msgspec.json.decode(record.read_bytes(), type=talk.Spec).env == {}


async def test_a_program_that_asks_its_terminal_is_answered_while_nobody_looks(
    plain: Desk,
) -> None:
    await plain.start_python(_ASKS)
    shown = await plain.shows("[?62")
    assert "b'\\x1b[1;4R'" in shown


async def test_nonsense_on_the_socket_ends_that_connection_alone(plain: Desk) -> None:
    await plain.start("echo hello; exec cat")
    path = next(path for path in plain.folder.rglob("*") if path.is_socket())
    for nonsense in (b"GET / HTTP/1.1\r\n\r\n", talk.frame(talk.SIZE, b"{"), b"S\xff\xff\xff\xff"):
        _, writer = await asyncio.open_unix_connection(str(path))
        writer.write(nonsense)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    await plain.shows("hello")


async def test_a_person_looks_types_resizes_and_comes_back(plain: Desk) -> None:
    await plain.start("printf '\\033[31mhello\\033[0m there\\n'; exec cat")
    await plain.shows("there")
    terminal = Terminal(
        plain.host.attach_command("e1", "agent"),
        environ={**ENVIRON, "PYTHONPATH": ""},
        cwd=plain.folder,
        columns=90,
        rows=20,
    )
    try:
        await asyncio.to_thread(terminal.until_shown, "hello there")
        await until(lambda: bool(plain.host.attached("e1")))
        assert len((await plain.host.screen("e1", "agent")).lines) == 20
        terminal.press("typed", "enter")
        await plain.shows("typed")
        terminal.press("\x02d")
        assert await asyncio.to_thread(terminal.ended) == 0
    finally:
        terminal.close()
    await until(lambda: not plain.host.attached("e1"))
    assert plain.view() is not None


async def test_a_full_screen_program_is_shown_and_gone_again(plain: Desk) -> None:
    await plain.start(
        "echo before; printf '\\033[?1049h\\033[2J\\033[5;5Hfull\\033[38;2;1;2;3mcolour'; read x; "
        "printf '\\033[?1049l'; exec cat"
    )
    shown = await plain.shows("\x1b[38;2;1;2;3mcolour")
    assert "before" not in shown
    await plain.host.press("e1", "agent", "Enter")
    await plain.shows("before")


def _zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True
