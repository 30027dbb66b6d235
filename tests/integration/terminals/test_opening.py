"""Windows of envs through the daemon: opened, looked at, left, ended with their env."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from binascii import a2b_base64
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hive_tui.client.calls import connect
from hive_tui.model.home import locate
from tests.conftest import OnTerminal
from tests.hives import Yard, alive
from tests.integration.terminals.desk import marked
from tests.terminals import Terminal

TOML = """
[ports]
base = {base}
block = 10

[env]
SHELF = "{{{{env}}}}-shelf"

[services.api]
run = "echo api is up; exec sleep 1000"
when = "cold"
"""

F12 = "\x1b[24~"

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None and os.environ.get("CI") != "true", reason="there is no tmux"
)


@pytest.fixture
def shop(yard: Yard) -> Yard:
    """A hive with one env."""
    yard.extra = {"SHELL": "/bin/sh", "PS1": "$ "}
    yard.make_repo(TOML.format(base=yard.port_base()))
    yard.hive("spawn", "auth")
    return yard


def _call(yard: Yard, method: str, **params: Any) -> Any:
    with connect(locate(yard.environ, uid=os.getuid())) as link:
        return link.call(method, params)


def _windows(yard: Yard) -> dict[str, Any]:
    return {w["window"]: w for w in _call(yard, "terminal.windows", env="auth")["windows"]}


def test_a_shell_is_opened_in_the_worktree_with_the_envs_variables_and_left_again(
    shop: Yard, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal("open", "auth")
    terminal.until_shown("shop/auth", "F12")
    terminal.press("echo $SHELF in $PWD", "enter")
    terminal.until_shown(f"auth-shelf in {shop.tree('auth')}")
    terminal.press(F12)
    assert terminal.ended() == 0
    assert not _windows(shop)["shell"]["dead"]
    again = on_terminal("open", "auth", "shell")
    again.until_shown("auth-shelf in")
    again.press("exit", "enter")
    assert again.ended() == 0
    shop.until(lambda: "shell" not in _windows(shop), "the shell is gone")


def test_without_tmux_a_window_is_opened_left_and_ended_all_the_same(
    shop: Yard, on_terminal: OnTerminal
) -> None:
    shop.hive("daemon", "stop")
    shop.extra |= {"HIVE_TERMINALS": "pty"}
    terminal = on_terminal("open", "auth", "shell")
    terminal.until_match(r"(?m)^[#$]$")  # of the shell
    terminal.press("echo $SHELF in $PWD", "enter")
    terminal.until_shown(f"auth-shelf in {shop.tree('auth')}")
    terminal.press(F12)
    assert terminal.ended() == 0
    shop.kill_daemon()
    assert not _windows(shop)["shell"]["dead"]
    checks = {c["name"]: c for c in shop.hive("doctor", "--json", status=None).json["checks"]}
    assert "without tmux" in checks["terminals"]["message"]
    shop.hive("destroy", "auth", "--force")
    assert marked("HIVE_WORKTREE", str(shop.tree("auth"))) == []


def test_a_services_log_has_a_window_of_its_own(shop: Yard, on_terminal: OnTerminal) -> None:
    terminal = on_terminal("open", "auth", "api")
    terminal.until_shown("api is up")
    terminal.press(F12)
    assert terminal.ended() == 0


def test_stop_ends_all_windows_and_destroy_leaves_nothing(shop: Yard) -> None:
    for window in ("shell", "api"):
        _call(shop, "terminal.open", env="auth", window=window)
    tree = str(shop.tree("auth"))
    assert len(marked("HIVE_WORKTREE", tree)) >= 3
    shop.hive("cool", "auth")
    assert set(_windows(shop)) == {"shell", "api"}
    shop.hive("stop", "auth")
    assert _windows(shop) == {}
    assert marked("HIVE_WORKTREE", tree) == []
    _call(shop, "terminal.open", env="auth", window="shell")
    shop.hive("destroy", "auth", "--force")
    assert marked("HIVE_WORKTREE", tree) == []
    assert not locate(shop.environ, uid=os.getuid()).tmux.exists()


def test_a_new_daemon_goes_on_with_the_windows_of_a_killed_one(shop: Yard) -> None:
    _call(shop, "terminal.open", env="auth", window="shell")
    pid = _windows(shop)["shell"]["pid"]
    shop.kill_daemon()
    assert alive(pid)
    assert _windows(shop)["shell"]["pid"] == pid


def test_a_screen_is_told_as_it_changes_until_it_is_gone(shop: Yard) -> None:
    _call(shop, "terminal.open", env="auth", window="shell")
    shown: list[str] = []

    def told(event: Any) -> None:
        text = b"\n".join(map(a2b_base64, event["lines"])).decode()
        if not shown:  # a second connection types
            _type(shop, "echo fir''st; exit")
        shown.append(text)

    with (
        connect(locate(shop.environ, uid=os.getuid())) as link,
        pytest.raises(Exception, match="no window"),
    ):
        link.call("terminal.screen", {"env": "auth", "window": "shell", "follow": True}, told)
    assert len(shown) <= 3
    assert all(a != b for a, b in pairwise(shown))


def _type(yard: Yard, text: str) -> None:
    socket = str(locate(yard.environ, uid=os.getuid()).tmux)
    target = subprocess.run(
        ["tmux", "-S", socket, "list-panes", "-a", "-F", "#{?@hive_window,#{pane_id},}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[0]
    subprocess.run(["tmux", "-S", socket, "send-keys", "-t", target, text, "Enter"], check=True)


def test_secrets_are_not_shown_in_a_preview(yard: Yard) -> None:
    yard.extra = {"SHELL": "/bin/sh"}
    toml = TOML.format(base=yard.port_base()).replace(
        "[env]", '[env]\nTOKEN = {{ secret = "token" }}'.format()
    )
    yard.make_repo(toml)
    yard.home.mkdir(mode=0o700)
    secrets = yard.home / "secrets.toml"
    secrets.write_text('token = "hunter2hunter2"\n')
    secrets.chmod(0o600)
    yard.hive("spawn", "auth")
    _call(yard, "terminal.open", env="auth", window="shell")
    _type(yard, "echo tok $TOKEN")

    def text() -> str:
        screen = _call(yard, "terminal.screen", env="auth", window="shell")
        return b"\n".join(map(a2b_base64, screen["lines"])).decode()

    yard.until(lambda: "tok •" in text() or "tok *" in text(), "it is masked")
    assert "hunter2" not in text()


def test_inside_a_tmux_of_ones_own_a_popup_shows_the_window(shop: Yard) -> None:
    socket = shop.folder / "own"
    own = ("tmux", "-S", str(socket), "-f", "/dev/null")
    shell = f"{sys.executable} -m hive_tui open auth; echo came back; exec cat"
    terminal = Terminal(
        (*own, "-u", "new-session", f"cd {shop.repo}; {shell}"), environ=shop.environ, cwd=shop.repo
    )
    try:
        terminal.until_shown("shop/auth", "F12")
        terminal.press("echo $SHELF", "enter")
        terminal.until_shown("auth-shelf")
        terminal.press(F12)
        terminal.until_shown("came back")
    finally:
        subprocess.run([*own, "kill-server"], check=False)
        terminal.close()


def test_from_the_dashboard_one_goes_in_and_comes_back_to_it(
    shop: Yard, on_terminal: OnTerminal
) -> None:
    terminal = on_terminal()
    terminal.until_shown("auth", "? help")
    for _ in range(2):
        terminal.press("a")
        terminal.until_shown("shop/auth", "F12")
        terminal.press("echo $SHELF is it $((40 + 2))", "enter")
        terminal.until_shown("auth-shelf is it 42")
        for _ in range(20):  # each repaints a dashboard that nobody sees
            _call(shop, "transition", env="auth", transition="cool")
            _call(shop, "service", env="auth", action="restart", services=["api"])
        terminal.press(F12)
        terminal.until_shown("? help")
    terminal.press("?")
    terminal.until_shown("keys and marks")


def test_from_a_dashboard_in_a_tmux_of_ones_own_a_popup_opens_over_it(shop: Yard) -> None:
    own = ("tmux", "-S", str(shop.folder / "own"), "-f", "/dev/null")
    terminal = Terminal(
        (*own, "-u", "new-session", f"cd {shop.repo}; {sys.executable} -m hive_tui"),
        environ=shop.environ,
        cwd=shop.repo,
    )
    try:
        terminal.until_shown("auth", "? help")
        terminal.press("a")
        terminal.until_shown("F12 or")
        terminal.press("echo $SHELF", "enter")
        terminal.until_shown("auth-shelf")
        terminal.press(F12)
        terminal.until_shown("? help")
        terminal.until_gone("auth-shelf")
    finally:
        subprocess.run([*own, "kill-server"], check=False)
        terminal.close()


def test_nonsense_is_refused_in_words(shop: Yard, on_terminal: OnTerminal) -> None:
    done = shop.hive("open", "auth", status=2)
    assert "no terminal" in done.err
    found = shop.hive("open", "auth", "--json").json
    assert (found["window"], found["host"]) == ("shell", "tmux")
    done = shop.hive("open", "auth", "nosuch", "--json", status=3)
    assert "there are: shell, api" in done.err + done.out


def test_doctor_tells_what_has_the_terminals(shop: Yard) -> None:
    checks = {c["name"]: c for c in shop.hive("doctor", "--json", status=None).json["checks"]}
    assert checks["terminals"]["ok"]
    assert checks["terminals"]["message"].startswith("tmux ")


def test_windows_of_an_env_that_nobody_knows_are_told_and_collected(shop: Yard) -> None:
    _call(shop, "terminal.open", env="auth", window="shell")
    shop.hive("daemon", "stop")
    for path in Path(shop.home).glob("hive.db*"):
        path.unlink()
    doctor = shop.hive("doctor", "--json", status=None).json["checks"]
    assert not next(c for c in doctor if c["name"] == "terminals of nobody")["ok"]
    shop.hive("gc", "--yes")
    assert not locate(shop.environ, uid=os.getuid()).tmux.exists()


def test_a_killed_tmux_is_no_end_of_the_daemon(shop: Yard) -> None:
    _call(shop, "terminal.open", env="auth", window="shell")
    socket = str(locate(shop.environ, uid=os.getuid()).tmux)
    asked = ["tmux", "-S", socket, "display-message", "-p", "#{pid}"]
    server = int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
    os.kill(server, signal.SIGKILL)
    shop.until(lambda: _windows(shop) == {}, "the windows are told as gone")
    _call(shop, "terminal.open", env="auth", window="shell")
    assert not _windows(shop)["shell"]["dead"]
