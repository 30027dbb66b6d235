"""Starting the daemon where none runs, once however many ask. The daemon detaches itself."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hive_tui.client.calls import NoDaemonError, dial
from hive_tui.model.errors import HiveError, from_wire
from hive_tui.model.framing import READY_FD
from hive_tui.model.home import Home, locate

DAEMON: tuple[str, ...] = (sys.executable, "-P", "-m", "hive_tui.daemon")

_KEPT = frozenset({"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"}) | {
    "SSH_AUTH_SOCK",
    "HIVE_HOME",
    "HIVE_PROXY_PORT",
    "HIVE_SLOTS",
    "HIVE_SUBNETS",
    "HIVE_TERMINALS",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
}
_KEPT_PREFIXES = ("LC_", "XDG_", "HIVE_FAULT")
_POLL_S = 0.02
_QUOTED_LINES = 5


def ensure(home: Home, *, timeout_s: float = 10.0, argv: Sequence[str] = DAEMON) -> None:
    """Return once a daemon serves, after starting one if need be.

    Those who ask at the same time wait for the first of them. Should two daemons still be started,
    the home's lock lets one live.

    Args:
        home: Whose daemon.
        timeout_s: How long it may take in all.
        argv: Command line of the daemon.

    Raises:
        HiveError: It did not get ready in time, ended, or said why it cannot serve.
    """
    deadline = time.monotonic() + timeout_s
    if _serves(home):
        return
    turn = _turn(home)
    try:
        while not _taken(turn):
            if _serves(home):
                return
            if time.monotonic() > deadline:
                raise _late(home, timeout_s)
            time.sleep(_POLL_S)
        if not _serves(home):
            _launch(home, argv, deadline, timeout_s)
    finally:
        os.close(turn)


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """What a daemon may know of its first caller: nothing that belongs to one terminal."""
    return {
        name: value
        for name, value in environ.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }


def _serves(home: Home) -> bool:
    try:
        dial(home).close()
    except NoDaemonError:
        return False
    return True


def _turn(home: Home) -> int:
    """Open the file by which clients take turns."""
    try:
        home.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(home.state / "starting.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HiveError(
            f"cannot write to {home.state}: {error.strerror}",
            hint="set HIVE_HOME to a folder of your own",
            code="state_readonly",
        ) from None


def _taken(turn: int) -> bool:
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _launch(home: Home, argv: Sequence[str], deadline: float, timeout_s: float) -> None:
    environ = clean(os.environ)
    if locate(environ, uid=os.getuid()) != home or "HIVE_HOME" in environ:
        environ["HIVE_HOME"] = str(home.state)
    log = os.open(
        home.daemon_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, mode=0o600
    )
    start = os.fstat(log).st_size
    ready, told = os.pipe()
    try:
        process = subprocess.Popen(
            argv,
            cwd="/",
            env={**environ, READY_FD: str(told)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(told,),
        )
        os.close(told)
        told = -1
        answer = _answer(ready, deadline)
        _settle(process, late=answer is None)
    finally:
        os.close(ready)
        os.close(log)
        if told >= 0:
            os.close(told)
    if answer is None:
        raise _late(home, timeout_s)
    if not answer:
        raise _ended(home.daemon_log, start)
    if answer != "ok":
        raise from_wire(json.loads(answer))


def _settle(process: subprocess.Popen[bytes], *, late: bool) -> None:
    """Reap the first process, which ends when the daemon detaches; one that never did is ended."""
    try:
        process.wait(0.0 if late else 1.0)
    except subprocess.TimeoutExpired:
        if late:
            process.kill()
            process.wait()


def _answer(ready: int, deadline: float) -> str | None:
    """The daemon's line; "" where it ended without one; `None` where time ran out."""
    said = b""
    while not said.endswith(b"\n"):
        if not select.select([ready], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return None
        if not (part := os.read(ready, 65536)):
            return ""
        said += part
    return said.decode().strip()


def _late(home: Home, timeout_s: float) -> HiveError:
    return HiveError(
        f"the daemon was not ready within {timeout_s:g} s",
        hint=f"try again; {home.daemon_log} says what it is doing",
        code="daemon_slow",
    )


def _ended(log: Path, start: int) -> HiveError:
    """The daemon ended before it was ready: quote what it wrote since `start`."""
    with log.open("rb") as written:
        written.seek(max(start, log.stat().st_size - 4096))
        said = written.read().decode(errors="replace").splitlines()[-_QUOTED_LINES:]
    quoted = "".join(f"\n  {line}" for line in said)
    return HiveError(
        f"the daemon ended before it was ready{':' if said else ''}{quoted}",
        hint=f"the rest is in {log}",
        code="daemon_failed",
    )
