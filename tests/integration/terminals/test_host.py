"""What every host of terminals does: one suite for all of them."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from hive_tui.model.errors import HiveError, NotFoundError, UsageError
from tests.integration.terminals.desk import Desk, marked, until

_BRACKETED = """
import os, sys, termios, tty
tty.setraw(0)
os.write(1, b"\\x1b[?2004hready\\r\\n")
seen = b""
while not seen.endswith(b"\\r"):
    seen += os.read(0, 1000)
os.write(1, b"got " + ascii(seen).encode() + b"\\r\\n")
os.read(0, 1)
"""


async def test_a_program_runs_in_its_folder_with_its_own_environment(desk: Desk) -> None:
    place = desk.folder / "odd #{name} $HOME"
    place.mkdir()
    odd = 'it\'s "odd"; $HOME #{pane_id} \\ ~'
    await desk.start(
        'echo "[$ODD]"; echo "[${UNWANTED-none}]"; pwd; exec cat',
        variables={"ODD": odd},
        cwd=place,
    )
    shown = await desk.shows("$HOME\n")
    assert f"[{odd}]" in shown
    assert "[none]" in shown
    assert str(place) in shown.replace("\n", "")


async def test_a_value_of_many_lines_and_many_kilobytes_arrives_whole(desk: Desk) -> None:
    value = "first\nsecond\t" + "x" * 60_000
    await desk.start('printf %s "$LONG" | cksum; exec cat', variables={"LONG": value})
    await desk.shows(f" {len(value)}\n")


async def test_a_window_that_is_there_is_left_be(desk: Desk) -> None:
    first = await desk.start("exec cat")
    second = await desk.start("exit 1")
    assert second.pid == first.pid
    assert len(desk.host.windows()) == 1


async def test_a_window_whose_program_ended_tells_the_status_and_can_be_started_again(
    desk: Desk,
) -> None:
    await desk.start("echo before; exit 3")
    view = await desk.seen(lambda view: view.dead)
    assert (view.pid, view.exit_code) == (None, 3)
    assert "before" in await desk.text()
    again = await desk.start("echo after; exec cat")
    assert not again.dead
    await desk.shows("after")
    assert not (await desk.seen(lambda view: not view.dead)).dead


async def test_a_program_that_was_killed_tells_the_signal(desk: Desk) -> None:
    view = await desk.start("exec cat")
    assert view.pid is not None
    os.kill(view.pid, signal.SIGKILL)
    assert (await desk.seen(lambda view: view.dead)).exit_code == -signal.SIGKILL


async def test_title_and_command_are_told(desk: Desk) -> None:
    await desk.start("printf '\\033]2;[ ! ] Action Required \\342\\240\\274\\007'; exec cat")
    view = await desk.seen(lambda view: view.command == "cat" and view.title != "")
    assert view.title == "[ ! ] Action Required ⠼"
    assert desk.told[-1] == view or desk.told[-1].title == view.title


async def test_no_title_is_made_up(desk: Desk) -> None:
    assert (await desk.start("exec cat")).title == ""


async def test_a_screen_has_colours_and_nothing_else_that_steers(desk: Desk) -> None:
    await desk.start(
        "printf '\\033[31mred\\033[0m \\033]8;;http://x\\033\\\\link\\033]8;;\\033\\\\ '; "
        "printf '\\033(0lqk\\033(B \\033[?1000h'; exec cat"
    )
    shown = await desk.shows("─┐")
    assert "\x1b[31mred" in shown
    assert "link ┌─┐" in shown
    assert "http" not in shown
    assert "\x0e" not in shown


async def test_the_cursor_is_told_unless_it_is_hidden(desk: Desk) -> None:
    await desk.start("printf 'ab'; exec cat")
    await desk.shows("ab")
    assert (await desk.host.screen("e1", "agent")).cursor == (2, 0)
    await desk.start("printf 'ab\\033[?25l'; exec cat", env="e2")
    await desk.shows("ab", env="e2")
    assert (await desk.host.screen("e2", "agent")).cursor is None


async def test_lines_that_look_like_the_hosts_own_talk_are_shown_as_they_are(desk: Desk) -> None:
    lines = ("%end 1 2 1", "%error 1795530233 281 1", "%begin 1 2 1", "%exit", '{"a":1}')
    await desk.start("".join(f"echo '{line}'; " for line in lines) + "exec cat")
    await desk.shows('{"a":1}')
    for _ in range(3):
        assert (await desk.text()).splitlines()[:5] == list(lines)


async def test_a_paste_is_bracketed_and_loses_its_control_codes(desk: Desk) -> None:
    await desk.start_python(_BRACKETED)
    await desk.shows("ready")
    await desk.host.paste("e1", "agent", 'one\ntwo "$HOME" ;\x1b[201~\x03 ü\n\n')
    await desk.host.press("e1", "agent", "Enter")
    shown = (await desk.shows("got ")).replace("\n", "")
    expected = ascii(b'\x1b[200~one\rtwo "$HOME" ;[201~ ' + "ü".encode() + b"\x1b[201~\r")
    assert expected in shown


async def test_a_paste_of_a_megabyte_arrives_whole(desk: Desk) -> None:
    await desk.start("stty raw -echo; echo ready; head -c 1000000 | cksum; exec cat")
    await desk.shows("ready")
    await desk.host.paste("e1", "agent", "y" * 1_000_000)
    await desk.shows(" 1000000")


async def test_keys_are_pressed_by_name_and_nonsense_is_refused(desk: Desk) -> None:
    await desk.start("exec cat -v")
    await desk.host.press("e1", "agent", "a", ";", "~", "Tab", "b", "Enter")
    await desk.shows("a;~")
    await desk.host.press("e1", "agent", "C-c")
    await desk.seen(lambda view: view.dead)
    with pytest.raises(UsageError, match="no key"):
        await desk.host.press("e1", "agent", "Enterr")


async def test_a_program_that_has_ended_takes_neither_text_nor_keys(desk: Desk) -> None:
    other = await desk.start("exec cat", window="shell")
    for _ in range(5):
        view = await desk.start("exit 0")
        with pytest.raises(HiveError):
            await _paste_until_refused(desk, "at once")
        await desk.seen(lambda view: view.dead)
        with pytest.raises(HiveError):
            await desk.host.paste("e1", "agent", "later")
    with pytest.raises(HiveError, match="has ended"):
        await desk.host.press("e1", "agent", "Enter")
    assert view.pid != other.pid
    assert "at once" not in await desk.text(window="shell")


async def _paste_until_refused(desk: Desk, text: str) -> None:
    while True:
        await desk.host.paste("e1", "agent", text)


async def test_what_is_not_there_is_refused_in_words(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="no window 'agent'"):
        await desk.host.screen("e1", "agent")
    with pytest.raises(HiveError, match="no program 'nosuchprogram'"):
        await desk.host.ensure("e1", "agent", ("nosuchprogram",), cwd="/", env={"PATH": "/bin"})
    with pytest.raises(HiveError, match="does not exist"):
        await desk.host.ensure("e1", "agent", ("cat",), cwd="/nonexistent", env={"PATH": "/bin"})
    assert desk.host.windows() == ()


async def test_the_end_of_a_window_ends_all_that_ran_in_it(desk: Desk) -> None:
    mark = str(desk.folder)
    script = (
        "(trap '' HUP TERM; exec sleep 1000) & "  # deaf
        "setsid sleep 1001 & "  # left the session
        "exec sleep 1002"
    )
    await desk.start(script, variables={"MARK": mark})
    await desk.start("exec sleep 1003", window="shell", variables={"MARK": mark})
    await until(lambda: len(marked("MARK", mark)) == 4)
    await desk.host.kill("e1", "agent")
    assert len(marked("MARK", mark)) == 1
    assert [view.window for view in desk.host.windows()] == ["shell"]
    await desk.host.kill("e1", "agent")  # once more, as nothing is there
    await desk.host.kill("e1")
    assert marked("MARK", mark) == []
    assert desk.host.windows() == ()


async def test_what_a_dead_program_left_ends_with_its_window(desk: Desk) -> None:
    mark = str(desk.folder)
    await desk.start("(trap '' HUP; setsid sleep 1000 &); exit 0", variables={"MARK": mark})
    await desk.seen(lambda view: view.dead)
    assert len(marked("MARK", mark)) == 1
    await desk.host.kill("e1")
    assert marked("MARK", mark) == []


async def test_nothing_is_left_once_the_last_window_is_gone(desk: Desk) -> None:
    await desk.start("exec cat")
    await desk.start("exec cat", env="e2")
    await desk.host.kill("e1")
    await desk.host.kill("e2")
    assert [path.name for path in desk.folder.rglob("*") if path.is_socket()] == []


async def test_a_new_daemon_finds_all_windows(desk: Desk) -> None:
    first = await desk.start("printf '\\033]2;mine\\007'; exec cat")
    await desk.start("exit 4", env="e2", window="api")
    await until(lambda: (view := desk.view("e2", "api")) is not None and view.dead)
    await desk.seen(lambda view: view.title == "mine" and view.command == "cat")
    await desk.again()
    view = await desk.seen(lambda view: view.title == "mine")
    assert view.pid == first.pid
    other = desk.view("e2", "api")
    assert other is not None
    assert (other.dead, other.exit_code) == (True, 4)
    await desk.host.paste("e1", "agent", "hello")
    await desk.shows("hello")


async def test_ends_while_no_daemon_looks_are_told_by_the_next_one(desk: Desk) -> None:
    await desk.start("read line; exit 5")
    await desk.host.press("e1", "agent", "x")
    await desk.host.close()
    view = desk.view()
    assert view is not None
    assert view.pid is not None
    os.kill(view.pid, signal.SIGTERM)
    await desk.again()
    assert (await desk.seen(lambda view: view.dead)).exit_code == -signal.SIGTERM


async def test_a_flood_of_output_neither_stops_the_program_nor_the_host(desk: Desk) -> None:
    await desk.start(
        "yes 'a line of some length, with \033[31mcolour\033[0m' | head -c 50000000; "
        "echo; echo all said; exec cat"
    )
    await desk.start("exec cat", env="e2")
    await desk.host.paste("e2", "agent", "still here")
    await desk.shows("still here", env="e2")
    await desk.shows("all said")


async def test_windows_of_many_envs_are_told_apart(desk: Desk) -> None:
    envs = [f"e{number}" for number in range(5)]
    await asyncio.gather(*(desk.start(f"echo I am {env}; exec cat", env=env) for env in envs))
    for env in envs:
        await desk.shows(f"I am {env}\n", env=env)


def test_a_host_says_what_it_is(tmp_path: Path) -> None:
    assert Desk("tmux", tmp_path).host.name == "tmux"
