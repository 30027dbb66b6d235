from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from hive_tui.model.errors import HiveError
from tests.unit.cli.conftest import Daemon, Run

SENT = {"env": "auth", "id": "1", "delivered": True, "queued": False, "reason": None}
QUEUED = {**SENT, "delivered": False, "queued": True, "reason": "it works"}
FAILED = {**QUEUED, "queued": False, "reason": "no turn began"}


@pytest.mark.parametrize(
    ("answer", "said", "status"),
    [
        (SENT, "auth: delivered\n", 0),
        (QUEUED, "auth: queued (1): it works\n", 0),
        (FAILED, "auth: not delivered: no turn began\n", 1),
    ],
)
def test_the_words_are_the_prompt(
    hive: Run, daemon: Daemon, answer: dict[str, object], said: str, status: int
) -> None:
    daemon.answers["agent.send"] = answer
    ended = hive("send", "auth", "fix", "it")
    assert (ended.out, ended.status) == (said, status)
    assert daemon.asked("agent.send") == [{"env": "shop/auth", "text": "fix it", "queue": True}]
    assert hive("send", "auth", "x", "--no-queue", "--json").document == answer
    assert daemon.asked("agent.send")[1]["queue"] is False


def test_a_prompt_is_read_from_standard_input(
    hive: Run, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.answers["agent.send"] = SENT
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"one\ntwo\n")))
    hive("send", "auth", "-")
    assert daemon.asked("agent.send")[0]["text"] == "one\ntwo"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"\n")))
    assert hive("send", "auth", "-").status == 2


def test_without_a_prompt_those_that_wait_are_listed(hive: Run, daemon: Daemon) -> None:
    daemon.answers["agent.queue"] = {"env": "auth", "queued": [], "held": None}
    assert hive("send", "auth").out == "auth: no prompt waits\n"
    rows = [
        {"id": "a", "text": "fix\nit " * 20, "since": "t", "problem": None},
        {"id": "b", "text": "\x1b[31mx", "since": "t", "problem": "no turn began"},
    ]
    daemon.answers["agent.queue"] = {"env": "auth", "queued": rows, "held": "it works"}
    out = hive("send", "auth").out
    assert "a  fix it fix it" in out
    assert "…" in out
    assert "not delivered: no turn began" in out
    assert "auth: it works" in out
    assert "\x1b" not in out


def test_one_that_waits_is_taken_back(hive: Run, daemon: Daemon) -> None:
    daemon.answers["agent.unqueue"] = {"env": "auth", "prompt": {}}
    assert hive("send", "auth", "--cancel", "a").out == "auth: taken back: a\n"
    assert daemon.asked("agent.unqueue") == [{"env": "shop/auth", "id": "a"}]
    assert hive("send", "auth", "--cancel", "a", "more").status == 3


def test_all_agents_get_it_and_the_worst_outcome_counts(hive: Run, daemon: Daemon) -> None:
    rows = [
        {"name": name, "project": "shop", "agent": agent}
        for name, agent in (("auth", {"kind": "x"}), ("billing", {"kind": "x"}), ("bare", None))
    ]
    daemon.answers["list"] = {"environments": rows}

    def answer(params: dict[str, object]) -> object:
        return SENT if params["env"] == "shop/auth" else HiveError("too full", env="billing")

    daemon.answers["agent.send"] = answer
    ended = hive("send", "--all", "fix", "it")
    assert ended.out == "auth: delivered\nbilling: not delivered: too full\n"
    assert ended.status == 1
    told = hive("send", "--all", "fix", "--json").document["prompts"]
    assert told[1]["error"]["message"] == "too full"
    assert hive("send", "--all").status == 2
