"""The hive's own folder in bad shape: the store, the socket, the records of runs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hives import Yard, alive

SLEEPER = '[services.s]\nrun = "exec sleep 1000"\n'


@pytest.fixture
def warm(yard: Yard) -> Yard:
    """The env `auth`, warm."""
    yard.make_repo(SLEEPER)
    yard.hive("spawn", "auth", "--warm")
    return yard


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with hive."""
    with subprocess.Popen(("sleep", "1000"), start_new_session=True) as process:
        yield process
        process.kill()


def database(yard: Yard) -> Path:
    """The store's file."""
    (found,) = yard.home.glob("*.db")
    return found


# --- the store -----------------------------------------------------------------------------------


def test_a_store_that_was_cut_off_is_put_aside_and_said(warm: Yard) -> None:
    warm.hive("stop", "auth")
    warm.hive("daemon", "stop")
    path = database(warm)
    path.write_bytes(path.read_bytes()[:5000])
    for more in warm.home.glob("*.db-*"):
        more.unlink()
    done = warm.hive("list", "--json")
    assert done.json["environments"] == []
    said = [event["message"] for event in warm.events() if event["level"] == "error"]
    assert any("begun anew" in message and "hive adopt" in message for message in said)
    assert any(p.name != path.name for p in warm.home.glob("*.db*") if "broken" in p.name)
    assert (warm.tree("auth") / "hive.toml").exists()
    warm.hive("adopt", str(warm.tree("auth")))
    assert warm.env("auth")["branch"] == "auth"


def test_a_store_that_somebody_holds_is_an_error_with_a_way_out(warm: Yard) -> None:
    warm.hive("daemon", "stop")
    holder = sqlite3.connect(database(warm), isolation_level=None)
    try:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        done = warm.hive("list", status=1)
        assert "Traceback" not in done.err
        assert f"another program holds {database(warm)}" in done.err
    finally:
        holder.close()
    assert warm.env("auth")["state"] == "warm"


# --- who is signalled ----------------------------------------------------------------------------


def forge(yard: Yard, stranger: subprocess.Popen[bytes], *, exact: bool) -> None:
    """Make the store believe that the service's run is the stranger.

    Args:
        yard: Whose store.
        stranger: Its number is taken.
        exact: Its start time as well, as if the kernel had lied.
    """
    with contextlib.closing(sqlite3.connect(database(yard))) as store, store:
        ((run_id, record),) = store.execute("SELECT run_id, record FROM runs").fetchall()
        run = json.loads(record)
        run["identity"]["pid"] = stranger.pid
        if exact:
            run["identity"]["start_ticks"] = ticks(stranger.pid)
        changed = (json.dumps(run).encode(), run_id)
        store.execute("UPDATE runs SET record = ? WHERE run_id = ?", changed)


def ticks(pid: int) -> int:
    """Start time of a process, as the kernel counts it."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


@pytest.mark.parametrize("exact", [False, True])
def test_a_stranger_with_a_services_number_is_never_signalled(
    warm: Yard, stranger: subprocess.Popen[bytes], exact: bool
) -> None:
    own = warm.service("auth", "s")["pid"]
    warm.kill_daemon()
    os.kill(own, signal.SIGKILL)
    warm.until(lambda: not alive(own), "the service is gone")
    forge(warm, stranger, exact=exact)
    assert warm.service("auth", "s")["pid"] != stranger.pid
    warm.hive("freeze", "auth", status=None)
    warm.hive("stop", "auth")
    warm.hive("destroy", "auth", "--force")
    assert stranger.poll() is None
    assert Path(f"/proc/{stranger.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


# --- the socket ----------------------------------------------------------------------------------


def test_a_home_that_others_may_enter_is_refused_with_the_remedy(yard: Yard) -> None:
    yard.make_repo("")
    yard.home.mkdir()
    yard.home.chmod(0o777)
    done = yard.hive("list", status=1)
    assert "chmod 700" in done.err
    yard.home.chmod(0o700)
    assert yard.names() == []


def test_a_client_that_stops_reading_holds_up_nobody(warm: Yard) -> None:
    following = warm.start("events", "-f")
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        (path,) = warm.home.glob("*.sock")
        deaf.connect(str(path))
        os.kill(following.pid, signal.SIGSTOP)
        for _ in range(3):
            warm.hive("cool", "auth")
            warm.hive("warm", "auth")
        assert warm.env("auth")["state"] == "warm"
        warm.hive("daemon", "stop")
        assert warm.daemon_pid() is None
    finally:
        deaf.close()
        following.kill()
        following.communicate()


def test_another_home_sees_nothing_and_touches_nothing(warm: Yard) -> None:
    other = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
    other.repo = warm.repo
    try:
        assert other.names() == []
        assert other.hive("ports", "--json").json == {"ports": []}
        other.hive("status", "auth", status=3)
        assert other.runs() == {}
        assert "adopt" in other.hive("spawn", "auth", status=None).err or other.names() == []
    finally:
        other.close()
    assert warm.env("auth")["state"] == "warm"
    assert len(warm.runs()) == 1


def test_a_home_that_was_deleted_leaves_nothing_running(warm: Yard) -> None:
    pid = warm.daemon_pid()
    assert pid is not None
    shutil.rmtree(warm.home)
    os.kill(pid, signal.SIGTERM)  # it would start its services again, beside the next daemon
    warm.until(lambda: not alive(pid), "the daemon of the deleted home ends")
    assert warm.names() == []
    warm.until(lambda: warm.runs() == {}, "its services have ended")
    assert (warm.tree("auth") / "hive.toml").exists()
