"""A hive with agents in it; what a test starts ends with it."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from typing import Any

import pytest

from hive_tui.client.calls import connect
from hive_tui.model.home import locate
from tests import scripted_agent
from tests.hives import DEADLINE_S, Yard

PROJECT = textwrap.dedent(
    f"""
    [agents.scripted]
    kind = "claude"
    run = "{sys.executable} {scripted_agent.__file__}"
    [agents.script]
    kind = "generic"
    run = "echo up; while read -r line; do case $line in exit*) exit ${{line#exit }};; esac; done"
    [agents.missing]
    kind = "claude"
    run = "no-such-agent --fast"
    """
)


class Desk:
    """A yard, and how its agents stand."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.deadline_s = DEADLINE_S

    def agent(self, env: str) -> dict[str, Any]:
        """As the contract shows it."""
        found: dict[str, Any] = self.yard.env(env)["agent"]
        return found

    def state(self, env: str) -> str:
        """In one word."""
        agent = self.agent(env)
        return str(agent["state"]) if agent else "none"

    def becomes(self, env: str, state: str, reason: str = "") -> dict[str, Any]:
        """Wait until an agent stands so."""

        deadline = time.monotonic() + self.deadline_s
        while True:
            agent = self.agent(env)
            if agent and agent["state"] == state and reason in agent["reason"]:
                return agent
            if time.monotonic() > deadline:
                why = self.yard.hive("why", env, "agent", status=None).out
                raise AssertionError(f"{env} never was {state} ({reason}):\n{why}")
            time.sleep(0.05)

    def call(self, method: str, **params: Any) -> Any:
        """Ask the daemon."""
        home = locate(self.yard.environ, uid=os.getuid())
        with connect(home, start=False) as link:
            return link.call(method, params)

    def ask(self, env: str) -> str:
        """Id of the first thing that an agent wants to know."""
        home = locate(self.yard.environ, uid=os.getuid())
        with connect(home, start=False) as link:
            reasons = link.call("why", {"env": env, "topic": "agent"})["reasons"]
        (row,) = reasons
        return next(
            str(line).removeprefix("asks ").split(":")[0]
            for line in row["evidence"]
            if line.startswith("asks ")
        )


@pytest.fixture
def desk(yard: Yard) -> Desk:
    """A hive whose project has agents."""
    if shutil.which("tmux") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("tmux has to be there in CI")
        pytest.skip("there is no tmux")
    yard.make_repo(PROJECT)
    return Desk(yard)
