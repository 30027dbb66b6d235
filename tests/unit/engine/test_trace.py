"""Traces and previews as other programs read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_tui.engine.trace import chrome, contract, lost, preview
from hive_tui.model.plan import Outcome, Plan, Step, StepKind, StepTrace, Trace, Transition

SPANS = {
    "task:build": (0.0, 0.0, 4.0),
    "task:lint": (0.0, 4.5, 6.0),
    "prepare:db": (0.0, 0.0, 0.1),
    "start:db": (0.1, 0.1, 0.3),
    "ready:db": (0.3, 0.3, 2.0),
    "prepare:api": (0.0, 0.0, 0.1),
    "start:api": (4.0, 4.2, 4.3),
    "ready:api": (4.3, 4.3, 8.0),
}
"""Step -> when it was eligible, started and ended."""

NEEDS = {
    "start:db": ("prepare:db",),
    "ready:db": ("start:db",),
    "start:api": ("prepare:api", "ready:db", "task:build"),
    "ready:api": ("start:api",),
}


def node(id: str, **changes: Any) -> StepTrace:
    kind, target = id.split(":")
    eligible_s, started_s, ended_s = SPANS[id]
    values: dict[str, Any] = {
        "outcome": Outcome.SUCCEEDED,
        "eligible_s": eligible_s,
        "started_s": started_s,
        "ended_s": ended_s,
    }
    return StepTrace(
        id=id, kind=StepKind(kind), target=target, needs=NEEDS.get(id, ()), **(values | changes)
    )


def warm(**changes: dict[str, Any]) -> Trace:
    return Trace(
        env="shop/auth",
        transition=Transition.WARM,
        outcome=Outcome.SUCCEEDED,
        started=1_767_261_600.25,
        makespan_s=8.0,
        steps=tuple(node(key, **changes.get(key.replace(":", "_"), {})) for key in SPANS),
        slots=2,
    )


def rows(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in document["steps"]}


def test_a_trace_has_the_fields_of_the_contract_and_no_others() -> None:
    document = contract(warm())
    assert list(document) == [
        "transition",
        "outcome",
        "started",
        "makespan_s",
        "critical_path_s",
        "steps",
    ]
    assert document["started"] == "2026-01-01T10:00:00.250Z"
    assert (document["transition"], document["outcome"]) == ("warm", "succeeded")
    assert list(document["steps"][0]) == [
        "name",
        "kind",
        "needs",
        "queued_s",
        "started_s",
        "ended_s",
        "expected_s",
        "outcome",
        "critical",
    ]
    assert json.loads(json.dumps(document)) == document


def test_the_nodes_of_a_service_are_one_entry_that_needs_names() -> None:
    document = contract(warm())
    assert [row["name"] for row in document["steps"]] == ["build", "db", "api", "lint"]
    api = rows(document)["api"]
    assert (api["kind"], api["needs"]) == ("service", ["db", "build"])
    assert (api["started_s"], api["ended_s"]) == (4.2, 8.0)


def test_a_service_that_needs_others_begins_with_its_launch_and_another_with_its_preparation() -> (
    None
):
    entries = rows(contract(warm()))
    assert entries["api"]["started_s"] == 4.2
    assert entries["db"]["started_s"] == 0.0


def test_queued_is_the_time_from_eligible_to_started() -> None:
    entries = rows(contract(warm()))
    assert entries["api"]["queued_s"] == pytest.approx(0.2)
    assert entries["lint"]["queued_s"] == pytest.approx(4.5)
    assert entries["build"]["queued_s"] == 0.0


def test_the_critical_path_is_the_longest_chain_of_step_times() -> None:
    document = contract(warm())
    assert document["critical_path_s"] == pytest.approx(4.0 + 0.1 + 3.7)
    critical = {name for name, row in rows(document).items() if row["critical"]}
    assert critical == {"build", "api"}


def test_expected_times_add_up_over_the_nodes_and_are_null_where_nothing_was_learned() -> None:
    learned = {"start_api": {"expected_s": 0.5}, "ready_api": {"expected_s": 3.0}}
    entries = rows(contract(warm(**learned)))
    assert entries["api"]["expected_s"] == 3.5
    assert entries["build"]["expected_s"] is None


def test_a_service_fails_with_any_of_its_nodes() -> None:
    never = {"started_s": None, "eligible_s": None, "outcome": Outcome.SKIPPED}
    entries = rows(contract(warm(start_api={"outcome": Outcome.FAILED}, ready_api=never)))
    assert entries["api"]["outcome"] == "failed"
    assert entries["api"]["ended_s"] == 8.0


def test_what_never_started_has_no_times() -> None:
    never = {"started_s": None, "eligible_s": None, "outcome": Outcome.SKIPPED}
    lint = rows(contract(warm(task_lint=never)))["lint"]
    assert (lint["started_s"], lint["ended_s"], lint["queued_s"]) == (None, None, 0.0)
    assert (lint["outcome"], lint["critical"]) == ("skipped", False)
    assert contract(warm(task_lint=never))["steps"][-1]["name"] == "lint"


def test_what_still_runs_has_started_and_not_ended() -> None:
    entries = rows(contract(warm(ready_api={"ended_s": None, "outcome": Outcome.RUNNING})))
    assert (entries["api"]["started_s"], entries["api"]["ended_s"]) == (4.2, None)
    assert entries["api"]["outcome"] == "running"


def test_a_service_that_is_only_prepared_has_not_started() -> None:
    waits = {"started_s": None, "eligible_s": None, "ended_s": None, "outcome": Outcome.RUNNING}
    entries = rows(contract(warm(start_api=waits, ready_api=waits)))
    assert (entries["api"]["started_s"], entries["api"]["ended_s"]) == (None, None)


def test_a_halt_that_shares_its_name_with_a_service_goes_under_its_id() -> None:
    halt = StepTrace("halt:db", StepKind.HALT, "db", (), Outcome.SUCCEEDED)
    trace = warm()
    both = Trace(
        env=trace.env,
        transition=Transition.START,
        outcome=trace.outcome,
        started=trace.started,
        makespan_s=trace.makespan_s,
        steps=(halt, *trace.steps),
        slots=2,
    )
    names = [row["name"] for row in contract(both)["steps"]]
    assert "halt:db" in names
    assert len(names) == len(set(names))


def test_lost_time_is_that_of_the_chain_that_ended_last() -> None:
    late = {"start_api": {"spawned_s": 4.25}, "ready_api": {"detected_s": 0.5}}
    causes = lost(warm(**late))
    assert causes["chain"] == ["build", "api"]
    assert causes["queue_s"] == pytest.approx(0.2)
    assert causes["spawn_s"] == pytest.approx(0.05)
    assert causes["detection_s"] == pytest.approx(0.5)
    assert causes["other_s"] == pytest.approx(0.0)


def test_nothing_is_lost_where_nothing_ran() -> None:
    empty = Trace("e", Transition.WARM, Outcome.UNCHANGED, 0.0, 0.0, (), 2)
    assert lost(empty)["chain"] == []
    assert contract(empty)["critical_path_s"] == 0.0
    assert contract(empty)["steps"] == []


def test_in_a_chrome_trace_no_two_steps_overlap_in_a_row() -> None:
    document = chrome(warm())
    spans = [event for event in document["traceEvents"] if event["ph"] == "X"]
    assert {event["name"] for event in spans} == set(SPANS)
    for one in spans:
        for other in spans:
            if one is not other and one["tid"] == other["tid"]:
                apart = (
                    one["ts"] + one["dur"] <= other["ts"],
                    other["ts"] + other["dur"] <= one["ts"],
                )
                assert any(apart)
    (build,) = (event for event in spans if event["name"] == "task:build")
    assert (build["ts"], build["dur"], build["cat"]) == (0.0, 4e6, "task")
    assert build["args"]["critical"] is True
    assert json.loads(json.dumps(document)) == document


def test_a_chrome_trace_draws_what_still_runs_up_to_now() -> None:
    document = chrome(warm(ready_api={"ended_s": None, "outcome": Outcome.RUNNING}))
    (api,) = (event for event in document["traceEvents"] if event["name"] == "ready:api")
    assert api["dur"] == pytest.approx(3.7e6)


def plan() -> Plan:
    steps = []
    for key in SPANS:
        kind, target = key.split(":")
        slots = int(kind == "task")
        steps.append(
            Step(key, StepKind(kind), target, needs=NEEDS.get(key, ()), slots=slots, timeout_s=9.0)
        )
    return Plan(Transition.WARM, tuple(steps))


def test_a_preview_is_the_schedule_with_the_learned_times() -> None:
    expected = {key: ended_s - started_s for key, (_, started_s, ended_s) in SPANS.items()}
    document = preview(plan(), expected, 1, {})
    assert document["makespan_s"] == pytest.approx(7.8)
    assert document["critical_path_s"] == pytest.approx(7.8)
    entries = rows(document)
    assert entries["build"] == {
        "name": "build",
        "kind": "task",
        "needs": [],
        "expected_s": 4.0,
        "start_s": 0.0,
        "critical": True,
    }
    assert (entries["api"]["start_s"], entries["api"]["needs"]) == (4.0, ["db", "build"])
    assert entries["api"]["expected_s"] == pytest.approx(3.8)
    assert entries["lint"]["start_s"] == 4.0
    assert not entries["lint"]["critical"]


def test_a_preview_shows_no_time_for_what_was_never_measured() -> None:
    document = preview(plan(), {}, 2, {})
    assert {row["expected_s"] for row in document["steps"]} == {None}
    assert document["makespan_s"] > 0


def test_a_preview_of_nothing_is_empty() -> None:
    assert preview(Plan(Transition.WARM, ()), {}, 2, {}) == {
        "transition": "warm",
        "steps": [],
        "makespan_s": 0.0,
        "critical_path_s": 0.0,
    }
