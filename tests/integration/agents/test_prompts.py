"""Prompts in a real hive: given at a real prompt line, kept, and never typed over anything."""

from __future__ import annotations

import json
import stat

from tests.conftest import OnTerminal
from tests.integration.agents.stage import DONE, Stage, stage

__all__ = ["stage"]

F12 = "\x1b[24~"


def test_a_prompt_reaches_an_agent_that_waits_for_one(stage: Stage) -> None:
    stage.spawn()
    stage.becomes("auth", "idle")
    told = stage.yard.hive("send", "auth", "fix", "it").out
    assert told == "auth: delivered\n"
    stage.becomes("auth", "done")
    assert stage.taken() == ["fix it"]
    assert stage.queue()["queued"] == []


def test_many_lines_arrive_as_one_prompt_and_without_control_codes(stage: Stage) -> None:
    stage.spawn()
    stage.becomes("auth", "idle")
    sent = stage.send("one\r\ntwo\x1b[201~\x03\n\x1b]0;title\x07\tthree \x1b[31mred\x1b[0m ‮é🙂\n\n")
    assert sent["delivered"], sent
    stage.becomes("auth", "done")
    assert stage.taken() == ["one\ntwo\n\tthree red ‮é🙂"]


def test_a_long_prompt_arrives_whole(stage: Stage) -> None:
    stage.spawn()
    stage.becomes("auth", "idle")
    text = "\n".join(f"line {at} of a long prompt" for at in range(3000))
    sent = stage.send(text)
    assert sent["delivered"], sent
    stage.becomes("auth", "done")
    assert stage.taken() == [text]


def test_a_first_prompt_too_long_for_a_command_line_comes_after_the_start(stage: Stage) -> None:
    text = "\n".join(f"line {at} of a long prompt" for at in range(3000))
    stage.spawn("auth", "actor", "--prompt", text)
    stage.becomes("auth", "done")
    assert stage.taken() == [text]


def test_prompts_wait_for_the_end_of_the_turn_and_come_one_by_one(stage: Stage) -> None:
    stage.plays([stage.waits(), *DONE], DONE)
    stage.spawn("auth", "actor", "--prompt", "begin")
    stage.becomes("auth", "working", "runs Bash")
    first, second = stage.send("second"), stage.send("third")
    assert first["queued"]
    assert not first["delivered"]
    assert "turn" in first["reason"]
    assert "1 before it" in second["reason"]
    assert [row["text"] for row in stage.queue()["queued"]] == ["second", "third"]
    assert "waits since" in stage.yard.hive("why", "auth", "agent").out
    stage.gate.touch()
    stage.yard.until(lambda: stage.queue()["queued"] == [], "all were delivered")
    stage.becomes("auth", "done")
    assert stage.taken() == ["begin", "second", "third"]


def test_a_queue_outlives_the_daemon_and_is_the_users_alone(stage: Stage) -> None:
    stage.plays([stage.waits(), *DONE], DONE)
    stage.spawn("auth", "actor", "--prompt", "begin")
    stage.becomes("auth", "working", "runs Bash")
    stage.send("second")
    assert stat.S_IMODE((stage.folder() / "prompts.json").stat().st_mode) == 0o600
    stage.yard.kill_daemon()
    stage.gate.touch()
    stage.yard.hive("list")
    stage.yard.until(lambda: stage.queue()["queued"] == [], "it was delivered")
    stage.becomes("auth", "done")
    assert stage.taken() == ["begin", "second"]


def test_a_prompt_is_taken_back_while_it_waits(stage: Stage) -> None:
    stage.plays([stage.waits(), *DONE])
    stage.spawn("auth", "actor", "--prompt", "begin")
    stage.becomes("auth", "working", "runs Bash")
    sent = stage.send("second")
    assert sent["id"] in stage.yard.hive("send", "auth").out
    stage.yard.hive("send", "auth", "--cancel", sent["id"])
    assert "no prompt waits" in stage.yard.hive("send", "auth").out
    assert "no prompt" in stage.yard.hive("send", "auth", "--cancel", sent["id"], status=3).err
    refused = stage.yard.hive("send", "auth", "third", "--no-queue", status=1).out
    assert "not delivered: it works" in refused
    stage.gate.touch()
    stage.becomes("auth", "done")
    assert stage.taken() == ["begin"]


def test_nothing_is_typed_into_a_dialog(stage: Stage) -> None:
    stage.plays([["ask", "touch asked"], *DONE], DONE)
    stage.spawn("auth", "actor", "--prompt", "begin")
    stage.becomes("auth", "waiting")
    sent = stage.send("1")
    assert sent["queued"]
    assert "answer" in sent["reason"]
    assert not (stage.yard.tree("auth") / "asked").exists()
    stage.call("agent.answer", env="auth", ask=stage.ask("auth"), choice="deny")
    stage.yard.until(lambda: stage.queue()["queued"] == [], "it was delivered")
    stage.becomes("auth", "done")
    assert stage.taken() == ["begin", "1"]
    assert not (stage.yard.tree("auth") / "asked").exists()


