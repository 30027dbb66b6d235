"""Agents held at the end of a turn: real hooks, real pipes, and a daemon that may be gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hive_tui.drivers.agents import hook
from hive_tui.drivers.agents.gates import PipeGates
from hive_tui.drivers.agents.kinds import DRIVERS

STOP = b'{"session_id":"s","hook_event_name":"Stop","last_assistant_message":"done"}'
DEADLINE_S = 60.0


class Held:
    """One env's folder, and hooks that are run as an agent runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "uid"
        self.events = self.folder / "events.jsonl"
        self.gates = PipeGates(folder)
        self.hooks: list[subprocess.Popen[bytes]] = []

    def begin(self) -> subprocess.Popen[bytes]:
        """Start a hook at the end of a turn."""
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", hook.__file__, "claude", "hold"],
            env={"HIVE_EVENTS": str(self.events), "HIVE_AGENT_RUN": "run-1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.hooks.append(process)
        assert process.stdin is not None
        process.stdin.write(STOP)
        process.stdin.close()
        process.stdin = None
        return process

    def pipe(self) -> str:
        """The pipe that the newest line names, once it is there."""
        until(self.events.exists)
        until(lambda: self.events.read_bytes().endswith(b"\n"))
        line = json.loads(self.events.read_bytes().splitlines()[-1])
        return str(line.get("pipe", ""))


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    made = Held(tmp_path)
    yield made
    made.gates.close()
    for process in made.hooks:
        process.kill()
        process.communicate()


def printed(process: subprocess.Popen[bytes]) -> bytes:
    out, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    return bytes(out)


def test_without_a_daemon_it_does_not_wait(held: Held) -> None:
    assert printed(held.begin()) == b""
    assert held.pipe() == ""
    assert sorted(path.name for path in held.folder.iterdir()) == ["events.jsonl"]


def test_a_gate_that_a_dead_daemon_left_holds_nobody(held: Held) -> None:
    held.folder.mkdir()
    os.mkfifo(held.folder / hook.GATE)
    assert printed(held.begin()) == b""
    assert held.pipe() == ""


def test_it_waits_for_a_word_and_prints_it(held: Held) -> None:
    held.gates.open("uid")
    process = held.begin()
    pipe = held.pipe()
    assert held.gates.waits("uid", pipe)
    assert process.poll() is None
    assert held.gates.answer("uid", pipe, '{"decision":"block"}')
    assert printed(process) == b'{"decision":"block"}\n'
    assert not held.gates.waits("uid", pipe)
    assert not held.gates.answer("uid", pipe, "late")


def test_an_empty_word_ends_the_turn(held: Held) -> None:
    held.gates.open("uid")
    process = held.begin()
    assert held.gates.answer("uid", held.pipe(), "")
    assert printed(process) == b""


def test_the_end_of_the_daemon_lets_it_go_at_once(held: Held) -> None:
    held.gates.open("uid")
    process = held.begin()
    assert held.pipe()
    held.gates.close()  # as the kernel does with what a process had open
    assert printed(process) == b""
    assert sorted(path.name for path in held.folder.iterdir()) == ["events.jsonl"]


def test_the_longest_text_that_is_told_passes_whole(held: Held) -> None:
    held.gates.open("uid")
    process = held.begin()
    body = DRIVERS["claude"].goes_on("\u20ac" * 6_000)
    assert body is not None
    assert held.gates.answer("uid", held.pipe(), body)
    assert json.loads(printed(process))["reason"] == "\u20ac" * 6_000


@pytest.mark.parametrize("name", ["../uid/ask-1", "events.jsonl", "ask-../x", ""])
def test_a_pipe_of_another_name_is_none(held: Held, name: str) -> None:
    held.gates.open("uid")
    assert not held.gates.waits("uid", name)
    assert not held.gates.answer("uid", name, "x")


def test_each_kind_says_go_on_in_its_own_way() -> None:
    said = {kind: driver.goes_on("mend it") for kind, driver in DRIVERS.items()}
    decisions = {kind: json.loads(body)["decision"] for kind, body in said.items() if body}
    assert decisions == {"claude": "block", "codex": "block", "gemini": "deny"}
