"""why, plan and trace, and the chart of the last two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hive_tui.cli.text import Ink, cells
from hive_tui.cli.waterfall import Bar, waterfall
from tests.unit.cli.conftest import Daemon, Run

PLAN: dict[str, Any] = {
    "transition": "warm",
    "steps": [
        {
            "name": "build",
            "kind": "task",
            "needs": [],
            "expected_s": 4.0,
            "start_s": 0.0,
            "critical": True,
        },
        {
            "name": "api",
            "kind": "service",
            "needs": ["build"],
            "expected_s": None,
            "start_s": 4.0,
            "critical": False,
        },
    ],
    "makespan_s": 5.0,
    "critical_path_s": 4.0,
    "skipped": [{"name": "seed", "reason": "inputs have not changed"}],
}
TRACE: dict[str, Any] = {
    "transition": "warm",
    "outcome": "succeeded",
    "started": "2026-01-01T10:00:00.000Z",
    "makespan_s": 8.1,
    "critical_path_s": 7.9,
    "steps": [
        {
            "name": "build",
            "kind": "task",
            "needs": [],
            "queued_s": 2.0,
            "started_s": 2.0,
            "ended_s": 8.1,
            "expected_s": 4.2,
            "outcome": "succeeded",
            "critical": True,
        },
        {
            "name": "web",
            "kind": "service",
            "needs": ["build"],
            "queued_s": 0.0,
            "started_s": None,
            "ended_s": None,
            "expected_s": None,
            "outcome": "skipped",
            "critical": False,
        },
    ],
}


def test_why_gives_source_evidence_and_what_would_change_it(hive: Run, daemon: Daemon) -> None:
    reason = {
        "cell": "service api",
        "state": "crashed",
        "since": "10:00",
        "source": "pidfd exit",
        "evidence": ["exit 1", "port 10001 closed"],
        "change": "hive restart auth api",
    }
    daemon.answers["why"] = {"reasons": [reason, reason | {"cell": "service web"}]}
    out = hive("why", "auth", "api").out
    assert "service api: crashed  since 10:00\n  source   pidfd exit\n  evidence exit 1\n" in out
    assert "\n\nservice web" in out
    assert daemon.asked("why") == [{"env": "shop/auth", "topic": "api"}]
    assert len(hive("why", "auth", "--json").document["reasons"]) == 2


def test_why_takes_a_suite_in_two_words(hive: Run, daemon: Daemon) -> None:
    daemon.answers["why"] = {"reasons": []}
    assert hive("why", "auth", "test", "unit").status == 0
    assert daemon.asked("why")[0]["topic"] == "test unit"
    assert hive("why", "auth", "api", "web").status == 2


def test_plan_shows_the_steps_and_the_critical_path(hive: Run, daemon: Daemon) -> None:
    daemon.answers["plan"] = PLAN
    first, build, api, seed = hive("plan", "auth", "warm").out.splitlines()
    assert first == "warm auth: 2 steps in about 5.0 s, critical path (*) 4.0 s"
    assert build.startswith("* build ")
    assert "needs build" in api
    assert "time not known yet" in api
    assert seed == "  seed is skipped: inputs have not changed"
    assert hive("plan", "auth", "--json").document == PLAN
    assert daemon.asked("plan")[-1]["transition"] is None


def test_an_empty_plan_says_so(hive: Run, daemon: Daemon) -> None:
    daemon.answers["plan"] = PLAN | {"steps": [], "skipped": []}
    assert hive("plan", "auth").out == "warm auth: nothing to do\n"


def test_trace_says_where_time_was_lost(hive: Run, daemon: Daemon) -> None:
    daemon.answers["trace"] = TRACE | {"lost": {"queue_s": 2.0, "spawn_s": 0.003, "other_s": 0.0}}
    first, build, web, lost = hive("trace", "auth").out.splitlines()
    assert first == "warm auth succeeded in 8.1 s, critical path (*) 7.9 s"
    assert lost == "lost on the way: waiting for a slot or a lane 2.0 s, starting processes 3 ms"
    assert "queued 2.0 s, expected 4.2 s" in build
    assert "··" in build
    assert web.split() == ["web", "skipped"]


def test_trace_with_json_is_the_contracts_document(hive: Run, daemon: Daemon) -> None:
    daemon.answers["trace"] = TRACE
    assert hive("trace", "auth", "--json").document == TRACE
    assert daemon.asked("trace") == [{"env": "shop/auth", "chrome": False, "lost": False}]


def test_trace_writes_a_file_for_trace_viewers(hive: Run, daemon: Daemon, tmp_path: Path) -> None:
    daemon.answers["trace"] = {"traceEvents": []}
    target = tmp_path / "warm.json"
    assert hive("trace", "auth", "--chrome", str(target)).status == 0
    assert json.loads(target.read_text()) == {"traceEvents": []}
    assert daemon.asked("trace") == [{"env": "shop/auth", "chrome": True}]
    assert hive("trace", "auth", "--chrome", "-").document == {"traceEvents": []}
    assert hive("trace", "auth", "--chrome", str(tmp_path / "no" / "x")).status == 1


@pytest.mark.parametrize("width", [None, 20, 60, 200])
def test_bars_stay_in_the_chart(width: int | None) -> None:
    bars = [
        Bar("a" * 50, 0.0, 3.0, critical=True),
        Bar("at the very end", 10.0, 10.0, ready_s=1.0),
        Bar("still running", 9.0, None),
        Bar("never started", None, None),
    ]
    lines = waterfall(bars, width=width, ink=Ink(False))
    assert len(lines) == 4
    assert lines[-1].strip() == "never started"
    assert max(map(cells, lines)) <= 2 + 24 + 1 + 40 + 1 + 8
    assert waterfall([], width=width, ink=Ink(False)) == []


def test_the_critical_path_is_told_apart_without_colour() -> None:
    bars = [Bar("a", 0.0, 1.0, critical=True), Bar("b", 0.0, 1.0)]
    on, off = waterfall(bars, width=None, ink=Ink(False))
    assert on.startswith("* a █")
    assert off.startswith("  b ▒")
