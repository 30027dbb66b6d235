"""A hive whose agents play scripts at a real prompt line, in either host of terminals."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hives import Yard
from tests.integration.agents.conftest import Desk

ACTING = f"{sys.executable} -P -m hive_tui.demo.acting"
ODD = """
import sys
from hive_tui.demo.acting import __main__, actor, screen

enters = []
key = screen.Screen._key

def odd_key(self, pressed):
    if pressed in "\\r\\n" and not self._pasting and KIND == "slow":
        enters.append(pressed)
        if len(enters) == 1:
            return
    key(self, pressed)
    if KIND == "asking" and self._draft and not enters:
        enters.append(pressed)
        self.prompts.append("by itself")

screen.Screen._key = odd_key
if KIND == "deaf":
    actor.Actor._play = lambda self, prompt: None
sys.exit(__main__.main())
"""
"""Agents that do not take a prompt as they should: `KIND` is `deaf`, `slow` or `asking`."""
DONE: list[list[Any]] = [["done", "ok"]]


class Stage(Desk):
    """The desk, and the scripts of its agents."""

    def __init__(self, yard: Yard) -> None:
        super().__init__(yard)
        self.script = yard.folder / "script.json"
        self.gate = yard.folder / "gate"
        self.lines = yard.folder / "lines"
        self.plays(DONE)
        yard.make_repo(
            f"""
            [agents.actor]
            kind = "claude"
            run = "{ACTING} {self.script}"
            [agents.deaf]
            kind = "claude"
            run = "{self.odd("deaf")}"
            [agents.slow]
            kind = "claude"
            run = "{self.odd("slow")}"
            [agents.asking]
            kind = "claude"
            run = "{self.odd("asking")}"
            [agents.shell]
            kind = "generic"
            run = "while read -r line; do echo \\"$line\\" >> {self.lines}; done"
            """
        )

    def odd(self, kind: str) -> str:
        """Write an agent that does not take a prompt as it should; its command."""
        program = self.yard.folder / f"{kind}.py"
        program.write_text(f"KIND = {kind!r}\n{ODD}")
        return f"{sys.executable} -P {program} {self.script}"

    def plays(self, *turns: list[list[Any]]) -> None:
        """Write the script of all agents that are started from now on."""
        self.script.write_text(json.dumps({"turns": turns}))

    def waits(self) -> list[Any]:
        """A step that ends once the gate is open."""
        return ["run", f"until test -e {self.gate}; do sleep 0.02; done"]

    def spawn(self, env: str = "auth", agent: str = "actor", *words: str) -> None:
        """Make an env with an agent that waits for its first prompt."""
        self.yard.hive("spawn", env, "--agent", agent, *words)

    def folder(self, env: str = "auth") -> Path:
        """Of the env's agent."""
        (book,) = (self.yard.home / "agents").glob("*/agent.json")
        return book.parent

    def taken(self) -> list[str]:
        """All prompts that the one agent took, as it says."""
        told: list[str] = []
        for path in self.folder().glob("*.jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                if record.get("type") == "user":
                    told += [part["text"] for part in record["message"]["content"]]
        return told

    def send(self, text: str, env: str = "auth", **more: Any) -> dict[str, Any]:
        """As the dashboard sends it."""
        sent: dict[str, Any] = self.call("agent.send", env=env, text=text, **more)
        return sent

    def queue(self, env: str = "auth") -> dict[str, Any]:
        """What waits."""
        found: dict[str, Any] = self.call("agent.queue", env=env)
        return found


@pytest.fixture(params=["tmux", "pty"])
def stage(request: pytest.FixtureRequest, yard: Yard) -> Iterator[Stage]:
    """The stage over either host."""
    if request.param == "tmux" and shutil.which("tmux") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("tmux has to be there in CI")
        pytest.skip("there is no tmux")
    yard.extra = {"HIVE_TERMINALS": request.param}
    made = Stage(yard)
    yield made
    made.gate.touch()
    for env in yard.names():  # with its terminals, which outlive the daemon
        yard.hive("destroy", env, "--force", status=None)