def test_nothing_is_typed_over_a_persons_draft(stage: Stage, on_terminal: OnTerminal) -> None:
    stage.spawn()
    stage.becomes("auth", "idle")
    person = on_terminal("open", "auth", "agent")
    person.press("half a tho")
    person.until_shown("> half a tho")
    person.press(F12)
    assert person.ended() == 0
    sent = stage.send("fix it")
    assert sent["queued"]
    assert "half a tho" in sent["reason"]
    again = on_terminal("open", "auth", "agent")
    again.until_shown("> half a tho")
    again.press("ught", "enter")
    again.until_shown("● ok")
    again.press(F12)
    stage.yard.until(lambda: stage.queue()["queued"] == [], "it was delivered")
    stage.becomes("auth", "done")
    assert stage.taken() == ["half a thought", "fix it"]


def test_a_person_who_only_looks_holds_nothing_back(stage: Stage, on_terminal: OnTerminal) -> None:
    stage.spawn()
    stage.becomes("auth", "idle")
    person = on_terminal("open", "auth", "agent")
    person.until_shown("enter prompts")
    stage.send("fix it")  # what is drawn anew as somebody comes may hold it back for a moment
    person.until_shown("● ok")
    assert stage.taken() == ["fix it"]


def test_a_command_of_the_agents_own_is_typed(stage: Stage) -> None:
    stage.spawn()
    stage.becomes("auth", "idle")
    assert stage.send("/review it; 'now' #1")["delivered"]
    stage.becomes("auth", "done")
    assert stage.taken() == ["/review it; 'now' #1"]


def test_after_an_error_only_what_was_asked_since_is_given(stage: Stage) -> None:
    stage.plays([stage.waits(), ["fail", "rate_limit"]], DONE)
    stage.spawn("auth", "actor", "--prompt", "begin")
    stage.becomes("auth", "working", "runs Bash")
    stage.send("waited")
    stage.gate.touch()
    stage.becomes("auth", "error", "rate_limit")
    assert [row["text"] for row in stage.queue()["queued"]] == ["waited"]
    assert stage.send("go on")["delivered"]
    stage.yard.until(lambda: stage.queue()["queued"] == [], "the other one followed")
    stage.becomes("auth", "done")
    assert stage.taken() == ["begin", "go on", "waited"]


def test_an_agent_that_ended_gets_it_when_it_goes_on(stage: Stage) -> None:
    stage.spawn()
    stage.becomes("auth", "idle")
    stage.yard.hive("agent", "stop", "auth")
    stage.becomes("auth", "gone")
    sent = stage.send("fix it")
    assert sent["queued"]
    assert "does not run" in sent["reason"]
    stage.yard.hive("agent", "start", "auth")
    stage.becomes("auth", "done")
    assert stage.taken() == ["fix it"]


def test_a_generic_agent_gets_lines(stage: Stage) -> None:
    stage.spawn("auth", "shell")
    stage.becomes("auth", "working")
    sent = stage.send("one\ntwo")
    assert sent["delivered"]
    assert "nobody knows" in sent["reason"]
    stage.yard.until(lambda: stage.lines.exists() and "two" in stage.lines.read_text(), "it read")
    assert stage.lines.read_text() == "one\ntwo\n"


def test_a_prompt_for_all_reaches_each_agent(stage: Stage) -> None:
    stage.spawn("auth", "shell")
    stage.spawn("pay", "shell")
    stage.yard.hive("spawn", "bare")
    for env in ("auth", "pay"):
        stage.becomes(env, "working")
    told = stage.yard.hive("send", "--all", "hello", "there", "--json").json["prompts"]
    assert {row["env"] for row in told if row["delivered"]} == {"auth", "pay"}
    stage.yard.until(lambda: stage.lines.read_text() == "hello there\n" * 2, "both read it")


def test_what_is_no_prompt_is_refused(stage: Stage) -> None:
    stage.yard.hive("spawn", "auth")
    assert "no agent" in stage.yard.hive("send", "auth", "x", status=3).err
    assert "no agent" in stage.yard.hive("send", "--all", "x", status=3).err
    stage.yard.hive("agent", "start", "auth", "--agent", "actor")
    stage.becomes("auth", "idle")
    assert "empty" in stage.yard.hive("send", "auth", "\x1b[31m\x07", status=2).err
    answer = stage.yard.hive("send", "auth", "\x1b[31m", "--json", status=2).json
    assert answer["error"]["code"] == "no_prompt"
    assert json.loads((stage.folder() / "agent.json").read_text())["prompted"] is False
