"""Starting the daemon: once however many ask, detached, and with a clean environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hive_tui.client import starting
from hive_tui.client.calls import NoDaemonError, connect
from hive_tui.daemon.locking import acquire
from hive_tui.daemon.starting import begin
from hive_tui.model.errors import HiveError
from hive_tui.model.framing import READY_FD
from hive_tui.model.home import Home

DEADLINE_S = 60.0
ROOT = Path(__file__).parents[3]
TINY = (sys.executable, str(Path(__file__).parent / "tiny_daemon.py"))
ASK = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from hive_tui.client import starting
from hive_tui.client.calls import connect
from hive_tui.model.home import Home
home = Path(sys.argv[1])
home = Home(home, home, home / "hive.sock")
starting.ensure(home, timeout_s={DEADLINE_S}, argv={TINY!r})
print(connect(home, start=False).hello["pid"])
"""


@pytest.fixture(autouse=True)
def ended(home: Home) -> Iterator[None]:
    """End every daemon that a test started."""
    yield
    served = home.state / "served"
    for pid in served.read_text().split() if served.exists() else ():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def serving(home: Home) -> list[str]:
    return (home.state / "served").read_text().split()


def test_twenty_first_commands_at_once_make_one_daemon(home: Home) -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, str(home.state)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(20)
    ]
    answers = [process.communicate(timeout=DEADLINE_S)[0].strip() for process in asking]

    assert len(serving(home)) == 1
    assert set(answers) == set(serving(home))


def test_of_twenty_daemons_started_at_once_one_serves_and_all_say_ready(home: Home) -> None:
    pipes, started = [], []
    for _ in range(20):
        ready, told = os.pipe()
        environ = {**os.environ, "HIVE_HOME": str(home.state), READY_FD: str(told)}
        started.append(subprocess.Popen(TINY, env=environ, pass_fds=(told,)))
        os.close(told)
        pipes.append(ready)
    for process in started:
        process.wait(DEADLINE_S)
    answers = []
    for ready in pipes:
        with open(ready, "rb") as pipe:
            answers.append(pipe.readline())

    assert answers == [b"ok\n"] * 20
    assert len(serving(home)) == 1


def test_the_daemon_leaves_the_callers_session_folder_and_variables(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaking = ("LINES", "COLUMNS", "PORT", "HIVE_ENV", "HIVE_PORT_WEB", "VIRTUAL_ENV", "TERM")
    for name in leaking:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("HIVE_FAULT_AT", "kept")
    starting.ensure(home, timeout_s=DEADLINE_S, argv=TINY)
    with connect(home, start=False) as connection:
        about = connection.call("daemon.status")

    assert not set(leaking) & set(about["environ"])
    assert READY_FD not in about["environ"]
    assert about["environ"]["HIVE_HOME"] == str(home.state)
    assert (about["environ"]["LC_ALL"], about["environ"]["HIVE_FAULT_AT"]) == ("C.UTF-8", "kept")
    assert about["cwd"] == "/"
    assert os.getsid(about["pid"]) not in (os.getsid(0), about["pid"])


def test_a_daemon_that_runs_is_not_started_again(home: Home) -> None:
    for _ in range(2):
        starting.ensure(home, timeout_s=DEADLINE_S, argv=TINY)

    assert len(serving(home)) == 1


def test_a_daemon_that_was_killed_is_started_again_over_its_stale_socket(home: Home) -> None:
    starting.ensure(home, timeout_s=DEADLINE_S, argv=TINY)
    with connect(home, start=False) as connection, pytest.raises(HiveError) as raised:
        connection.call("die")
    assert raised.value.code == "disconnected"
    assert home.socket.exists()

    starting.ensure(home, timeout_s=DEADLINE_S, argv=TINY)
    assert len(serving(home)) == 2


def test_stopping_answers_the_one_who_asked(home: Home) -> None:
    starting.ensure(home, timeout_s=DEADLINE_S, argv=TINY)
    with connect(home, start=False) as connection:
        assert connection.call("daemon.stop") == {}

    lock = begin(home, timeout_s=DEADLINE_S)  # in the foreground: waits until the other has ended
    assert lock is not None
    lock.release()


def test_a_daemon_that_says_why_it_cannot_serve_is_quoted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVE_FAULT", "refuse")

    with pytest.raises(HiveError, match="cannot serve today") as raised:
        starting.ensure(home, timeout_s=DEADLINE_S, argv=TINY)
    assert (raised.value.code, raised.value.hint) == ("holiday", "tomorrow")


def test_a_home_that_is_open_to_others_is_refused_with_the_remedy(home: Home) -> None:
    home.state.chmod(0o755)

    with pytest.raises(HiveError, match="is open to others") as raised:
        starting.ensure(home, timeout_s=DEADLINE_S, argv=TINY)
    assert raised.value.hint == f"`chmod 700 {home.state}`"


def test_the_last_words_of_a_daemon_that_ends_are_quoted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVE_FAULT", "die")

    with pytest.raises(HiveError, match="a fault was asked for") as raised:
        starting.ensure(home, timeout_s=DEADLINE_S, argv=TINY)
    assert str(home.daemon_log) in str(raised.value.hint)


def test_a_daemon_that_hangs_is_given_up_and_ended(home: Home, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "hang"))
        listener.listen()
        hang = f"import socket; s = socket.socket(1); s.connect({str(tmp_path / 'hang')!r})"
        argv = (sys.executable, "-c", f"{hang}; s.recv(1)")

        with pytest.raises(HiveError, match=r"not ready within 1 s"):
            starting.ensure(home, timeout_s=1.0, argv=argv)
        link, _ = listener.accept()
        with link:
            link.settimeout(DEADLINE_S)
            assert link.recv(1) == b""


def test_a_lock_without_a_server_names_its_holder(home: Home) -> None:
    held = acquire(home)
    assert held is not None

    with pytest.raises(HiveError, match=f"pid {os.getpid()}") as raised:
        begin(home, timeout_s=0.0)
    assert raised.value.code == "daemon_stuck"
    held.release()


def test_the_lock_is_one_homes_and_can_be_taken_again(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other", tmp_path / "other", tmp_path / "other" / "hive.sock")
    first, elsewhere = acquire(home), acquire(other)
    assert first is not None
    assert elsewhere is not None
    assert acquire(home) is None
    first.release()
    first.release()
    again = acquire(home)
    assert again is not None
    again.release()
    elsewhere.release()


def test_without_start_a_home_without_daemon_is_an_error(home: Home) -> None:
    with pytest.raises(NoDaemonError, match="no daemon runs"):
        connect(home, start=False)
    assert not list(home.state.iterdir())


def test_a_home_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    state = tmp_path / "file" / "home"

    with pytest.raises(HiveError, match="cannot") as raised:
        starting.ensure(Home(state, state, state / "hive.sock"), argv=TINY)
    assert raised.value.hint is not None
