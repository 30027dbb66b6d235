"""A scripted daemon and a way to run command lines against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any, NamedTuple

import pytest

from hive_tui.cli.context import Context, OnEvent
from hive_tui.cli.main import guarded
from hive_tui.model.errors import HiveError, NotFoundError

Answer = Any
"""A result, a `HiveError` to raise, or a function of the parameters that gives either."""


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Daemon:
    """Answers calls from a script and remembers them."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.events: dict[str, list[Any]] = {}
        """Sent before the result of a method."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.running = True
        self.envs = ["shop/auth", "shop/billing"]
        self.inside: str | None = None
        """The env that the caller's folder belongs to."""

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Parameters of every call of a method."""
        return [params for name, params in self.calls if name == method]

    def connect(self, *, start: bool = True) -> Link:
        if not self.running and not start:
            raise HiveError("no daemon runs", code="no_daemon")
        return Link(self)

    def resolve(self, params: Mapping[str, Any]) -> dict[str, Any]:
        words = list(params["words"])
        for env in self.envs:
            if words and words[0] in (env, env.partition("/")[2]):
                return {"env": env, "rest": words[1:]}
        if self.inside:
            return {"env": self.inside, "rest": words}
        raise NotFoundError(f"no environment {words[:1]}", hint="`hive list`")


class Link:
    """One connection to the scripted daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> Any:
        params = params or {}
        self.daemon.calls.append((method, params))
        for event in self.daemon.events.get(method, ()):
            if on_event is not None:
                on_event(event)
        if method == "resolve":
            return self.daemon.resolve(params)
        if method == "envs" and method not in self.daemon.answers:
            words = params["words"] or [None]
            return {
                "envs": [
                    self.daemon.resolve({"words": [word] if word else []})["env"] for word in words
                ]
            }
        answer = self.daemon.answers[method]
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def call_raw(self, method: str, params: dict[str, Any] | None = None) -> bytes:
        return json.dumps(self.call(method, params)).encode()

    def close(self) -> None:
        return None


class Ended(NamedTuple):
    """What a command line did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as exactly one JSON document."""
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def hive(daemon: Daemon) -> Run:
    """Run a command line: `hive("list", "--json", terminal=False, environ={…})`."""

    def run(*words: str, terminal: bool = False, environ: Mapping[str, str] | None = None) -> Ended:
        made = Terminal if terminal else StringIO
        context = Context(
            cwd="/srv/tree",
            environ=environ or {"TERM": "xterm", "HIVE_HOME": "/nowhere/home"},
            connect=daemon.connect,
            out=made(),
            err=made(),
            json="--json" in words,
        )
        status = guarded(words, context)
        assert isinstance(context.out, StringIO)
        assert isinstance(context.err, StringIO)
        return Ended(status, context.out.getvalue(), context.err.getvalue())

    return run


def env_view(**changed: Any) -> dict[str, Any]:
    """One env as the daemon sends it."""
    view: dict[str, Any] = {
        "name": "auth",
        "project": "shop",
        "branch": "auth",
        "worktree": "/hive/shop/auth",
        "index": 0,
        "state": "warm",
        "wanted": "warm",
        "reason": None,
        "ports": {"base": 10000, "size": 1000, "names": {"web": 10000}},
        "services": [service("api"), service("web")],
        "tests": [suite("unit")],
        "agent": None,
        "git": {"ahead": 2, "behind": 0, "dirty": 3, "insertions": 120, "deletions": 8},
        "memory_bytes": 412_000_000,
        "cpu_percent": 3.1,
        "progress": None,
    }
    return view | changed


def service(name: str, state: str = "ready", **changed: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "name": name,
        "kind": "process",
        "state": state,
        "pid": 4242,
        "restarts": 0,
        "since": "2026-01-01T10:00:00.000Z",
        "exit_code": None,
    }
    return view | changed


def suite(name: str, state: str = "passed", **changed: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "name": name,
        "state": state,
        "passed": 41,
        "failed": 0,
        "skipped": 1,
        "duration_s": 3.2,
        "commit": "0123456789abcdef",
        "stale": False,
    }
    return view | changed


def result(env: str = "auth", outcome: str | None = "succeeded", **changed: Any) -> dict[str, Any]:
    """What the daemon answers to a transition."""
    view: dict[str, Any] = {
        "env": env,
        "transition": "warm",
        "outcome": outcome,
        "makespan_s": 8.1,
        "error": None,
    }
    return view | changed
