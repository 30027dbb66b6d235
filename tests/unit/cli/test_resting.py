"""pin, unpin, idle, and what warm asks for where there may be no room."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.conftest import Daemon, Run, result

IDLE: list[dict[str, Any]] = [
    {
        "env": "auth",
        "project": "shop",
        "wanted": "warm",
        "idle_s": 720.0,
        "last": "hive logs",
        "pinned": False,
        "next": "freeze",
        "in_s": 1080.0,
        "blocked": None,
        "words": "in 18 min it is frozen",
    },
    {
        "env": "billing",
        "project": "shop",
        "wanted": "frozen",
        "idle_s": 0.0,
        "last": "pin",
        "pinned": True,
        "next": "cool",
        "in_s": 7200.0,
        "blocked": "it is pinned",
        "words": "it is left as it is: it is pinned",
    },
]


@pytest.mark.parametrize(
    ("flag", "way"), [("--make-room", "make"), ("--wait", "wait"), ("--over-limit", "over")]
)
def test_warm_and_spawn_say_what_is_to_happen_without_room(
    hive: Run, daemon: Daemon, flag: str, way: str
) -> None:
    daemon.answers["transition"] = result(transition="warm")
    daemon.answers["spawn"] = result(transition="warm")
    assert hive("warm", "auth", flag).status == 0
    assert daemon.asked("transition")[-1]["room"] == way
    assert hive("spawn", "auth", "--warm", flag).status == 0
    assert daemon.asked("spawn")[-1]["room"] == way


def test_two_ways_at_once_are_wrong_usage(hive: Run, daemon: Daemon) -> None:
    ended = hive("warm", "auth", "--make-room", "--wait")
    assert ended.status == 2
    assert "exclude each other" in ended.err
    assert daemon.asked("transition") == []


def test_idle_shows_what_happens_and_does_it_unless_told_not_to(hive: Run, daemon: Daemon) -> None:
    daemon.answers["idle"] = {"idle": IDLE}
    ended = hive("idle", "--dry-run")
    assert ended.out.splitlines()[1:] == [
        "auth     warm             12 min  hive logs        in 18 min it is frozen",
        "billing  frozen (pinned)  -       pin              it is left as it is: it is pinned",
    ]
    assert daemon.asked("idle") == [{"env": None, "dry_run": True}]
    assert hive("idle", "--json").document == {"idle": IDLE}
    assert daemon.asked("idle")[-1] == {"env": None, "dry_run": False}


@pytest.mark.parametrize(("command", "pinned"), [("pin", True), ("unpin", False)])
def test_pin_and_unpin_take_several_envs(
    hive: Run, daemon: Daemon, command: str, pinned: bool
) -> None:
    daemon.answers["pin"] = lambda params: {"env": params["env"], "pinned": params["pinned"]}
    ended = hive(command, "auth", "--json")
    assert ended.document == {"pinned": [{"env": "shop/auth", "pinned": pinned}]}
    assert daemon.asked("pin") == [{"env": "shop/auth", "pinned": pinned}]
