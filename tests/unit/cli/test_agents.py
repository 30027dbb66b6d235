from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Daemon, Run

SHOWN = {"env": "auth", "agent": {"kind": "claude", "state": "starting", "reason": "starts"}}


@pytest.mark.parametrize("action", ["start", "stop", "interrupt", "seen"])
def test_each_action_is_a_method_of_the_daemon(hive: Run, daemon: Daemon, action: str) -> None:
    daemon.answers[f"agent.{action}"] = SHOWN
    ended = hive("agent", action, "auth")
    assert ended.out == "auth: claude starting\n"
    (params,) = [given for method, given in daemon.calls if method == f"agent.{action}"]
    assert params["env"] == "shop/auth"


def test_a_start_takes_an_agent_and_a_prompt(hive: Run, daemon: Daemon) -> None:
    daemon.answers["agent.start"] = SHOWN
    ended = hive("agent", "start", "auth", "--agent", "codex", "--prompt", "fix it", "--json")
    assert ended.document == SHOWN
    (params,) = [given for method, given in daemon.calls if method == "agent.start"]
    assert params == {"env": "shop/auth", "agent": "codex", "prompt": "fix it"}


@pytest.mark.parametrize("words", [(), ("dance", "auth"), ("auth",)])
def test_without_an_action_it_says_which_there_are(
    hive: Run, daemon: Daemon, words: tuple[str, ...]
) -> None:
    ended = hive("agent", *words)
    assert ended.status == 2
    assert "start, stop, interrupt, seen" in ended.err
    assert daemon.calls == []
