"""A hive of a test's own: repository, home, command line; and nothing left of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hive_tui.daemon.composition import home_tag
from hive_tui.drivers.processes import LocalProcesses
from hive_tui.model.home import locate

DEADLINE_S = 60.0
"""How long a test waits for something that should be so; far more than it ever takes."""

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=0")


class Done:
    """How a command ended."""

    def __init__(self, command: tuple[str, ...], status: int, out: str, err: str) -> None:
        self.command = command
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    def __repr__(self) -> str:
        return f"{' '.join(self.command)} -> {self.status}\n{self.out}\n{self.err}"


class Yard:
    """A repository with a hive.toml, and a hive home, under one temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = folder / "shop"
        self.home = folder / "home"
        self.trees = folder / "trees"
        self._places: list[socket.socket] = []
        self.extra: dict[str, str] = {}
        """More variables for the commands, and so for the daemon that they start."""

    def port_base(self, block: int = 10) -> int:
        """First of ten blocks of ports that no other test gets while this yard is open.

        The claim is a listening socket on the port before them.
        """
        places = range(20_000, 32_000 - 10 * block, 10 * block + 10)
        for claim in random.sample(places, len(places)):
            place = socket.socket()
            try:
                place.bind(("127.0.0.1", claim))
            except OSError:
                place.close()
                continue
            place.listen()
            self._places.append(place)
            return claim + 1
        raise AssertionError("no ports are left")

    # --- the repository ----------------------------------------------------------------------

    def make_repo(self, toml: str, files: Mapping[str, str] | None = None) -> None:
        """Make the repository with one commit on `main`."""
        self.repo.mkdir()
        self.git("init", "-q", "-b", "main")
        self.write_toml(toml)
        for name, text in (files or {}).items():
            self.write(name, text)
        self.write(".gitignore", ".data/\n")
        self.commit("first")

    def write_toml(self, toml: str) -> None:
        """Write hive.toml with worktrees inside this yard."""
        head = f'[project]\nname = "shop"\nworktrees = "{self.trees}/{{{{env}}}}"\n'
        if "spares" not in toml:
            head += "spares = 0\n"
        self.write("hive.toml", head + textwrap.dedent(toml))

    def write(self, name: str, text: str) -> None:
        """Write a file of the repository."""
        path = self.repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", message)

    def git(self, *args: str, cwd: Path | None = None) -> str:
        """Run git in the repository; its output."""
        found = subprocess.run(
            [*GIT, *args],
            cwd=cwd or self.repo,
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        return found.stdout

    def tree(self, env: str) -> Path:
        """Worktree of an env."""
        return self.trees / env

    # --- the command line --------------------------------------------------------------------

    @property
    def environ(self) -> dict[str, str]:
        """Environment of the commands."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "HIVE_HOME": str(self.home),
            "LANG": "C.UTF-8",
            "HIVE_PROXY_PORT": "0",  # the well-known port is one for the whole machine
            **self.extra,
        }

    def start(self, *args: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Begin a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "hive_tui", *args],
            cwd=cwd or self.repo,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hive(self, *args: str, cwd: Path | None = None, status: int | None = 0) -> Done:
        """Run a command to its end.

        Args:
            args: Words after `hive`.
            cwd: Folder; the repository where left out.
            status: What its exit status has to be; `None` accepts any.
        """
        process = self.start(*args, cwd=cwd)
        try:
            out, err = process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"hive {' '.join(args)} hung\n{out}\n{err}") from None
        done = Done(args, process.returncode, out, err)
        assert status is None or done.status == status, done
        return done

    def env(self, name: str) -> dict[str, Any]:
        """One env as `hive status --json` has it."""
        found: dict[str, Any] = self.hive("status", name, "--json").json["environment"]
        return found

    def service(self, env: str, name: str) -> dict[str, Any]:
        """One service of an env."""
        return next(s for s in self.env(env)["services"] if s["name"] == name)

    def names(self) -> list[str]:
        """Names of all envs."""
        return [e["name"] for e in self.hive("list", "--json").json["environments"]]

    def events(self) -> list[dict[str, Any]]:
        """The event log."""
        return [json.loads(line) for line in self.hive("events").out.splitlines()]

    # --- the daemon and what it started --------------------------------------------------------

    def daemon_pid(self) -> int | None:
        """Pid of the daemon; `None` where none runs."""
        status = self.hive("daemon", "status", "--json").json
        return int(status["pid"]) if status["running"] else None

    def kill_daemon(self) -> None:
        """End the daemon as a power cut would."""
        pid = self.daemon_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: not alive(pid), "the daemon is gone")

    def runs(self) -> dict[str, Any]:
        """Processes of this home that live, by run id."""
        home = locate(self.environ, uid=os.getuid())

        async def find() -> dict[str, Any]:
            return dict(LocalProcesses(home_tag(home)).find())

        return asyncio.run(find())

    def until(self, true: Callable[[], object], what: str) -> None:
        """Wait for a condition, up to the deadline."""
        deadline = time.monotonic() + DEADLINE_S
        while not true():
            assert time.monotonic() < deadline, f"never so: {what}"
            time.sleep(0.02)

    def close(self) -> None:
        """End the daemon and every process of this home, then remove all folders."""
        home = locate(self.environ, uid=os.getuid())
        if home.socket.exists():
            self.extra = {}
            self.hive("daemon", "stop", cwd=self.folder, status=None)
        if home.tmux.exists():
            kill = ("tmux", "-S", str(home.tmux), "kill-server")
            subprocess.run(kill, capture_output=True, check=False)
        asyncio.run(_end_all(home_tag(home)))
        for place in self._places:
            place.close()
        shutil.rmtree(self.folder, ignore_errors=True)


async def _end_all(tag: str) -> None:
    processes = LocalProcesses(tag)
    for identity in processes.find().values():
        await processes.stop(identity, signal.SIGKILL, 0.1)
    mark = f"HIVE_RUN_ID={tag}.".encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):  # those whose leader a test has killed
        with contextlib.suppress(OSError):
            if mark in environ.read_bytes():
                os.kill(int(environ.parent.name), signal.SIGKILL)


def alive(pid: int) -> bool:
    """True while a process lives and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


SERVER = textwrap.dedent(
    """
    import http.server, sys
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
        def log_message(self, *args):
            pass
    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = True
    Server(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
    """
)
"""A web server in Python: `python server.py PORT`."""
