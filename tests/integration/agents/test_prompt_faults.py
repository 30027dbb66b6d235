"""Prompts that go wrong: none is lost, none is given twice, and each says why."""

from __future__ import annotations

import json

import pytest

from hive_tui.engine.agents.prompting import CUT_OFF
from tests.integration.agents.stage import DONE, Stage, stage

__all__ = ["stage"]


def test_one_that_begins_no_turn_stays_with_its_reason_and_holds_up_no_other(stage: Stage) -> None:
    stage.spawn("auth", "deaf")
    stage.becomes("auth", "idle")
    sent = stage.send("fix it")
    assert not sent["delivered"]
    assert not sent["queued"]
    assert "no turn began" in sent["reason"]
    (row,) = stage.queue()["queued"]
    assert row["problem"] == sent["reason"]
    assert row["text"] == "fix it"
    stage.yard.kill_daemon()
    stage.yard.hive("list")
    (row,) = stage.queue()["queued"]
    assert row["problem"] == sent["reason"]
    assert "not delivered: its prompt line" in stage.yard.hive("why", "auth", "agent").out
    stage.call("agent.unqueue", env="auth", id=row["id"])
    assert stage.queue()["queued"] == []


def test_an_enter_that_came_too_soon_is_pressed_once_more(stage: Stage) -> None:
    stage.spawn("auth", "slow")
    stage.becomes("auth", "idle")
    assert stage.send("fix it")["delivered"]
    stage.becomes("auth", "done")
    assert stage.taken() == ["fix it"]


def test_no_enter_answers_a_dialog_that_came_up_meanwhile(stage: Stage) -> None:
    stage.plays([["ask", "touch asked"], *DONE], DONE)
    stage.spawn("auth", "asking")
    stage.becomes("auth", "idle")
    sent = stage.send("fix it")
    assert not sent["delivered"]
    assert "dialog" in sent["reason"]
    assert stage.agent("auth")["state"] == "waiting"
    assert not (stage.yard.tree("auth") / "asked").exists()


@pytest.mark.parametrize("garbage", [b"[{", b"\xff\xfe", b'[{"id": 1}]'])
def test_a_queue_that_cannot_be_read_is_put_aside(stage: Stage, garbage: bytes) -> None:
    stage.spawn()
    stage.becomes("auth", "idle")
    (stage.folder() / "prompts.json").write_bytes(garbage)
    stage.yard.kill_daemon()
    stage.yard.hive("list")
    stage.becomes("auth", "idle")
    assert stage.queue()["queued"] == []
    assert stage.send("fix it")["delivered"]
    assert (stage.folder() / "prompts.json.unreadable").read_bytes() == garbage


def test_what_was_under_way_as_the_daemon_was_killed_is_not_given_again(stage: Stage) -> None:
    stage.spawn("auth", "deaf")
    stage.becomes("auth", "idle")
    waiting = stage.yard.start("send", "auth", "fix it")
    kept = stage.folder() / "prompts.json"
    stage.yard.until(
        lambda: kept.exists() and json.loads(kept.read_bytes())[0]["tried_at"], "tried"
    )
    stage.yard.kill_daemon()
    waiting.communicate()
    stage.yard.hive("list")
    (row,) = stage.queue()["queued"]
    assert row["problem"] == CUT_OFF
