"""Agents in a real hive: real daemon, real terminals, real hooks, scripted programs."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

from tests.hives import alive
from tests.integration.agents.conftest import Desk


def pid_of(desk: Desk, env: str) -> int:
    """Of the program in an agent's window."""
    (row,) = desk.call("why", env=env, topic="agent")["reasons"]
    line = next(line for line in row["evidence"] if line.startswith("pid "))
    return int(line.split()[1])


def test_a_spawn_with_a_prompt_ends_with_an_agent_that_did_it(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{run:echo hi > x}{say:did}")
    agent = desk.becomes("auth", "done", "did")
    assert agent["kind"] == "claude"
    assert Path(desk.yard.env("auth")["worktree"], "x").read_text() == "hi\n"


def test_nothing_of_hive_is_written_into_the_worktree(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{say:ok}")
    desk.becomes("auth", "done")
    env = desk.yard.env("auth")
    assert env["git"]["dirty"] == 0
    there = {path.name for path in Path(env["worktree"]).iterdir()}
    assert there == {path.name for path in desk.yard.repo.iterdir()}


def test_what_belongs_to_an_agent_is_the_users_alone(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{say:ok}")
    desk.becomes("auth", "done")
    (folder,) = (desk.yard.home / "agents").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("events.jsonl", "agent.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_what_was_seen_is_idle(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{say:ok}")
    desk.becomes("auth", "done")
    assert "idle" in desk.yard.hive("agent", "seen", "auth").out + desk.state("auth")
    desk.becomes("auth", "idle")


def test_a_permission_is_answered_from_outside_and_only_once(desk: Desk) -> None:
    prompt = "{ask:touch asked}{say:finished}"
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", prompt)
    desk.becomes("auth", "waiting", "permission: Bash(touch asked)")
    ask = desk.ask("auth")
    told = desk.call("agent.answer", env="auth", ask=ask, choice="once")
    assert told == {"delivered": True, "reason": None}
    desk.becomes("auth", "done", "finished")
    assert Path(desk.yard.env("auth")["worktree"], "asked").exists()
    again = desk.call("agent.answer", env="auth", ask=ask, choice="deny")
    assert not again["delivered"]


def test_a_permission_is_denied_with_a_reason(desk: Desk) -> None:
    prompt = "{ask:touch asked}{say:finished}"
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", prompt)
    desk.becomes("auth", "waiting")
    told = desk.call(
        "agent.answer", env="auth", ask=desk.ask("auth"), choice="deny", text="not there"
    )
    assert told["delivered"]
    desk.becomes("auth", "done", "finished")
    assert not Path(desk.yard.env("auth")["worktree"], "asked").exists()


def test_a_daemon_that_was_killed_is_followed_by_one_that_knows_the_agent(desk: Desk) -> None:
    prompt = "{ask:true}{say:finished}"
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", prompt)
    before = desk.becomes("auth", "waiting")
    ask = desk.ask("auth")
    desk.yard.kill_daemon()
    after = desk.agent("auth")
    # its time comes back through two roundings, a millisecond apart at most
    assert after | {"since": None} == before | {"since": None}
    assert desk.call("agent.answer", env="auth", ask=ask, choice="once")["delivered"]
    desk.becomes("auth", "done", "finished")


def test_what_is_told_while_no_daemon_runs_is_not_lost(desk: Desk) -> None:
    gate = desk.yard.folder / "gate"
    prompt = f"{{run:until test -e {gate}; do sleep 0.02; done}}{{say:alone}}"
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", prompt)
    desk.becomes("auth", "working", "runs Bash")
    events = next((desk.yard.home / "agents").glob("*/events.jsonl"))
    desk.yard.kill_daemon()
    gate.touch()
    desk.yard.until(lambda: b'"Stop"' in events.read_bytes(), "the agent has ended its turn")
    desk.becomes("auth", "done", "alone")


def test_a_killed_agent_is_an_error_and_its_conversation_is_gone_on_with(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{say:one}")
    desk.becomes("auth", "done")
    os.kill(pid_of(desk, "auth"), signal.SIGKILL)
    desk.becomes("auth", "error", "SIGKILL")
    folder = next((desk.yard.home / "agents").iterdir())
    before = (folder / "agent.json").read_text()
    desk.yard.hive("agent", "start", "auth")
    desk.becomes("auth", "idle", "waits for a prompt")
    session = before.split('"session":"')[1].split('"')[0]
    assert session in (folder / "agent.json").read_text()


def test_a_stopped_agent_is_gone_with_all_that_it_started(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{run:sleep 1000}")
    desk.becomes("auth", "working", "sleep 1000")
    pid = pid_of(desk, "auth")
    desk.yard.hive("agent", "stop", "auth")
    desk.becomes("auth", "gone", "it was stopped")
    desk.yard.until(lambda: not alive(pid), "its program is gone")


def test_an_error_of_the_model_is_shown_and_a_hanging_agent_works(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{fail:overloaded}")
    desk.becomes("auth", "error", "overloaded")
    desk.yard.hive("spawn", "pay", "--agent", "scripted", "--prompt", "{run:true}{hang}")
    desk.becomes("pay", "working", "works on its prompt")


def test_a_generic_agent_is_known_by_its_process(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "script")
    assert desk.becomes("auth", "working", "its program runs")["kind"] == "generic"
    desk.yard.hive("agent", "interrupt", "auth")
    desk.becomes("auth", "error", "SIGINT")
    desk.yard.hive("agent", "start", "auth")
    desk.becomes("auth", "working")


def test_an_agent_whose_program_is_missing_says_so(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "missing")
    desk.becomes("auth", "error", "was not found")


def test_an_agent_runs_once(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{say:ok}")
    desk.becomes("auth", "done")
    assert "runs already" in desk.yard.hive("agent", "start", "auth", status=1).err


def test_what_cannot_be_started_is_refused_before_anything_is_made(desk: Desk) -> None:
    told = desk.yard.hive("spawn", "auth", "--agent", "nobody", status=3)
    assert "scripted" in told.err
    assert "which agent" in desk.yard.hive("spawn", "auth", "--prompt", "x", status=3).err
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--no-wait", status=2)
    assert desk.yard.names() == []


def test_an_env_without_an_agent_has_none(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth")
    assert desk.agent("auth") is None
    for words in (("stop",), ("interrupt",)):
        assert "has no agent" in desk.yard.hive("agent", *words, "auth", status=3).err
    assert "has no agent" in desk.yard.hive("why", "auth", "agent", status=3).err
    desk.yard.hive("agent", "dance", "auth", status=2)


def test_why_names_the_evidence_and_the_rule_that_won(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{ask:npm test}")
    desk.becomes("auth", "waiting")
    told = desk.yard.hive("why", "auth", "agent").out
    assert "decided by hook: asked" in told
    assert "permission: Bash(npm test)" in told


def test_a_destroyed_env_takes_its_agent_along(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{run:sleep 1000}")
    desk.becomes("auth", "working", "sleep 1000")
    pid = pid_of(desk, "auth")
    desk.yard.hive("destroy", "auth", "--force")
    desk.yard.until(lambda: not alive(pid), "its program is gone")
    assert list((desk.yard.home / "agents").iterdir()) == []


def test_an_agent_at_work_keeps_its_env_from_rest(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted", "--prompt", "{run:true}{hang}")
    desk.becomes("auth", "working")
    (row,) = desk.yard.hive("idle", "auth", "--dry-run", "--json").json["idle"]
    assert "claude is working" in str(row)


def test_a_conversation_without_a_prompt_is_begun_anew(desk: Desk) -> None:
    desk.yard.hive("spawn", "auth", "--agent", "scripted")
    desk.becomes("auth", "idle", "waits for a prompt")
    book = next((desk.yard.home / "agents").iterdir()) / "agent.json"
    before = json.loads(book.read_text())["session"]
    desk.yard.hive("agent", "stop", "auth")
    desk.becomes("auth", "gone", "it was stopped")
    desk.yard.hive("agent", "start", "auth")
    desk.becomes("auth", "idle", "waits for a prompt")
    assert json.loads(book.read_text())["session"] != before
