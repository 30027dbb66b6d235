"""Real `hive` processes against a scripted daemon on a real socket."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hive_tui.model.framing import PROTOCOL
from hive_tui.model.home import locate

ROOT = Path(__file__).resolve().parents[3]
HIVE = (sys.executable, "-m", "hive_tui")


class Hang(Exception):  # noqa: N818 - not an error: the script's word for "never answer"
    """Raised by an answer: the call stays open until the client hangs up."""


class ScriptedDaemon:
    """Speaks the wire protocol and answers from a script; serves each connection in a thread."""

    def __init__(self, path: Path) -> None:
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.events: dict[str, list[Any]] = {}
        self.calls: list[str] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._links: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Hang up on everybody and wait for the threads."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for link in self._links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
            finally:
                link.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self._links.append(link)
            thread = threading.Thread(target=self._serve, args=(link,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, link: socket.socket) -> None:
        try:
            with link.makefile("rwb") as stream:
                stream.readline()
                _say(stream, {"version": "0.1.0", "protocol": PROTOCOL, "pid": 1, "home": ""})
                for line in stream:
                    self._answer(stream, json.loads(line))
        except OSError:
            return
        finally:
            link.close()

    def _answer(self, stream: Any, request: dict[str, Any]) -> None:
        method, number = request["method"], request["id"]
        self.calls.append(method)
        for event in self.events.get(method, ()):
            _say(stream, {"id": number, "event": event})
        try:
            result = self.answers[method](request["params"])
        except Hang:
            return
        _say(stream, {"id": number, "result": result, "done": True})


def _say(stream: Any, message: Any) -> None:
    stream.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    stream.flush()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """What a `hive` process of a test sees."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HIVE_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
    }


@pytest.fixture
def daemon(home: Path, environ: dict[str, str]) -> Iterator[ScriptedDaemon]:
    made = ScriptedDaemon(locate(environ, uid=os.getuid()).socket)
    made.answers["resolve"] = lambda params: {"env": "shop/auth", "rest": params["words"][1:]}
    made.answers["envs"] = lambda params: {"envs": [f"shop/{word}" for word in params["words"]]}
    yield made
    made.close()


Hive = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def hive(environ: dict[str, str], tmp_path: Path) -> Hive:
    """Run `hive WORDS…` to its end."""

    def run(*words: str, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*HIVE, *words],
            cwd=tmp_path,
            env=environ | changed,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    return run
